"""Reading, writing and checking SSSOM: every mistake has its file and line, and canonical text is stable."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.build.mapping_graph import read_mapping_triples
from kg.errors import BadData, NotFound, UserError
from kg.mapping_files import read_prefixes
from kg.model.mapping_checks import check_mappings, check_unmapped_entities
from kg.model.mapping_sets import MappingCollection, MappingRow, MappingSet, format_sssom, parse_sssom
from kg.model.mapping_triples import mappings_to_triples
from kg.namespaces import OWL, SKOS
from tests.conftest import ROOT

PREFIXES = read_prefixes(ROOT)
HEAD = "subject_id\tpredicate_id\tobject_id\tmapping_justification\tmapping_date\tmapping_source\n"
GOOD = "int:Imatinib\tskos:closeMatch\trxnorm:282388\tsemapv:ManualMappingCuration\t2026-11-23\tproof:a.csv\n"


def _mistakes(text: str, verdict: str = "accepted") -> list[str]:
    return [
        str(m)
        for m in check_mappings(MappingCollection((parse_sssom(text, "x.sssom.tsv", verdict),)), PREFIXES)
    ]


def test_a_sound_row_has_no_mistake() -> None:
    assert _mistakes(HEAD + GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("rxnorm:282388", "RXCUI:282388", "is written rxnorm:282388"),
        ("rxnorm:282388", "rxnorm:imatinib", "is not an identifier of RxNorm"),
        ("rxnorm:282388", "rxnrm:282388", "unknown"),
        ("skos:closeMatch", "owl:sameAs", "is not a match predicate"),
        ("int:Imatinib", "ours:Imatinib", "is not a term of this graph"),
        ("2026-11-23", "23.11.2026", "is not a date"),
        ("proof:a.csv", "memory", "names no file that proves it"),
        ("semapv:Manual", "by-hand:Manual", "is not a SEMAPV justification"),
    ],
)
def test_a_mistake_has_its_file_and_line(old: str, new: str, said: str) -> None:
    found = _mistakes(HEAD + GOOD.replace(old, new))
    assert len(found) == 1
    assert said in found[0]
    assert found[0].startswith("x.sssom.tsv:2: ")


def test_a_situation_is_not_exactly_a_disease() -> None:
    row = GOOD.replace("int:Imatinib", "sit:RelapsedALL").replace("closeMatch", "exactMatch")
    assert "A situation is not a disease" in _mistakes(HEAD + row)[0]


def test_a_pair_stands_in_one_verdict_only() -> None:
    rejected = parse_sssom(HEAD + GOOD, "rejected.tsv", "undecided")
    accepted = parse_sssom(HEAD + GOOD, "accepted.tsv")
    found = [str(m) for m in check_mappings(MappingCollection((accepted, rejected)), PREFIXES)]
    assert found == [
        "rejected.tsv:2: int:Imatinib and rxnorm:282388 also stand in accepted.tsv:2. Keep one of the two."
    ]


def test_rows_out_of_order_or_twice_are_mistakes() -> None:
    later = GOOD.replace("282388", "1191")
    assert any("out of order" in m for m in _mistakes(HEAD + GOOD + later))
    assert any("stands here twice" in m for m in _mistakes(HEAD + GOOD + GOOD))


def test_an_entity_is_mapped_or_explained_and_not_both() -> None:
    mappings = MappingCollection((parse_sssom(HEAD + GOOD),))
    found = [
        str(m)
        for m in check_unmapped_entities(
            mappings, ["int:Imatinib", "int:Gone"], frozenset({"int:Imatinib", "int:B"})
        )
    ]
    assert [text.split(" ")[0] for text in found] == ["int:B", "int:Imatinib", "int:Gone"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("#license\n" + HEAD, "x:1: This header line"),
        (HEAD + "a\tb\n", "x:2: The row has 2 cells, the file 6 columns."),
        (HEAD.replace("object_id", "object"), "x:1: The row of column names lacks object_id."),
        (HEAD.replace("mapping_date", "day"), "x:1: The row of column names has the unknown day."),
        ("", "x: The file has no row of column names."),
        (HEAD + GOOD.replace("rxnorm:282388", ""), "x:2: The row has no object_id."),
    ],
)
def test_a_broken_file_is_one_sentence_with_its_line(text: str, said: str) -> None:
    with pytest.raises(BadData) as caught:
        parse_sssom(text, "x")
    assert str(caught.value).startswith(said)


_CELL = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Z")), max_size=12)
_ROW = st.builds(
    MappingRow,
    subject_id=st.sampled_from(("int:A", "int:B")),
    subject_label=_CELL,
    predicate_id=st.just("skos:closeMatch"),
    object_id=st.integers(1, 999).map(lambda n: f"rxnorm:{n}"),
    object_label=_CELL,
    mapping_justification=st.just("semapv:ManualMappingCuration"),
    author_label=_CELL,
    mapping_date=st.just("2026-11-23"),
    object_source=st.just(""),
    object_source_version=_CELL,
    mapping_source=st.just("proof:x"),
)


@given(st.lists(_ROW, max_size=6, unique_by=lambda row: row.sort_key))
def test_writing_is_canonical_and_loses_nothing(rows: list[MappingRow]) -> None:
    text = format_sssom(
        MappingSet((("license", "https://x.example/"),), (("rxnorm", "http://y/"),), tuple(rows))
    )
    read = parse_sssom(text)
    assert format_sssom(read) == text
    assert sorted(read.rows) == sorted(rows)
    assert read.curie_map == (("rxnorm", "http://y/"),)


@pytest.mark.parametrize(
    ("asked", "one"),
    [
        ("SCTID:91857003", "snomedct:91857003"),
        ("SNOMEDCT_US:91857003", "snomedct:91857003"),
        ("SNOMEDCT_US_2025_09_01:91857003", "snomedct:91857003"),
        ("snomedct:91857003", "snomedct:91857003"),
        ("http://snomed.info/id/91857003", "snomedct:91857003"),
        ("RxNorm:282388", "rxnorm:282388"),
        ("RXCUI: 282388", "rxnorm:282388"),
        ("atc:l01ea01", "atc:L01EA01"),
        ("CHEBI:CHEBI:45783", "CHEBI:45783"),
        ("NCI:C3167", "NCIT:C3167"),
        ("ncit:c3167", "NCIT:C3167"),
        ("UMLS_CUI:C0023449", "umls:C0023449"),
        ("MSH:D010146", "mesh:D010146"),
        ("ORDO:513", "orphanet:513"),
        ("icd-10-cm:c91.0", "icd10cm:C91.0"),
        ("http://purl.obolibrary.org/obo/MONDO_0004967", "MONDO:0004967"),
    ],
)
def test_spellings_of_an_identifier_are_one(asked: str, one: str) -> None:
    assert str(PREFIXES.parse_identifier(asked)) == one


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_identifiers(text: str) -> None:
    with suppress(UserError):
        assert PREFIXES.parse_identifier(text).identifier


def test_an_unknown_prefix_suggests_similar_ones() -> None:
    with pytest.raises(NotFound, match=r"Did you mean MONDO\?"):
        PREFIXES.parse_identifier("MUNDO:0004967")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("int:Imatinib", "ours:Imatinib", "'ours:Imatinib' has no prefix of the project."),
        ("proof:a.csv", "memory", "'memory' is not a source."),
        ("rxnorm:282388", "rxnorm:imatinib", "is not an identifier of RxNorm"),
    ],
)
def test_a_row_that_cannot_be_expanded_is_an_error_with_a_sentence(old: str, new: str, message: str) -> None:
    """The first two raised KeyError, which `kg check` showed as a traceback."""
    rows = parse_sssom(HEAD + GOOD.replace(old, new)).rows
    with pytest.raises(BadData, match=message):
        list(mappings_to_triples(rows, PREFIXES))


def test_the_graph_of_mappings_leaves_a_broken_row_to_the_checks(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "data" / "mappings", tmp_path / "data" / "mappings")
    broken = HEAD + GOOD + GOOD.replace("int:Imatinib", "ours:Imatinib").replace("proof:a.csv", "memory")
    (tmp_path / "data" / "mappings" / "accepted" / "rxnorm.sssom.tsv").write_text(broken, "utf-8")
    triples = list(read_mapping_triples(tmp_path))
    assert any("proof/a.csv" in str(triple.object) for triple in triples)
    assert not any("ours" in str(triple.subject) for triple in triples)


def test_a_source_that_is_not_of_bioregistry_is_a_mistake() -> None:
    head = HEAD.replace("mapping_source", "object_source\tmapping_source")
    assert _mistakes(head + GOOD.replace("proof", "bioregistry:rxnorm\tproof")) == []
    (mistake,) = _mistakes(head + GOOD.replace("proof", "rxnorm\tproof"))
    assert "rxnorm is not a vocabulary of Bioregistry" in mistake


def test_triples_carry_match_proof_author_and_date_and_never_identity() -> None:
    triples = list(mappings_to_triples(parse_sssom(HEAD + GOOD).rows, PREFIXES))
    predicates = {triple.predicate for triple in triples}
    assert SKOS["closeMatch"] in predicates
    assert OWL["sameAs"] not in predicates
    assert any(t.object.value.endswith("proof/a.csv") for t in triples if hasattr(t.object, "value"))
