"""The data against the written inventory: every segment, every row, every hedge, every anchor."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyoxigraph import QuerySolutions, Store

from tests.model.conftest import _PREFIXES, Ask

Rows = Callable[[str], list[tuple[str, ...]]]

#: claims a sentence, in order from S1; S2 is set aside.
CLAIMS_A_SENTENCE = (
    *(1, 0, 3, 1, 5, 2, 1, 1, 3, 2, 3, 1, 2, 1, 2, 3, 3, 1),
    *(2, 1, 1, 2, 3, 2, 3, 1, 1, 2, 6, 3, 2, 2, 1, 2, 1, 1),
)
ROW_IDS = [
    f"S{sentence:02}-{index}"
    for sentence, count in enumerate(CLAIMS_A_SENTENCE, start=1)
    for index in range(1, count + 1)
]
_POLARITY = {"+": "positive", "\N{MINUS SIGN}": "negative", "0": "neutral"}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the inventory: types, hedge grades after the arrow, and polarity."""

    types: frozenset[str]
    grades: frozenset[str]
    polarity: str


@pytest.fixture(scope="session")
def rows(everything: Store) -> Rows:
    """Return a function that runs a SELECT and gives its rows as text, IRIs by local name."""

    def select(query: str) -> list[tuple[str, ...]]:
        found = everything.query(_PREFIXES + query)
        assert isinstance(found, QuerySolutions)
        return [tuple(re.sub(r"^https?://\S*[/#]", "", each.value) for each in row) for row in found]

    return select


@pytest.fixture(scope="session")
def inventory(shared: Path) -> dict[str, Row]:
    """Return the rows of the written inventory by claim id."""
    text = (shared / "source" / "claims.md").read_text("utf-8")
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("| \n").split(" | ")]
        if match := re.match(r"^S(\d+)\.(\d+)$", cells[0]):
            grades = re.findall(r"→ ([A-Za-z]+(?:-[a-z]+(?:\(later\))?)?)", line)
            known = {grade.replace("(later)", "-later") for grade in grades if grade.split("-")[0].isupper()}
            found[f"S{int(match[1]):02}-{match[2]}"] = Row(
                frozenset(re.findall(r"[A-Z]{2,}", cells[1])), frozenset(known), _POLARITY[cells[-1]]
            )
    return found


@pytest.fixture(scope="session")
def text(shared: Path) -> str:
    """Return the reader's copy, newlines untouched."""
    return (shared / "source" / "source-text.txt").read_bytes().decode("utf-8")


def test_there_are_36_segments_and_71_claims(rows: Rows) -> None:
    assert len(CLAIMS_A_SENTENCE) == 36
    assert len(ROW_IDS) == 71
    sentences = rows("SELECT ?s { ?s a kg:Sentence ; kg:inDocument doc:rrall-2014 }")
    assert sorted(name for (name,) in sentences) == [f"S{number:02}" for number in range(1, 37)]
    assert sorted(name for (name,) in rows("SELECT ?c { ?c a kg:Claim }")) == ROW_IDS


@pytest.mark.parametrize("row", ROW_IDS)
def test_each_row_is_a_claim_of_its_sentence_with_hedge_cue_and_span(ask: Ask, row: str) -> None:
    assert ask(
        f"claim:{row} a kg:Claim ; kg:hasHedge ?h ; kg:cue ?c ; kg:polarity ?p ; kg:scopeBasis ?b ; "
        f"rdfs:label ?l ; kg:hasSourceSpan span:{row} . "
        f"span:{row} kg:inSentence sent:{row[:3]} ; oa:hasSource doc:rrall-2014 . "
        "?h a kg:Hedge . ?p a kg:Polarity . ?b a kg:ScopeBasis"
    )


@pytest.mark.parametrize("number", range(1, 37))
def test_each_segment_is_claimed_or_set_aside(ask: Ask, number: int) -> None:
    claimed = ask(f"?claim kg:hasSourceSpan/kg:inSentence sent:S{number:02}")
    aside = ask(f"sent:S{number:02} kg:setAsideBecause ?reason")
    assert claimed != aside
    assert aside == (number == 2)


def test_the_rows_of_the_inventory_are_the_claims(inventory: dict[str, Row]) -> None:
    assert sorted(inventory) == ROW_IDS


def test_types_are_those_of_the_inventory(inventory: dict[str, Row], rows: Rows) -> None:
    ours: dict[str, set[str]] = {}
    for claim, kind in rows("SELECT ?c ?t { ?c a kg:Claim ; kg:inventoryType ?t }"):
        ours.setdefault(claim, set()).add(kind)
    assert ours == {row: set(entry.types) for row, entry in inventory.items()}


def test_a_paraphrase_says_may_where_the_text_says_may(rows: Rows) -> None:
    found = rows('SELECT ?c ?l { ?c kg:cue ?cue ; rdfs:label ?l FILTER (STRSTARTS(?cue, "may ")) }')
    assert len(found) == 25
    assert [claim for claim, label in found if re.search(r"\bcan (?!be reached)", label)] == []


def test_polarity_is_that_of_the_inventory(inventory: dict[str, Row], rows: Rows) -> None:
    ours = {c: p for c, p in rows("SELECT ?c ?p { ?c a kg:Claim ; kg:polarity ?p }")}
    assert ours == {row: entry.polarity for row, entry in inventory.items()}


def test_each_grade_of_the_inventory_is_a_hedge_of_the_claim(inventory: dict[str, Row], rows: Rows) -> None:
    ours: dict[str, set[str]] = {}
    for claim, hedge in rows("SELECT ?c ?h { ?c a kg:Claim ; kg:hasHedge|kg:outcomeHedge ?h }"):
        ours.setdefault(claim, set()).add(hedge)
    missing = {row: entry.grades - ours[row] for row, entry in inventory.items() if entry.grades - ours[row]}
    assert sum(len(entry.grades) for entry in inventory.values()) >= 35
    assert missing == {}


@pytest.mark.parametrize(
    ("claim", "feature"),
    [
        ("S07-1", "remissionWithinReach"),
        ("S18-1", "secondRemissionWithinReach"),
        ("S18-1", "transplantPossible"),
        ("S20-1", "transplantNotAnOption"),
        ("S29-1", "painNotHelpedByFirstStep"),
    ],
)
def test_rows_with_a_prerequisite_have_it(ask: Ask, claim: str, feature: str) -> None:
    assert ask(f"claim:{claim} kg:hasPrerequisite feat:{feature} ; kg:prerequisiteCue ?cue")


def test_provisos_are_kept(rows: Rows) -> None:
    found = rows("SELECT ?c ?f ?cue { ?c kg:hasProviso ?f ; kg:provisoCue ?cue } ORDER BY ?c")
    assert found == [
        ("S18-1", "transplantPossible", "if possible"),
        ("S33-1", "infection", "that occur"),
    ]


@pytest.mark.parametrize("number", range(1, 15))
def test_each_decision_is_recorded_and_used(ask: Ask, number: int) -> None:
    assert ask(
        f"decision:A{number} kg:chosenReading ?r ; kg:curatorType ?t . "
        f"?c kg:hasCuratorDecision decision:A{number}"
    )


@pytest.mark.parametrize("number", range(1, 14))
def test_each_relation_is_represented_or_declined(ask: Ask, number: int) -> None:
    assert ask(f"rel:X{number} kg:relationFrom ?x ; kg:representedBy|kg:declinedBecause ?said")


def test_the_misprinted_brand_stands_beside_the_right_one(ask: Ask) -> None:
    assert ask('int:Blinatumomab kg:sourceSpelling "Blinocyt" ; kg:brandName "Blincyto" ; skos:note ?note')
    assert ask('claim:S06-2 kg:nameGiven "Blinocyt" . claim:S15-2 kg:nameGiven "Blinocyt"')


def test_the_document_is_the_readers_text(rows: Rows, text: str) -> None:
    found = rows("SELECT ?h ?b ?c { doc:rrall-2014 kg:sha256 ?h ; kg:byteLength ?b ; kg:characterLength ?c }")
    data = text.encode()
    assert found == [(hashlib.sha256(data).hexdigest(), str(len(data)), str(len(text)))]


def test_segments_match_the_text(rows: Rows, text: str) -> None:
    found = rows(
        "SELECT ?s ?a ?b ?n ?h { ?s a kg:Sentence ; kg:start ?a ; kg:end ?b ; kg:length ?n ; kg:sha256 ?h }"
    )
    wrong = [s for s, a, b, n, h in found if not _stands(text, a, b, n, h)]
    assert (len(found), wrong) == (36, [])


def test_segments_cover_every_character_that_is_not_blank(rows: Rows, text: str) -> None:
    covered: set[int] = set()
    for start, end in rows("SELECT ?a ?b { ?s a kg:Sentence ; kg:start ?a ; kg:end ?b }"):
        covered |= set(range(int(start), int(end)))
    assert [i for i, character in enumerate(text) if i not in covered and not character.isspace()] == []


def test_repeated_strings_are_told_apart_by_position(rows: Rows) -> None:
    found = rows("SELECT ?s ?n { ?s a kg:Sentence ; kg:occurrences 2 ; kg:occurrence ?n } ORDER BY ?s")
    assert found == [("S06", "1"), ("S15", "2")]


def test_spans_match_the_text(rows: Rows, text: str) -> None:
    found = rows(
        "SELECT ?s ?a ?b ?n ?h { ?s a oa:SpecificResource ; kg:length ?n ; kg:exactSha256 ?h ; "
        "oa:hasSelector ?p . ?p oa:start ?a ; oa:end ?b }"
    )
    wrong = [s for s, a, b, n, h in found if not _stands(text, a, b, n, h)]
    assert (len(found), wrong) == (71, [])


def test_cues_stand_in_their_spans_as_printed(rows: Rows, text: str) -> None:
    found = rows(
        "SELECT ?c ?cue ?a ?b { ?c ?p ?cue ; kg:hasSourceSpan/oa:hasSelector ?s . ?s oa:start ?a ; oa:end ?b "
        'FILTER (REGEX(STR(?p), "ont#[a-zA-Z]*[cC]ue$")) }'
    )
    # the parts of a cue with an ellipsis stand in their order
    patterns = {cue: ".*".join(map(re.escape, cue.split(" … "))) for _, cue, _, _ in found}
    wrong = [(c, cue) for c, cue, a, b in found if not re.search(patterns[cue], text[int(a) : int(b)], re.S)]
    assert len(found) >= 100
    assert wrong == []


def _stands(text: str, start: str, end: str, length: str, sha256: str) -> bool:
    """Say whether what stands at these code points has the length and hash."""
    piece = text[int(start) : int(end)]
    return len(piece) == int(length) and hashlib.sha256(piece.encode()).hexdigest() == sha256
