"""data/mappings holds what it says: canonical, proven row by row, one verdict a pair, the traps held out."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import bioregistry
import pytest
import sssom_pydantic

from kg.mapping_files import MAPPINGS_FOLDER, read_mappings, read_prefixes, read_unmapped
from kg.model.mapping_checks import check_mappings
from kg.model.mapping_sets import MAPPING_VERDICTS, MATCH_PREDICATES, MappingRow, format_sssom, parse_sssom
from tests.conftest import ROOT
from tests.mappings.proofs import Proofs

MAPPINGS = read_mappings(ROOT)
PREFIXES = read_prefixes(ROOT)
FILES = sorted((ROOT / MAPPINGS_FOLDER).glob("*/*.sssom.tsv"))
ACCEPTED = tuple(MAPPINGS.rows())
PAIRS = {row.subject_and_object: row for row in ACCEPTED}
VIA = re.compile(r"By way of (\S+)\.")


def test_there_are_as_many_files_and_rows_as_the_table_of_the_docs_says() -> None:
    text = (ROOT / "docs" / "mappings.md").read_text("utf-8")
    for verdict in MAPPING_VERDICTS:
        assert f"{len(list(MAPPINGS.rows(verdict)))} {verdict}" in text
    assert len(FILES) >= 27 + 10 + 3


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_file_is_written_as_the_canonical_writer_writes_it(path: Path) -> None:
    text = path.read_text("utf-8")
    assert format_sssom(parse_sssom(text)) == text


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_an_independent_reader_of_sssom_reads_every_row(path: Path) -> None:
    mappings, _converter, about, errors = sssom_pydantic.read(path, return_errors=True)
    assert not errors
    assert len(mappings) == len(parse_sssom(path.read_text("utf-8")).rows)
    assert about is not None


def test_the_files_hold_no_mistake() -> None:
    assert [str(mistake) for mistake in check_mappings(MAPPINGS, PREFIXES)] == []


def test_every_row_is_read_again_in_the_file_that_proves_it(shared: Path) -> None:
    proofs = Proofs(shared / "ontologies")
    rows = [row for verdict in MAPPING_VERDICTS for row in MAPPINGS.rows(verdict) if row.mapping_source]
    unproven = [
        row.subject_and_object
        for row in sorted(rows, key=lambda r: r.mapping_source)
        if not _proven(row, proofs)
    ]
    assert unproven == []
    assert len(rows) >= 470
    without = [
        row.subject_and_object for v in MAPPING_VERDICTS for row in MAPPINGS.rows(v) if not row.mapping_source
    ]
    assert without == [("int:Blinatumomab", "atc:L01XC19"), ("int:Blinatumomab", "NCIT:C62528")]


def _proven(row: MappingRow, proofs: Proofs) -> bool:
    """Return whether one record has the identifier, its label, and the term it was reached by."""
    via = VIA.search(row.comment)
    bridge = via[1].split(":")[1] if via else ""
    name = unquote(row.mapping_source.removeprefix("proof:"))
    return any(
        row.object_label.lower() in record.lower() and bridge in record
        for record in proofs.records(name, row.object_id.split(":")[1])
    )


def test_a_term_reached_by_another_is_reached_by_one_that_was_judged() -> None:
    judged = {row.subject_and_object for verdict in MAPPING_VERDICTS for row in MAPPINGS.rows(verdict)}
    for row in ACCEPTED:
        via = VIA.search(row.comment)
        assert via is None or (row.subject_id, str(PREFIXES.parse_identifier(via[1]))) in judged, (
            row.subject_and_object
        )


def test_prefixes_and_patterns_agree_with_bioregistry() -> None:
    for vocabulary in PREFIXES.vocabularies.values():
        normal = bioregistry.normalize_prefix(vocabulary.prefix)
        assert normal is not None, vocabulary.prefix
        for name in vocabulary.prefix_synonyms:
            assert bioregistry.normalize_prefix(name) in (normal, None, *_cousins(vocabulary.prefix)), name
    for row in ACCEPTED:
        prefix, _, local = row.object_id.partition(":")
        normal = bioregistry.normalize_prefix(prefix)
        assert normal is not None
        assert bioregistry.is_valid_identifier(normal, local), row.object_id


def _cousins(prefix: str) -> tuple[str, ...]:
    """Return registered prefixes that are one with ours."""
    return {
        "orphanet": ("orphanet.ordo",),
        "chembl.compound": ("chembl",),
        "pharmgkb.drug": ("pharmgkb",),
    }.get(prefix, ())


def test_entities_without_counterpart_say_why() -> None:
    unmapped = read_unmapped(ROOT)
    assert len(unmapped) == 44
    assert not set(unmapped) & {row.subject_id for row in ACCEPTED}


HELD_OUT = (
    ("int:Imatinib", "atc:L01XE01"),  # retired codes
    ("int:Blinatumomab", "atc:L01XC19"),
    ("dis:ALL", "EFO:0000219"),
    ("feat:blood", "EFO:0000296"),
    ("dis:TCellALL", "EFO:0000209"),
    ("sit:RelapsedBALL", "EFO:1001935"),
    ("feat:refractory", "MONDO:0024646"),
    ("dis:BCellALL", "NCIT:C8936"),  # leukemia/lymphoma for leukemia
    ("dis:BCellALL", "DOID:0080630"),
    ("dis:TCellALL", "NCIT:C8694"),
    ("dis:TCellALL", "MONDO:0005525"),  # baits by name
    ("dis:TCellALL", "MONDO:0019471"),
    ("int:PalliativeTreatment", "MAXO:0000950"),
    ("dis:PhPositiveALL", "NCIT:C121974"),  # Ph-like
    ("dis:PhPositiveALL", "DOID:0080650"),
    ("dis:PhPositiveALL", "MONDO:0850161"),
    ("dis:TCellALL", "DOID:0050523"),  # another disease that older files cite
    ("dis:TCellALL", "umls:C0023493"),
    ("dis:BCellALL", "umls:C0006413"),
    ("prob:LossOfAppetite", "mesh:D000856"),
    ("dis:TCellALL", "NCIT:C3184"),
    ("dis:TCellALL", "icd10cm:C91.5"),
    ("prob:Infection", "HP:0032101"),  # narrower
    ("prob:LowBloodCounts", "MONDO:0001529"),
    ("int:BloodTransfusion", "MAXO:0000068"),
    ("int:StemCellTransplant", "MAXO:0000068"),
    ("int:StemCellTransplant", "MAXO:0010030"),
    ("int:Imatinib", "CHEBI:31690"),  # salts, brands, mirror forms
    ("int:Imatinib", "mesh:D000068877"),
    ("int:Morphine", "unii:X3P646A2J0"),
    ("int:Morphine", "rxnorm:30236"),
    ("int:Imatinib", "rxnorm:282386"),
    ("int:Ibuprofen", "CHEBI:43415"),
    ("int:Imatinib", "umls:C0935987"),
    ("int:Imatinib", "rxnorm:403879"),
    ("int:Imatinib", "DRON:00018693"),  # moved to ChEBI
    ("int:Nelarabine", "DRON:00018842"),
    ("int:AnotherTargetedDrug", "pharmgkb.drug:PA162372878"),  # left unnamed by the text
    ("int:InitialTreatment", "mesh:D060828"),
    ("int:TargetedDrug", "atc:L01E"),
)


@pytest.mark.parametrize("pair", HELD_OUT, ids="-".join)
def test_a_known_trap_is_rejected_with_its_reason(pair: tuple[str, str]) -> None:
    assert pair not in PAIRS
    rejected = {row.subject_and_object: row for row in MAPPINGS.rows("rejected")}
    assert rejected[pair].predicate_modifier == "Not"
    assert rejected[pair].comment


@pytest.mark.parametrize(
    ("pair", "predicate"),
    [
        (("prob:LowBloodCounts", "HP:0001876"), "skos:narrowMatch"),
        (("prob:LowBloodCounts", "NCIT:C34889"), "skos:narrowMatch"),
        (("prob:LowBloodCounts", "mesh:D010198"), "skos:narrowMatch"),
        (("prob:Infection", "HP:0002719"), "skos:relatedMatch"),
    ],
)
def test_a_term_narrower_than_the_text_is_never_exact_or_close(pair: tuple[str, str], predicate: str) -> None:
    assert PAIRS[pair].predicate_id == predicate
    assert PAIRS[pair].comment


@pytest.mark.parametrize(
    ("pair", "predicate"),
    [
        (("int:Chemotherapy", "MAXO:0000646"), "skos:exactMatch"),
        (("int:Chemotherapy", "MAXO:0000647"), "skos:broadMatch"),  # above 0000646; was close
        (("int:FirstStepPainMedicines", "atc:N02B"), "skos:relatedMatch"),  # was broad, without ibuprofen
        (("int:FirstStepPainMedicines", "MAXO:0000221"), "skos:relatedMatch"),
        (("int:MoreChemotherapy", "MAXO:0000646"), "skos:broadMatch"),
        (("int:MoreAggressiveChemotherapy", "MAXO:0000646"), "skos:broadMatch"),
        (("int:LessIntensiveChemotherapy", "MAXO:0000646"), "skos:broadMatch"),
        (("int:AnotherTargetedDrug", "MAXO:0000235"), "skos:broadMatch"),
        (("int:Morphine", "MAXO:0000194"), "skos:broadMatch"),
    ],
)
def test_a_wider_term_is_broad_and_a_class_the_text_does_not_name_is_related(
    pair: tuple[str, str], predicate: str
) -> None:
    assert PAIRS[pair].predicate_id == predicate
    assert PAIRS[pair].comment


@pytest.mark.parametrize(
    ("entity", "drug"),
    [
        ("int:FirstStepPainMedicines", "int:Aspirin"),
        ("int:FirstStepPainMedicines", "int:Ibuprofen"),  # not in N02B, which was called wider
        ("int:Chemotherapy", "int:Nelarabine"),
    ],
)
def test_a_wider_group_of_atc_holds_every_drug_that_is_an_example_of_ours(entity: str, drug: str) -> None:
    atc = [row for row in ACCEPTED if row.object_id.startswith("atc:")]
    wider = [r.object_id for r in atc if (r.subject_id, r.predicate_id) == (entity, "skos:broadMatch")]
    codes = [row.object_id for row in atc if row.subject_id == drug]
    assert codes
    assert [group for group in wider if not any(code.startswith(group) for code in codes)] == []


def test_no_accepted_object_is_called_obsolete_in_a_file_at_hand(shared: Path) -> None:
    """EFO:0000209 and EFO:1001935 were accepted though Biomappings of 2026 labels them obsolete."""
    proofs = Proofs(shared / "ontologies")
    name = "biomappings-0.6.0-predictions.sssom.tsv.gz"
    efo = sorted({row.object_id for row in ACCEPTED if row.object_id.startswith("EFO:")})
    seen = {e: list(proofs.records(name, e.split(":")[1])) for e in efo}
    assert [e for e, records in seen.items() for r in records if re.search(f"{e}\tobsolete_", r, re.I)] == []
    assert any("obsolete_" in record for record in proofs.records(name, "0000209"))


def test_no_accepted_object_is_rejected_for_another_entity_as_retired_or_obsolete() -> None:
    gone = {r.object_id for r in MAPPINGS.rows("rejected") if re.search("Retired|Obsolete", r.comment)}
    assert len(gone) >= 7
    assert not gone & {row.object_id for row in ACCEPTED}


def test_the_two_b_all_classes_of_mondo_are_kept_apart() -> None:
    assert PAIRS["dis:BCellALL", "MONDO:0020511"].predicate_id == "skos:exactMatch"
    assert PAIRS["dis:BCellALL", "MONDO:0004947"].predicate_id == "skos:closeMatch"
    assert PAIRS["dis:BCellALL", "NCIT:C8644"].predicate_id == "skos:exactMatch"


def test_a_situation_is_never_an_exact_match_and_a_use_of_a_drug_is_never_the_substance() -> None:
    substances = ("CHEBI", "rxnorm", "drugbank", "unii", "chembl.compound", "atc", "drugcentral", "wikidata")
    for row in ACCEPTED:
        drug = row.subject_id.startswith("int:") and row.object_id.split(":")[0] in substances
        if row.subject_id.startswith("sit:") or drug:
            assert row.predicate_id != "skos:exactMatch", row.subject_and_object


def test_every_predicate_is_a_match_and_nothing_is_ever_the_same_as() -> None:
    assert {row.predicate_id for row in ACCEPTED} <= set(MATCH_PREDICATES)
    assert "sameAs" not in "".join(path.read_text("utf-8") for path in FILES)


@pytest.mark.parametrize("disease", ["dis:ALL", "dis:BCellALL", "dis:PhPositiveALL", "dis:TCellALL"])
def test_each_disease_is_linked_in_every_vocabulary_that_names_it(disease: str) -> None:
    found = {row.object_id.partition(":")[0] for row in ACCEPTED if row.subject_id == disease}
    wanted = {"MONDO", "DOID", "NCIT", "HP", "umls", "snomedct", "medgen", "orphanet", "icdo", "oncotree"}
    assert wanted <= found


def test_each_drug_is_linked_in_every_vocabulary_of_drugs() -> None:
    wanted = {"CHEBI", "rxnorm", "atc", "drugbank", "unii", "chembl.compound", "pharmgkb.drug"}
    for drug in ("Blinatumomab", "Imatinib", "Nelarabine", "Aspirin", "Ibuprofen", "Morphine"):
        found = Counter(row.object_id.split(":")[0] for row in ACCEPTED if row.subject_id == f"int:{drug}")
        assert wanted <= set(found), drug
