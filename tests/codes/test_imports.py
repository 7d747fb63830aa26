"""Releases of code systems, read in their true formats: what codes lead to, and what bad input gets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kg.build.publishing import open_build
from kg.errors import BadData
from kg.linking.importing import ImportRequest, import_file
from kg.linking.readers.source_reading import ReadOptions
from kg.model.code_links import CodeFinding
from kg.model.import_registry import list_imports
from kg.namespaces import compress_iri
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
    answers = library.make_vocabulary(open_build(settings)).load_code_answers(library.find("for-codes"))
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
