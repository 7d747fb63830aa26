"""Text files: one sentence for what cannot be read, and files replaced completely or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg.errors import BadData
from kg.text_files import NotUtf8Text, clean_parser_message, read_text, write_atomically


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfa\n")
    assert read_text(tmp_path / "a") == "a\n"


@pytest.mark.parametrize(
    ("data", "line", "sentence"),
    [
        (b"a\nb\0", 2, "The file contains a zero byte and is not UTF-8 text."),
        (b"a\n\nb\xff", 3, "The file contains a byte that is not UTF-8."),
    ],
)
def test_bytes_that_are_no_text_have_a_line_and_what_can_be_read_is_kept(
    tmp_path: Path, data: bytes, line: int, sentence: str
) -> None:
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(NotUtf8Text) as caught:
        read_text(tmp_path / "a", "data/a")
    assert (caught.value.location, caught.value.line, caught.value.message) == ("data/a", line, sentence)
    assert caught.value.salvaged_text.startswith("a\n")


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="cannot be read"):
        read_text(tmp_path / "nowhere")


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a"
    with write_atomically(path) as partial:
        partial.write_text("old")
    with contextlib.suppress(OSError), write_atomically(path) as partial:
        partial.write_text("ne")
        raise OSError("full")
    assert path.read_text() == "old"
    assert os.listdir(path.parent) == ["a"]


def test_a_folder_appears_whole_and_does_not_replace_another(tmp_path: Path) -> None:
    path = tmp_path / "index"
    for content in ("first", "second"):
        with write_atomically(path) as partial:
            partial.mkdir()
            assert path.exists() == (content == "second")
            (partial / "a").write_text(content)
    assert (path / "a").read_text() == "first"
    assert os.listdir(tmp_path) == ["index"]


@pytest.mark.parametrize("form", [ox.RdfFormat.TURTLE, ox.RdfFormat.N_TRIPLES])
def test_a_message_of_the_parser_has_no_position_twice(form: ox.RdfFormat) -> None:
    with pytest.raises(SyntaxError) as caught:
        list(ox.parse(b"<http://a> <http://b> .\n", format=form))
    message = clean_parser_message(caught.value)
    assert message
    assert "Parser error" not in message
    assert "\n" not in message
    assert not message.endswith(".")
