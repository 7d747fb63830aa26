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
from tests import demo_document as demo

from .invented_text import TEXT, TYPOGRAPHIC_COUNT, describe

ROOT = Path(__file__).resolve().parents[2]
Kg = Callable[..., subprocess.CompletedProcess[str]]
QUOTE, OPEN, CLOSE, DASH = "\u2019", "\u201c", "\u201d", "\u2013"


@pytest.fixture
def document() -> SourceDocument:
    return describe()


@pytest.fixture
def copy() -> bytes:
    return TEXT.encode()


def test_the_licensed_copy_matches_every_segment_span_and_cue(shared: Path) -> None:
    (document,) = describe_documents(load_project(ROOT).dataset)
    found = check_copy(document, (shared / "source" / "source-text.txt").read_bytes())
    assert found.is_exact
    assert not list(find_span_mismatches(document, found))
    assert not list(find_cue_mismatches(document, found))
    assert (len(document.segments), len(document.spans), len(document.claims)) == (36, 71, 71)
    assert measure_span_share(document, found.text) > 0.99


def test_the_true_copy_matches_every_segment_span_and_cue(document: SourceDocument, copy: bytes) -> None:
    found = check_copy(document, copy)
    assert found.is_exact
    assert (len(document.segments), len(document.spans)) == (10, 2)
    assert not list(find_span_mismatches(document, found))
    assert not list(find_cue_mismatches(document, found))


def test_the_share_counts_visible_characters_inside_spans_only(document: SourceDocument) -> None:
    inside = len("Akitemayhelp") + len("Thestringisoftentooshort")
    visible = len("".join(TEXT.split()))
    assert measure_span_share(document, TEXT) == inside / visible
    assert measure_span_share(document, " \n") == 0.0


def test_the_two_equal_sentences_keep_their_own_places() -> None:
    """In the document of the project; its sentences are known by hash, no copy is needed."""
    (document,) = describe_documents(load_project(ROOT).dataset)
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
    assert found[0][:3] == (1, 26, 25)
    assert found[2][:3] == (3, 1, data.index(b"\r\n\r\n") + 2)


def test_every_straightened_quote_and_dash_is_named_with_its_byte(
    document: SourceDocument, copy: bytes
) -> None:
    text = copy.decode()
    straight = text.replace(QUOTE, "'").replace(OPEN, '"').replace(CLOSE, '"').replace(DASH, "-")
    changed = [i for i, (old, new) in enumerate(zip(text, straight, strict=True)) if old != new]
    found = places(document, straight.encode())
    assert len(found) == len(changed) == TYPOGRAPHIC_COUNT
    assert [len(straight[:i].encode()) for i in changed] == [byte for _, _, byte, _ in found]
    assert "S02 has U+002D where the text has U+2013" in found[0][3]
    assert "S03 has U+0027 where the text has U+2019" in found[2][3]


def test_a_copy_that_is_cut_off_says_where_it_ends(document: SourceDocument, copy: bytes) -> None:
    cut = copy.decode()[: document.segments[6].start + 4].encode()
    ends = [place for place in places(document, cut) if "ends before S08" in place[3]]
    assert [place[:3] for place in ends] == [(5, 51, len(cut))]
    ((_, _, _, differs),) = [place for place in places(document, cut) if "differs" in place[3]]
    assert differs == ("S07 differs somewhere in these 6 bytes and the copy ends here")
    (length,) = [what for *_, what in places(document, cut) if "the text has" in what]
    assert length == f"the text has {len(cut.decode())} characters, the document {len(TEXT)}"


def test_a_changed_word_names_its_sentence_and_no_other(document: SourceDocument) -> None:
    at = document.segments[4].start
    swapped = TEXT[: at + 3] + "x" + TEXT[at + 4 :]
    ((line, column, byte, what),) = places(document, swapped.encode())
    assert (line, column, byte) == (4, 38, len(TEXT[:at].encode()))
    assert what == "S05 differs somewhere in these 30 bytes"


def test_inserted_text_shifts_and_is_reported_once(document: SourceDocument) -> None:
    at = document.segments[7].start
    found = places(document, (TEXT[:at] + "Now. " + TEXT[at:]).encode())
    assert next(what for *_, what in found if "stands" in what) == (
        "S08 stands 5 characters later than its anchor"
    )
    assert len(found) == 2


def test_text_taken_away_is_told_from_text_added(document: SourceDocument) -> None:
    at = document.segments[7].start
    found = places(document, (TEXT[: at - 6] + TEXT[at:]).encode())
    assert [what for *_, what in found if "stands" in what] == [
        "S08 stands 6 characters earlier than its anchor"
    ]


def test_a_final_line_end_and_an_odd_blank_are_found(document: SourceDocument, copy: bytes) -> None:
    ((_, _, byte, what),) = places(document, copy + b"\n")
    assert byte == len(copy)
    assert what == f"the text has {len(TEXT) + 1} characters, the document {len(TEXT)}"
    gap = document.segments[1].end
    assert TEXT[gap] == " "
    ((line, column, byte, odd),) = places(document, (TEXT[:gap] + "\u00a0" + TEXT[gap + 1 :]).encode())
    assert odd == "U+00A0 stands between the segments"
    assert (line, column, byte) == (2, gap - 25, len(TEXT[:gap].encode()))


def test_a_blank_that_became_a_line_end_is_placed_at_the_first_segment(document: SourceDocument) -> None:
    """Only the hash of the whole differs; the blank itself cannot be told from its hash."""
    gap = document.segments[1].end
    changed = TEXT[:gap] + "\n" + TEXT[gap + 1 :]
    assert places(document, changed.encode()) == [
        (1, 1, 0, "a blank between segments differs from the document's")
    ]


@pytest.mark.parametrize(
    ("data", "place", "what"),
    [
        (b"", (1, 1, 0), "a different text"),
        (b"# A readme\n\nof something else entirely.\n" * 80, (1, 1, 0), "a different text"),
        (b"\x7fELF\x00\x00binary", (1, 5, 4), "zero byte"),
        (b"\x7fELF\nab\n\x00\x00", (3, 1, 8), "zero byte"),
        ("na\u00efve".encode("latin-1"), (1, 3, 2), "byte 0xef is not UTF-8"),
        ("one\ntwo\nna\u00efve".encode("latin-1"), (3, 3, 10), "byte 0xef is not UTF-8"),
    ],
)
def test_a_file_that_is_not_the_text_is_one_sentence(
    document: SourceDocument, data: bytes, place: tuple[int, int, int], what: str
) -> None:
    ((line, column, byte, said),) = places(document, data)
    assert what in said
    assert (line, column, byte) == place


def of_demo(settings: Settings, text: Path) -> dict[str, str]:
    """Return the environment of a command over the project with the demo leaflet, and a copy."""
    return {"KG_ROOT": str(settings.root), "KG_SOURCE_TEXT": str(text)}


def test_coverage_refuses_a_copy_that_differs(kg: Kg, demo_settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "copy.txt").write_bytes(b"\xef\xbb\xbf" + demo.TEXT.read_bytes())
    run = kg("coverage", **of_demo(demo_settings, tmp_path / "copy.txt"))
    assert run.returncode == 1
    assert f"{tmp_path / 'copy.txt'}:1:1: byte 0: a byte order mark" in run.stderr
    assert "Traceback" not in run.stderr


def test_check_and_build_hold_the_copy_against_the_anchors(
    kg: Kg, demo_settings: Settings, tmp_path: Path
) -> None:
    assert kg("check", **of_demo(demo_settings, demo.TEXT)).returncode == 0
    (tmp_path / "cut.txt").write_bytes(demo.TEXT.read_bytes()[:130])
    run = kg("build", **of_demo(demo_settings, tmp_path / "cut.txt"), KG_BUILD_DIR=str(tmp_path))
    assert run.returncode == 1
    assert "the copy ends before" in run.stderr
    assert not (tmp_path / "current").exists()


def test_a_copy_that_cannot_be_read_is_one_sentence(kg: Kg, tmp_path: Path) -> None:
    run = kg("coverage", "--source-text", str(tmp_path / "absent.txt"))
    assert run.returncode == 1
    assert "The copy cannot be read" in run.stderr
    assert "KG_SOURCE_TEXT" in run.stderr
    folder = kg("coverage", "--source-text", str(tmp_path))
    assert "None of the 0 text files here is a copy of a document." in folder.stderr


def test_a_cue_or_a_span_that_the_copy_does_not_bear_out_is_placed_in_its_file(project: Path) -> None:
    demo.add_demo_document(project)
    path = project / "data" / "claims" / "demo" / "01-tiredness.ttl"
    text = path.read_text("utf-8")
    old, moved = 'kg:cue "often"', "oa:start 111"
    assert old in text
    assert moved in text
    path.write_text(text.replace(old, 'kg:cue "may cure"').replace(moved, "oa:start 112"), "utf-8")
    with pytest.raises(InvalidFiles) as caught:
        check_project(Settings(root=project, source_text=demo.TEXT))
    found = {
        (m.location, m.message.split(" ", 2)[1], m.line)
        for m in caught.value.mistakes
        if "is not in the span" in m.message or "hash" in m.message
    }
    lines = path.read_text("utf-8").splitlines()
    name = "data/claims/demo/01-tiredness.ttl"
    assert {(where, what) for where, what, _ in found} == {(name, "cue"), (name, "characters")}
    for _, what, line in found:
        assert lines[line - 1].startswith("claim:demo-S02-1" if what == "cue" else "span:demo-S02-2")
