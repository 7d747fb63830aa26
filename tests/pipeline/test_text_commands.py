"""`kg text`: a text becomes segments, positions, drafts and claims; an edited text says what it touches."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from kg.build.building import check_project
from kg.build.claim_files import format_claims_file
from kg.build.derived_claims import read_table
from kg.build.loading import load_project
from kg.build.reader_copy import read_lexicon
from kg.build.turtle_files import read_turtle
from kg.errors import BadData, InvalidFiles
from kg.model.graphs import ASSERTED
from kg.model.triple_index import TripleIndex
from kg.settings import Settings
from kg.texts.claim_wording import WordingReader
from kg.texts.draft_vocabulary import DraftVocabulary
from kg.texts.drafting import Drafter
from kg.texts.segmentation import (
    SegmentRow,
    align_segments,
    decode_source_text,
    locate_words,
    number_words,
    segment_text,
)
from tests import demo_document as demo
from tests.pipeline.conftest import Kg

PAGE = """Tea and rest

What is this leaflet about?

It was written for the tests. Nothing in it, e.g. this, is medicine.

Treatment of tiredness may include the following:
- Short walks.
- Rest. Some people nap.
Talk to someone.

Nothing follows
"""


def test_headings_lead_ins_list_items_and_sentences_are_told_apart() -> None:
    rows = segment_text(PAGE, "tea-")
    found = [(row.kind, PAGE[row.start : row.end], row.governor) for row in rows]
    assert found == [
        ("heading", "Tea and rest", ""),
        ("heading (question)", "What is this leaflet about?", ""),
        ("sentence", "It was written for the tests.", ""),
        ("sentence", "Nothing in it, e.g. this, is medicine.", ""),
        ("lead-in", "Treatment of tiredness may include the following:", ""),
        ("list item", "- Short walks.", "tea-S05"),
        ("list item", "- Rest.", "tea-S05"),
        ("list item", "Some people nap.", "tea-S05"),
        ("sentence", "Talk to someone.", ""),
        ("heading", "Nothing follows", ""),
    ]
    assert [row.segment for row in rows][-1] == "tea-S10"
    assert [row.line for row in rows][4:8] == [7, 8, 9, 9]


def test_the_licensed_text_is_cut_as_its_curators_did(root: Path, shared: Path) -> None:
    text = (shared / "source" / "source-text.txt").read_bytes().decode("utf-8")
    kept = [row for _, row in read_table(root / "data/sources/rrall-2014/segments.tsv", root, SegmentRow)]
    made = segment_text(text, "")
    assert [(r.segment, r.line, r.start, r.length, r.sha256) for r in made] == [
        (r.segment, r.line, r.start, r.length, r.sha256) for r in kept
    ]


def test_an_edited_text_keeps_the_names_of_what_is_still_in_it() -> None:
    old = segment_text(PAGE, "tea-")
    edited = PAGE.replace("Talk to", "You may talk to").replace("It was", "A new line. It was")
    edited = edited.replace("Some people nap.", "").replace("Nothing follows\n", "")
    rows, changes = align_segments(old, segment_text(edited, "tea-"), "tea-", ["tea-S12-1", "S99-1"])
    states = {change.segment: change.state for change in changes}
    assert states["tea-S01"] == "same"
    assert states["tea-S04"] == "moved"
    assert states["tea-S13"] == "new"  # a claim once had the number before
    assert {name for name, state in states.items() if state == "gone"} == {"tea-S09", "tea-S10"}
    assert states["tea-S08"] == "changed"  # the first that differs, paired in order; a person reads it again
    assert [row.governor for row in rows if row.kind == "list item"] == ["tea-S05", "tea-S05"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "The file is empty."),
        (b"%PDF-1.7\n...", "This is a PDF, not plain text."),
        (b"<!DOCTYPE html><p>Tea</p>", "This is HTML, not plain text."),
        (b"\xef\xbb\xbfTea.", "begins with a byte order mark. Save it as UTF-8 without the mark."),
        ("Tea.".encode("utf-16"), "This is UTF-16 or a binary file"),
        (b"Tea.\r\nRest.", "has carriage returns"),
        ("Tea.\nCafé.".encode("latin-1"), "page.txt:2: The byte 0xe9 is not UTF-8."),
        (b"a" * 5_000_000, "page.txt:1: This line has 5000000 characters."),
    ],
)
def test_what_is_not_a_plain_text_is_one_sentence(data: bytes, says: str) -> None:
    with pytest.raises(BadData) as caught:
        decode_source_text(data, "page.txt")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.hint


def test_words_are_counted_between_blanks_and_the_last_mark_is_left_out() -> None:
    text = "Walks may help (a little), or not."
    assert locate_words(text, "2-5") == (6, 25)
    assert locate_words(text, "") == (0, len(text))
    assert number_words(text, 6, 25) == "2-5"
    assert number_words(text, 0, len(text)) == ""
    for words, says in (("0-2", "has 7"), ("3-9", "has 7"), ("x", "not a range")):
        with pytest.raises(ValueError, match=says):
            locate_words(text, words)
    with pytest.raises(ValueError, match="not whole words"):
        number_words(text, 7, 25)


def test_claims_are_a_few_lines_in_canonical_form(root: Path) -> None:
    for path in sorted((root / "data" / "claims").glob("**/*.ttl")):
        text = path.read_text("utf-8")
        claims: dict[str, list[object]] = {}
        for triple in read_turtle(path, path.name).triples:
            claims.setdefault(str(triple.subject)[1:-1], []).append(triple)
        comment = text.split("\n")[0].removeprefix("# ")
        assert format_claims_file(comment, claims.items()) == text  # type: ignore[arg-type]
        blocks = [block for block in text.split("\n\n") if "claim:" in block.split(" ")[0]]
        assert max(block.strip().count("\n") + 1 for block in blocks) <= 8, path.name


def test_a_position_that_is_missing_or_of_other_words_is_reported_where_the_claim_is(project: Path) -> None:
    claims = project / "data" / "claims" / "02-refractory.ttl"
    claims.write_text(claims.read_text("utf-8").replace('kg:atWords "1-17"', 'kg:atWords "1-16"'), "utf-8")
    spans = project / "data" / "sources" / "rrall-2014" / "spans.tsv"
    rows = spans.read_text("utf-8").splitlines(keepends=True)
    spans.write_text(
        "".join(row for row in rows if not row.startswith("S06-1\t")) + rows[-1].replace("S36-1", "S99-9"),
        "utf-8",
    )
    with pytest.raises(InvalidFiles) as caught:
        check_project(Settings(root=project))
    found = str(caught.value).splitlines()
    assert len(found) == 3  # nothing that follows from them
    hint = "Run `kg text locate --source-text FILE` with your copy of its text."
    line = next(n for n, text in enumerate(claims.read_text("utf-8").splitlines(), 1) if '"1-16"' in text)
    first = next(
        n for n, text in enumerate(claims.read_text("utf-8").splitlines(), 1) if "claim:S06-1 a" in text
    )
    where = f"data/claims/02-refractory.ttl:{line}:3"
    assert f"{where}: claim:S05-1 has no position for the words it names. {hint}" in found
    assert (
        f"data/claims/02-refractory.ttl:{first}:1: claim:S06-1 has no position for the words it names. {hint}"
        in found
    )
    assert any(
        "spans.tsv" in each and "There is no claim:S99-9 that needs these positions." in each
        for each in found
    )


@pytest.fixture
def leaflet(project: Path, tmp_path: Path, kg: Kg) -> tuple[Path, dict[str, str]]:
    """Return the project with concepts for the leaflet, and settings for its copy; the text was added."""
    shutil.copy(demo.FOLDER / "concepts" / "demo.ttl", project / "data" / "concepts")
    shutil.copy(demo.FOLDER / "lexicon" / "demo.tsv", project / "data" / "lexicon")
    with (project / "data" / "mappings" / "unmapped.tsv").open("a", encoding="utf-8") as stream:
        stream.write((demo.FOLDER / "unmapped.tsv").read_text("utf-8"))
    copies = tmp_path / "copies"
    copies.mkdir()
    shutil.copy(demo.TEXT, copies / "leaflet.txt")
    given = {
        "KG_ROOT": str(project), "KG_BUILD_DIR": str(tmp_path / "b"), "KG_SOURCE_TEXT": str(copies)
    }  # fmt: skip
    dates = ("--revised", "2026-01-02", "--revised-printed", "2 January 2026")
    title = ("--title", "Leaflet on tiredness", "--subject", "dis:ALL")
    run = kg("text", "add", str(copies / "leaflet.txt"), "--name", "leaflet", *title, *dates, **given)
    assert (run.returncode, run.stdout) == (0, "leaflet: 3 segments (3 sentence).\n"), run.stderr
    return project, given


def test_the_recipe_leads_from_a_text_to_a_checked_graph(
    leaflet: tuple[Path, dict[str, str]], kg: Kg
) -> None:
    """The five lines of CONTRIBUTING, with drafts accepted, amended and rejected."""
    project, given = leaflet
    kg("text", "set-aside", "leaflet", "leaflet-S03", "--because", "A remark of the printer.", **given)
    drafted = kg("text", "draft", "leaflet", **given)
    assert drafted.stdout == kg("text", "draft", "leaflet", **given).stdout
    path = Path(given["KG_BUILD_DIR"]) / "drafts" / "leaflet.json"
    drafts = {draft["segment"]: draft for draft in json.loads(path.read_text("utf-8"))["drafts"]}
    assert list(drafts) == ["leaflet-S01", "leaflet-S02"]
    slots = {slot["property"]: (slot["value"], slot["sure"]) for slot in drafts["leaflet-S01"]["slots"]}
    assert slots["appliesTo"] == ("sit:DemoTired", "sure")
    assert slots["offersToAll"] == ("int:DemoShortWalks", "sure")
    assert (slots["hasHedge"][0], slots["cue"][0]) == ("hedge:HELP-may", "may help")
    assert slots["conditionCue"][0] == "who are tired"
    assert all(slot["why"] for draft in drafts.values() for slot in draft["slots"])

    label = ("--label", "Short walks can do some good.")
    accepted = kg("text", "accept", "leaflet", drafts["leaflet-S01"]["id"], *label, **given)
    assert accepted.stdout == "claim:leaflet-S01-1\n", accepted.stderr
    again = kg("text", "accept", "leaflet", drafts["leaflet-S01"]["id"], **given)
    assert "leaflet has no draft" in again.stderr
    kg("text", "reject", "leaflet", drafts["leaflet-S02"]["id"], "--because", "Only half of it.", **given)
    assert kg("text", "draft", "leaflet", **given).stdout == "0 drafts, 0 proposals for concepts.\n"

    claims = project / "data" / "claims" / "leaflet"
    with (claims / "accepted.ttl").open("a", encoding="utf-8") as stream:
        stream.write(AMENDED)
    assert kg("text", "locate", **given).stdout == "leaflet: 3 claims placed.\n"
    checked = kg("check", **given)
    assert checked.returncode == 0, checked.stderr
    assert kg("check", **(given | {"KG_SOURCE_TEXT": str(demo.TEXT)})).returncode == 0


AMENDED = """
@prefix feat: <https://w3id.org/rrall-kg/feature/> .
claim:leaflet-S02-1 a kg:Claim, kg:PracticeClaim ; rdfs:label "Rest is often recommended in relapse."@en ;
  kg:atWords "1-10" ; kg:appliesTo sit:DemoTiredRelapse ; kg:reportsPractice int:DemoRest ;
  kg:hasHedge hedge:PRAC-often ; kg:cue "often" ; kg:conditionCue "After a relapse" ;
  kg:featureFromDocument feat:ALL, feat:adult ; kg:scopeNote "The first sentence names it."@en .
claim:leaflet-S02-2 a kg:Claim, kg:CautionClaim ; rdfs:label "Walks have a lower chance there."@en ;
  kg:atWords "12-17" ; kg:appliesTo sit:DemoTiredRelapse ; kg:discounts int:DemoShortWalks ;
  kg:hasHedge hedge:HELP-lesslikely ; kg:cue "less likely to work" ;
  kg:featureFromDocument feat:ALL, feat:adult ; kg:scopeNote "The first sentence names it."@en .
"""


def test_an_edited_text_names_the_claims_to_read_again(leaflet: tuple[Path, dict[str, str]], kg: Kg) -> None:
    project, given = leaflet
    copy = Path(given["KG_SOURCE_TEXT"]) / "leaflet.txt"
    kg("text", "draft", "leaflet", **given)
    path = Path(given["KG_BUILD_DIR"]) / "drafts" / "leaflet.json"
    drafts = {draft["segment"]: draft["id"] for draft in json.loads(path.read_text("utf-8"))["drafts"]}
    kg("text", "accept", "leaflet", *drafts.values(), **given)
    copy.write_text("A new line.\n" + copy.read_text("utf-8").replace("are often", "are very often"), "utf-8")

    added = kg("text", "add", str(copy), "--name", "leaflet", **given)
    assert added.stdout.splitlines()[1:] == [
        "1 changed, 2 moved, 1 new.",
        "  leaflet-S02 changed",
        "  leaflet-S04 new",
        "Read claim:leaflet-S02-1 again (leaflet-S02 changed), then run kg text locate.",
    ]
    spans = (project / "data" / "sources" / "leaflet" / "spans.tsv").read_text("utf-8")
    assert "leaflet-S01-1\titem\t\t12\t51\t" in spans
    assert "leaflet-S02-1" not in spans
    assert "claim:leaflet-S02-1 has no position" in kg("check", **given).stderr
    assert "older text" in kg("text", "accept", "leaflet", "0", **given).stderr
    other = kg("text", "add", str(demo.ROOT / "LICENSE"), "--name", "leaflet", **given)
    assert "segments of leaflet are in this file: it is another text. Choose another --name" in other.stderr
    same = kg(
        "text", "add", str(copy), "--name", "leaflet-two", "--title", "x", "--undated-because", "x", **given
    )
    assert "This text is the document leaflet already." in same.stderr


def test_a_copy_is_found_among_several_by_its_content_or_its_name(
    demo_settings: object, kg: Kg, tmp_path: Path
) -> None:
    given = {"KG_ROOT": str(demo_settings.root), "KG_BUILD_DIR": str(demo_settings.build_dir)}  # type: ignore[attr-defined]
    (tmp_path / "notes.txt").write_text("Nothing of this is a source.", "utf-8")
    shutil.copy(demo.TEXT, tmp_path / "any-name.txt")
    named = f"{tmp_path / 'notes.txt'}:{tmp_path / 'any-name.txt'}"
    for where in (str(tmp_path), named):
        run = kg("coverage", "--document", "demo", "--source-text", where, **given)
        assert "of the visible characters are inside" in run.stdout, run.stderr
    (tmp_path / "any-name.txt").unlink()
    none = kg(
        "coverage", "--source-text", str(tmp_path / "notes.txt") + ":" + str(tmp_path / "notes.txt"), **given
    )
    assert (
        "None of the 2 text files here is a copy of a document. Name a copy after its document" in none.stderr
    )
    (tmp_path / "demo.txt").write_bytes(demo.TEXT.read_bytes()[:130])
    assert "the copy ends before" in kg("coverage", "--source-text", str(tmp_path), **given).stderr


LEAFLET = """Adults with relapsed ALL

In relapsed ALL the following may be used:
- Chemotherapy, in certain patients.
- Radiation (Raydo).
A clinical trial of blinatumomab is open to adults with relapsed ALL.
Chemotherapy may be used in relapsed ALL unless the family decides after talks with all that it should stop.
Imatinib comes in a box.
"""


def test_no_draft_says_more_than_its_words(root: Path) -> None:
    """A hedge of the lead-in reaches its items; what restricts is never drafted as an offer to all."""
    concepts = TripleIndex(load_project(root).dataset.graphs[ASSERTED])
    lexicon, forms = read_lexicon(root, concepts)
    vocabulary = DraftVocabulary.from_concepts(concepts, WordingReader(concepts, forms))
    drafts = list(Drafter(segment_text(LEAFLET, ""), LEAFLET, vocabulary, lexicon).draft_claims())
    found = {
        (draft.segment, slot.property, slot.value): draft for draft in drafts for slot in draft.slots
    }  # fmt: skip
    assert found["S03", "offersIf", "int:Chemotherapy"].governor == "S02"
    assert found["S03", "offersIf", "int:Chemotherapy"].list_values("prerequisiteCue") == ["certain"]
    assert found["S03", "appliesTo", "sit:RelapsedALL"].list_values("cue") == ["may be used"]
    assert found["S04", "offersToAll", "int:Radiation"].list_values("hasHedge") == ["hedge:OPT-may"]
    assert found["S04", "nameGiven", "Raydo"].words == "2-3"
    assert ("S05", "reportsStudy", "int:Blinatumomab") in found
    assert ("S06", "offersIf", "int:Chemotherapy") in found
    assert not any(segment == "S07" for segment, *_ in found)
    assert not any(property_.startswith("offers") for segment, property_, _ in found if segment == "S05")
