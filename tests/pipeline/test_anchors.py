"""A reader's copy against the anchors: what differs is reported with line, column and byte."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kg.build.building import check_project
from kg.build.loading import load_project
from kg.build.reader_copy import describe_documents
from kg.errors import InvalidFiles
from kg.model.source_documents import SourceDocument
from kg.settings import Settings
from kg.texts.anchors import check_copy, find_cue_mismatches, find_span_mismatches
from kg.texts.text_coverage import measure_span_share

ROOT = Path(__file__).resolve().parents[2]
Kg = Callable[..., subprocess.CompletedProcess[str]]
QUOTE, OPEN, CLOSE, DASH = "\u2019", "\u201c", "\u201d", "\u2013"


@pytest.fixture(scope="module")
def document() -> SourceDocument:
    (found,) = describe_documents(load_project(ROOT).dataset)
    return found


@pytest.fixture(scope="module")
def copy(shared: Path) -> bytes:
    return (shared / "source" / "source-text.txt").read_bytes()


def test_the_true_copy_matches_every_segment_span_and_cue(document: SourceDocument, copy: bytes) -> None:
    found = check_copy(document, copy)
    assert found.is_exact
    assert not list(find_span_mismatches(document, found))
    assert not list(find_cue_mismatches(document, found))
    assert (len(document.segments), len(document.spans), len(document.claims)) == (36, 71, 71)
    assert measure_span_share(document, found.text) > 0.99


def test_the_two_equal_sentences_keep_their_own_places(document: SourceDocument) -> None:
    first, second = (next(s for s in document.segments if s.notation == name) for name in ("S06", "S15"))
    assert first.sha256 == second.sha256
    assert (first.start, second.start) == (409, 1328)


def places(document: SourceDocument, data: bytes) -> list[tuple[int, int, int, str]]:
    return [(m.line, m.column, m.byte_offset, m.message) for m in check_copy(document, data).mismatches]


def test_a_byte_order_mark_is_named(document: SourceDocument, copy: bytes) -> None:
    assert places(document, b"\xef\xbb\xbf" + copy) == [(1, 1, 0, "a byte order mark of 3 bytes")]


def test_every_carriage_return_is_named_with_its_byte(document: SourceDocument, copy: bytes) -> None:
    data = copy.replace(b"\n", b"\r\n")
    found = places(document, data)
    assert len(found) == copy.count(b"\n")
    assert all(data[byte : byte + 1] == b"\r" for _, _, byte, _ in found)
    assert found[0][:3] == (1, 28, 27)


def test_every_straightened_quote_and_dash_is_named_with_its_byte(
    document: SourceDocument, copy: bytes
) -> None:
    text = copy.decode()
    straight = text.replace(QUOTE, "'").replace(OPEN, '"').replace(CLOSE, '"').replace(DASH, "-")
    changed = [i for i, (old, new) in enumerate(zip(text, straight, strict=True)) if old != new]
    found = places(document, straight.encode())
    assert len(found) == len(changed) == 8
    assert [len(straight[:i].encode()) for i in changed] == [byte for _, _, byte, _ in found]
    assert "has U+0027 where the text has U+2019" in found[0][3]


def test_a_copy_that_is_cut_off_says_where_it_ends(document: SourceDocument, copy: bytes) -> None:
    found = places(document, copy[:2000])
    assert any("ends before S22" in what and byte == 2000 for _, _, byte, what in found)
    assert any("the text has" in what for _, _, _, what in found)


def test_a_changed_word_names_its_sentence_and_no_other(document: SourceDocument, copy: bytes) -> None:
    text = copy.decode()
    at = document.segments[9].start
    swapped = text[: at + 3] + ("x" if text[at + 3] != "x" else "y") + text[at + 4 :]
    ((line, column, _, what),) = places(document, swapped.encode())
    assert (line, column) == (11, 145)
    assert what.startswith("S10 differs somewhere")


def test_inserted_text_shifts_and_is_reported_once(document: SourceDocument, copy: bytes) -> None:
    at = document.segments[12].start
    text = copy.decode()
    found = places(document, (text[:at] + "Now. " + text[at:]).encode())
    assert next(what for _, _, _, what in found) == "S13 stands 5 characters later than its anchor"
    assert len(found) == 2


def test_a_final_line_end_and_an_odd_blank_are_found(document: SourceDocument, copy: bytes) -> None:
    ((_, _, byte, what),) = places(document, copy + b"\n")
    assert (byte, what) == (3305, "the text has 3289 characters, the document 3288")
    text = copy.decode()
    gap = document.segments[4].end
    assert text[gap] == " "
    ((_, _, _, odd),) = places(document, (text[:gap] + "\u00a0" + text[gap + 1 :]).encode())
    assert odd == "U+00A0 stands between the segments"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "a different text"),
        (b"# A readme\n\nof something else entirely.\n" * 80, "a different text"),
        (b"\x7fELF\x00\x00binary", "zero byte"),
        ("naïve".encode("latin-1"), "is not UTF-8"),
    ],
)
def test_a_file_that_is_not_the_text_is_one_sentence(
    document: SourceDocument, data: bytes, what: str
) -> None:
    ((line, _, byte, said),) = places(document, data)
    assert what in said
    assert line == 1
    assert byte >= 0


def test_coverage_refuses_a_copy_that_differs(kg: Kg, copy: bytes, tmp_path: Path) -> None:
    (tmp_path / "copy.txt").write_bytes(b"\xef\xbb\xbf" + copy)
    run = kg("coverage", "--source-text", str(tmp_path / "copy.txt"))
    assert run.returncode == 1
    assert f"{tmp_path / 'copy.txt'}:1:1: byte 0: a byte order mark" in run.stderr
    assert "Traceback" not in run.stderr


def test_check_and_build_hold_the_copy_against_the_anchors(kg: Kg, shared: Path, tmp_path: Path) -> None:
    text = shared / "source" / "source-text.txt"
    assert kg("check", KG_SOURCE_TEXT=str(text)).returncode == 0
    (tmp_path / "cut.txt").write_bytes(text.read_bytes()[:3000])
    run = kg("build", "--source-text", str(tmp_path / "cut.txt"), KG_BUILD_DIR=str(tmp_path))
    assert run.returncode == 1
    assert "the copy ends before" in run.stderr
    assert not (tmp_path / "current").exists()


@pytest.mark.parametrize("name", ["absent.txt", "."])
def test_a_copy_that_cannot_be_read_is_one_sentence(kg: Kg, tmp_path: Path, name: str) -> None:
    run = kg("coverage", "--source-text", str(tmp_path / name))
    assert run.returncode == 1
    assert "The copy cannot be read" in run.stderr
    assert "KG_SOURCE_TEXT" in run.stderr


def test_a_cue_or_a_span_that_the_copy_does_not_bear_out_is_placed_in_its_file(
    project: Path, shared: Path
) -> None:
    path = project / "data" / "claims" / "02-refractory.ttl"
    text = path.read_text("utf-8")
    old = 'kg:cue "may be an option"'
    assert old in text
    path.write_text(text.replace(old, 'kg:cue "may cure"').replace("oa:start 576", "oa:start 577"), "utf-8")
    with pytest.raises(InvalidFiles) as caught:
        check_project(Settings(root=project, source_text=shared / "source" / "source-text.txt"))
    found = {
        (m.location, m.message.split(" ", 2)[1])
        for m in caught.value.mistakes
        if "is not in the span" in m.message or "hash" in m.message
    }
    assert found == {
        ("data/claims/02-refractory.ttl", "cue"),
        ("data/claims/02-refractory.ttl", "characters"),
    }
    assert all(mistake.line > 100 for mistake in caught.value.mistakes)
