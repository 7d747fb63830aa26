"""Releases of code systems, read in their true formats: what codes lead to, and what bad input gets."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from kg.build.opening import open_build
from kg.errors import BadData
from kg.linking.importing import ImportRequest, import_file, make_curie_expander
from kg.linking.readers.code_files import read_row_statements
from kg.linking.readers.file_formats import read_code_layouts
from kg.linking.readers.format_dispatch import read_content
from kg.linking.readers.rdf_reader import RdfStream
from kg.linking.readers.source_reading import ReadOptions, SourceReading
from kg.mapping_files import read_code_relations, read_prefixes
from kg.model.code_links import CodeFinding
from kg.model.import_registry import list_imports
from kg.namespaces import compress_iri
from kg.questions.code_answers import CodeAnswers
from kg.questions.question_answers import load_library
from kg.settings import Settings
from sparqlhost.store.staging import open_readonly
from tests.codes.releases import ATHENA, RF2, write_rrf, write_tables
from tests.conftest import ROOT

Asker = Callable[[str], CodeFinding]


@pytest.fixture(scope="module")
def ask(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Asker:
    """Return a function that answers a code over small releases of RxNorm, SNOMED CT, OMOP and NDC."""
    folder = tmp_path_factory.mktemp("releases")
    settings = Settings(root=ROOT, build_dir=built, imports_dir=folder / "imports")
    for name in ("rxnorm", "snomed", "omop"):
        (folder / name).mkdir()
    write_rrf(folder / "rxnorm")
    write_tables(folder / "snomed", RF2)
    write_tables(folder / "omop", ATHENA)
    formulary = folder / "formulary.csv"
    formulary.write_text(
        "item,name,ingredient\nX1,Gleevec 400,imatinib mesylate\nX2,both,aspirin + caffeine\n"
    )
    table = ReadOptions(
        columns=(("id", "item"), ("label", "name"), ("ingredient", "ingredient")),
        iri="http://example.org/item/{id}",
    )
    for name in ("rxnorm", "snomed", "omop"):
        request = ImportRequest(str(folder / name), name)
        import_file(folder / name, request, settings.locate_import_store(), settings)
    request = ImportRequest("formulary.csv", "formulary", options=table)
    import_file(formulary, request, settings.locate_import_store(), settings)
    library = load_library(ROOT)
    answers = library.make_vocabulary(open_build(settings)).load_column_answers(library.find("for-codes"))
    assert isinstance(answers, CodeAnswers)
    return answers.find


@pytest.mark.parametrize(
    ("code", "relation", "entity"),
    [
        ("RXNORM:282386", "brand of", "int:Imatinib"),
        ("RXNORM:284924", "salt of", "int:Imatinib"),
        ("RXNORM:406051", "product of", "int:Imatinib"),
        ("RXNORM:403879", "product of", "int:Imatinib"),
        ("RXNORM:404589", "product of", "int:Imatinib"),
        ("NDC:0078-0438-15", "product of", "int:Imatinib"),
        ("RXNORM:214250", "part of a combination", "int:Aspirin"),
        ("RXNORM:999001", "part of a combination", "int:Aspirin"),
        ("RXNORM:999777", "product of", "int:Imatinib"),
        ("SCTID:110004001", "narrower than", "dis:ALL"),
        ("SCTID:110006004", "same by a retired code", "dis:ALL"),
        ("OMOP:1304107", "nearly the same", "int:Imatinib"),
        ("OMOP:1304108", "product of", "int:Imatinib"),
        ("OMOP:45000001", "product of", "int:Imatinib"),
    ],
)
def test_a_code_of_a_release_leads_to_its_entity(ask: Asker, code: str, relation: str, entity: str) -> None:
    found = ask(code)
    assert found.status == "found by roll-up"
    assert [(compress_iri(link.entity), link.relation) for link in found.links] == [(entity, relation)]
    assert all(link.path and link.source for link in found.links)
    if "same" not in relation:
        assert found.links[0].note.startswith("said of")


def test_a_combination_names_its_other_parts_and_strength_is_on_the_path(ask: Asker) -> None:
    assert ask("RXNORM:214250").links[0].parts == ("Caffeine",)
    assert "rxnorm:406051 imatinib 400 MG" in ask("RXNORM:403879").links[0].path


@pytest.mark.parametrize("code", ["RXNORM:1886", "RXNORM:999002", "SCTID:110005000"])
def test_another_drug_an_inactive_row_and_another_relation_lead_nowhere(ask: Asker, code: str) -> None:
    assert (ask(code).status, ask(code).links) == ("unknown", ())


def _write_broken(folder: Path, name: str, text: bytes) -> Path:
    path = folder / name
    path.write_bytes(text)
    return path


_GOOD = b"1191|ENG||||||||||RXNORM|IN||Aspirin||N||\n"
_RF2_HEAD = (
    b"id\teffectiveTime\tactive\tmoduleId\tconceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId\n"
)


@pytest.mark.parametrize(
    ("name", "text", "said", "line"),
    [
        ("RXNCONSO.RRF", _GOOD + b"1886|ENG|||", "cut short", 2),
        ("RXNCONSO.RRF", _GOOD.replace(b"|", b"\t"), "separated by tabs", 1),
        ("RXNCONSO.RRF", _GOOD + _GOOD.replace(b"Aspirin", b"Caf\xe9ine"), "not UTF-8", 2),
        ("sct2_Description_Snapshot_INT_20240101.txt", b"id\tactive\tterm\n", "has no column", 1),
        (
            "sct2_Description_Snapshot_INT_20240101.txt",
            _RF2_HEAD + b"1\t20250101\t1\t9\t91857003\ten\t900000000000003001\tALL\t9\n",
            "another release",
            2,
        ),
        ("UNKNOWN.RRF", _GOOD, "not one of the RRF files", 0),
        (
            "CONCEPT.csv",
            b"concept_id\tconcept_name\tvocabulary_id\tconcept_code\n1\ta\tb\tc\n",
            "has no column",
            1,
        ),
        (
            "icd10cm-order-2026.txt",
            b"00001 C910    0 " + b" " * 61 + b"A\nC91\n",
            "Not a line of an order file",
            2,
        ),
        (
            "product.txt",
            b"PRODUCTNDC\tPROPRIETARYNAME\tNONPROPRIETARYNAME\tSUBSTANCENAME\n",
            "has no column",
            1,
        ),
    ],
)
def test_broken_files_get_one_sentence_with_the_line_and_import_nothing(
    built: Path, tmp_path: Path, name: str, text: bytes, said: str, line: int
) -> None:
    settings = Settings(root=ROOT, build_dir=built, imports_dir=tmp_path / "imports")
    path = _write_broken(tmp_path, name, text)
    with pytest.raises(BadData, match=said) as caught:
        import_file(path, ImportRequest(str(path)), settings.locate_import_store(), settings)
    assert (caught.value.line or 0) == line
    assert not settings.locate_import_store().exists() or not list_imports(
        open_readonly(settings.locate_import_store())
    )


def test_a_relation_to_an_unknown_concept_means_another_release(built: Path, tmp_path: Path) -> None:
    settings = Settings(root=ROOT, build_dir=built, imports_dir=tmp_path / "imports")
    folder = tmp_path / "rrf"
    folder.mkdir()
    write_rrf(folder)
    with (folder / "RXNREL.RRF").open("a") as stream:
        stream.write("282388||CUI||777||CUI|form_of|||RXNORM||||||\n")
    with pytest.raises(BadData, match=r"RXCUI 777 is not in RXNCONSO") as caught:
        import_file(folder, ImportRequest(str(folder), "rx"), settings.locate_import_store(), settings)
    assert caught.value.line == 12


def test_files_of_two_dates_are_two_releases(built: Path, tmp_path: Path) -> None:
    settings = Settings(root=ROOT, build_dir=built, imports_dir=tmp_path / "imports")
    folder = write_tables(tmp_path, RF2)
    (folder / "sct2_Relationship_Snapshot_INT_20240101.txt").rename(
        folder / "sct2_Relationship_Snapshot_INT_20250101.txt"
    )
    with pytest.raises(BadData, match="of the release 20250101"):
        import_file(folder, ImportRequest(str(folder), "sct"), settings.locate_import_store(), settings)


def test_a_quote_in_a_term_of_rf2_is_text(built: Path, tmp_path: Path) -> None:
    settings = Settings(root=ROOT, build_dir=built, imports_dir=tmp_path / "imports")
    folder = write_tables(tmp_path, RF2)
    path = folder / "sct2_Description_Snapshot-en_INT_20240101.txt"
    import_file(path, ImportRequest(str(path), "sct"), settings.locate_import_store(), settings)
    labels = open_readonly(settings.locate_import_store()).select(
        "SELECT ?l { GRAPH ?g { <http://snomed.info/id/110004001> "
        "<http://www.w3.org/2000/01/rdf-schema#label> ?l } }"
    )
    assert 'ALL "in" remission' in {row["l"].value for row in labels if hasattr(row["l"], "value")}


def _read_triples(path: Path) -> set[str]:
    """Return the lines of N-Triples of a file or folder, with IRIs as CURIEs, without types."""
    expand = make_curie_expander(Settings(root=ROOT))
    content = read_content(
        SourceReading(path, str(path)), path.parent, expand, lambda: read_code_relations(ROOT)
    )
    assert not isinstance(content, RdfStream)
    lines = b"".join(content).decode().splitlines()
    prefixes = read_prefixes(ROOT)

    def shorten(found: re.Match[str]) -> str:
        curie = prefixes.match_iri(found[1])
        return str(curie) if curie else found[1].rpartition("/")[2].rpartition("#")[2]

    return {re.sub(r"<([^>]*)>", shorten, line).removesuffix(" .") for line in lines if "#Class>" not in line}


def rrf_row(**cells: str) -> str:
    """Return a row of an RRF file whose kind is `kind`."""
    layout = next(layout for layout in read_code_layouts() if layout.kind == cells["kind"])
    return "".join(f"{cells.get(column, '')}|" for column in layout.columns) + "\n"


_MRCONSO = {"kind": "MRCONSO", "LAT": "ENG", "SUPPRESS": "N", "CUI": "C0023449", "TS": "P", "STT": "PF"}
_MRREL = {"kind": "MRREL", "CUI1": "C0023418", "CUI2": "C0023449"}


@pytest.mark.parametrize(
    ("name", "text", "triples"),
    [
        (
            "MRCONSO.RRF",
            rrf_row(**_MRCONSO, ISPREF="Y", SAB="MSH", CODE="D054198", STR="first name")
            + rrf_row(**_MRCONSO, ISPREF="N", SAB="OTHER", CODE="1", STR="second name")
            + rrf_row(**{**_MRCONSO, "LAT": "GER"}, ISPREF="Y", STR="in German")
            + rrf_row(**{**_MRCONSO, "SUPPRESS": "O"}, ISPREF="Y", STR="obsolete name"),
            {
                'umls:C0023449 label "first name"',
                'umls:C0023449 hasExactSynonym "second name"',
                "mesh:D054198 hasDbXref umls:C0023449",
            },
        ),
        (
            "MRREL.RRF",
            rrf_row(**_MRREL, RELA="isa", SUPPRESS="N")
            + rrf_row(**_MRREL, RELA="tradename_of", SUPPRESS="N")
            + rrf_row(**_MRREL, RELA="finding_site_of", SUPPRESS="N")
            + rrf_row(**{**_MRREL, "CUI1": "C0000001"}, RELA="isa", SUPPRESS="O"),
            {"umls:C0023449 subClassOf umls:C0023418", "umls:C0023449 rxnorm:tradename_of umls:C0023418"},
        ),
        (
            "RXNCUI.RRF",
            rrf_row(kind="RXNCUI", CUI1="999777", CARDINALITY="1", CUI2="403879")
            + rrf_row(kind="RXNCUI", CUI1="999778", CARDINALITY="2", CUI2="403879"),
            {
                'rxnorm:999777 deprecated "true"^^boolean',
                "rxnorm:999777 IAO_0100001 rxnorm:403879",
            },
        ),
        (
            "icd10cm-order-2026.txt",
            "00001 C910    0 Short name".ljust(77)
            + "Acute lymphoblastic leukemia [ALL]\n"
            + "00002 C9101   1 Short name".ljust(77)
            + "The name in remission\n",
            {
                'icd10cm:C91.0 label "Acute lymphoblastic leukemia [ALL]"',
                'icd10cm:C91.01 label "The name in remission"',
            },
        ),
        (
            "icd10cm-codes-2026.txt",
            "C910   A name\nC9101  Another name\n",
            {'icd10cm:C91.0 label "A name"', 'icd10cm:C91.01 label "Another name"'},
        ),
        (
            "icd10cm-tabular-2026.xml",
            "<ICD10CM.tabular><chapter><diag><name>C91</name><desc>Above</desc>"
            "<diag><name>C91.0</name><desc>Below</desc></diag></diag></chapter></ICD10CM.tabular>",
            {'icd10cm:C91.0 label "Below"', 'icd10cm:C91 label "Above"'},
        ),
        (
            "der2_iisssccRefset_ExtendedMapSnapshot_INT_20240101.txt",
            "id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId\tmapGroup\tmapPriority\t"
            "mapRule\tmapAdvice\tmapTarget\tcorrelationId\tmapCategoryId\n"
            "u\t20240101\t1\t9\t9\t91857003\t1\t1\tTRUE\tALWAYS\tC91.00\t9\t9\n"
            "u\t20240101\t1\t9\t9\t91857003\t1\t2\tTRUE\tALWAYS\tC91.01\t9\t9\n"
            "u\t20240101\t0\t9\t9\t110004001\t1\t1\tTRUE\tALWAYS\tC91.01\t9\t9\n",
            {"snomedct:91857003 mappingRelation icd10cm:C91.00"},
        ),
    ],
)
def test_each_kind_of_file_says_what_its_rows_say(
    tmp_path: Path, name: str, text: str, triples: set[str]
) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    assert _read_triples(tmp_path / name) == triples


def test_a_folder_of_a_whole_release_is_read_past_the_files_that_say_nothing(tmp_path: Path) -> None:
    """A release holds documents, language sets and all versions; RXNDOC.RRF made a whole RxNorm fail."""
    write_rrf(tmp_path)
    before = _read_triples(tmp_path)
    (tmp_path / "RXNDOC.RRF").write_text("TTY|BN|expanded_form|Brand name|\n")
    assert _read_triples(tmp_path) == before

    snomed = tmp_path / "snomed"
    snomed.mkdir()
    write_tables(snomed, RF2)
    before = _read_triples(snomed)
    assert "snomedct:110004001 subClassOf snomedct:91857003" in before
    name = "sct2_Description_Snapshot-en_INT_20240101.txt"
    header, rows = RF2[name]
    old = (rows[0].replace("ALL_", "An_older_name_of_ALL_"),)
    write_tables(snomed, {name.replace("Snapshot", "Full"): (header, old)})
    write_tables(
        snomed, {"der2_cRefset_LanguageSnapshot-en_INT_20240101.txt": ("id active acceptabilityId", ())}
    )
    assert _read_triples(snomed) == before
    with pytest.raises(BadData, match="not the state of a release"):
        _read_triples(snomed / name.replace("Snapshot", "Full"))


def test_both_kinds_of_successor_of_snomed_ct_are_read(tmp_path: Path) -> None:
    name = "der2_cRefset_AssociationSnapshot_INT_20240101.txt"
    rows = tuple(
        f"u 20240101 1 9 {refset} {old} 91857003"
        for refset, old in (
            ("900000000000526001", "110006004"),
            ("900000000000527005", "110004001"),
            ("900000000000523009", "110005000"),  # "possibly equivalent" is no successor
        )
    )
    write_tables(tmp_path, {name: (RF2[name][0], rows)})
    successors = {line for line in _read_triples(tmp_path / name) if "IAO_0100001" in line}
    assert successors == {
        "snomedct:110006004 IAO_0100001 snomedct:91857003",
        "snomedct:110004001 IAO_0100001 snomedct:91857003",
    }


def test_every_statement_of_the_table_is_about_columns_that_its_layout_has() -> None:
    columns = {layout.kind: set(layout.columns) for layout in read_code_layouts()}
    for statement in read_row_statements():
        used = re.findall(r"{(\w+)}", f"{statement.subject} {statement.predicate} {statement.object}")
        used += re.findall(r"(\w+)!?[=@]", statement.when)
        assert set(used) <= columns[statement.kind], statement
