"""The list of codes: 424 rows derived from files, and the traps that are easiest to fall into."""

from __future__ import annotations

import csv
import importlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from kg.build.opening import open_build
from kg.cli.ask import ask as ask_command
from kg.linking.importing import ImportRequest, import_file
from kg.linking.readers.source_reading import ReadOptions
from kg.model.code_links import CodeFinding
from kg.namespaces import compress_iri
from kg.questions.code_answers import COLUMNS, CodeAnswers
from kg.questions.question_answers import load_library
from kg.settings import Settings
from sparqlhost.store.interface import get_term_text
from tests.conftest import ROOT

HERE = Path(__file__).parent
with (HERE / "list.tsv").open(encoding="utf-8", newline="") as _stream:
    ROWS = list(csv.DictReader((line for line in _stream if not line.startswith("#")), delimiter="\t"))


@pytest.fixture(scope="module")
def answers(built: Path, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CodeAnswers]:
    """Return the answers over the names of RxNorm and a part of the NDC directory."""
    settings = Settings(root=ROOT, build_dir=built, imports_dir=tmp_path_factory.mktemp("list"))
    target = settings.locate_import_store()
    names = shared / "ontologies" / "drugs" / "RXNORM.csv.gz"
    options = ReadOptions(columns=(("id", "Class ID"), ("label", "Preferred Label")))
    import_file(names, ImportRequest("RXNORM.csv.gz", "rxnorm", options=options), target, settings)
    import_file(HERE / "product.txt", ImportRequest("product.txt", "ndc", "2019"), target, settings)
    library = load_library(ROOT)
    with open_build(settings) as store:
        loaded = library.make_vocabulary(store).load_column_answers(library.find("for-codes"))
        assert isinstance(loaded, CodeAnswers)
        yield loaded


def _judge(row: dict[str, str], found: CodeFinding) -> str:
    """Return "right", "wrong" (another entity) or what is missing."""
    pairs = {(compress_iri(link.entity), link.relation) for link in found.links}
    if row["entity"]:
        if (row["entity"], row["relation"]) in pairs:
            return "right"
        return "wrong" if pairs and row["entity"] not in {e for e, _ in pairs} else "missed"
    return "wrong" if pairs else "right"


def test_every_code_of_the_list_gets_the_right_entity_and_relation(answers: CodeAnswers) -> None:
    assert len(ROWS) >= 300
    assert sum(not row["entity"] for row in ROWS) >= len(ROWS) / 3
    judged = [(row, found, _judge(row, found)) for row in ROWS for found in [answers.find(row["code"])]]
    assert Counter(verdict for *_, verdict in judged)["wrong"] == 0
    assert [(row["code"], verdict) for row, _, verdict in judged if verdict != "right"] == []
    assert [(row["code"], f.status) for row, f, _ in judged if f.status != row["status"]] == []


def test_each_code_has_one_summary_row_and_claims_say_how_they_are_reached(answers: CodeAnswers) -> None:
    codes = [row["code"] for row in ROWS]
    rows = [dict(zip(COLUMNS, map(get_term_text, row), strict=True)) for row in answers.iterate_rows(codes)]
    assert Counter(row["code"] for row in rows if row["status"]) == Counter(codes)
    claims = [row for row in rows if row["claim"]]
    assert claims
    for row in claims:
        plain = row["relation"] in ("same", "nearly the same", "same by a retired code")
        assert row["note"] or plain, row
        # a match is only what a person judged: never for a product, a brand, a salt or a combination
        assert bool(row["match"]) == (not row["path"]), row


TRAPS = {
    "RXNORM:214250": ("int:Aspirin", "part of a combination"),
    "RXNORM:284924": ("int:Imatinib", "salt of"),
    "RXNORM:282386": ("int:Imatinib", "brand of"),
    "RXNORM:3423": ("", ""),  # hydromorphone
    "ICD10CM:C9110": ("", ""),  # chronic lymphocytic leukemia
    "ICD10CM:C9200": ("", ""),  # acute myeloid leukemia
    "ICD10CM:C9101": ("dis:ALL", "narrower than"),
    "ICD10CM:Z856": ("", ""),  # history of leukemia is not leukemia
    "ATC:M01AE14": ("", ""),  # dexibuprofen
    "ATC:N02AA51": ("int:Morphine", "part of a combination"),
    "ATC:N02AA05": ("", ""),  # oxycodone: the class is only close to an entity
    "ATC:L01XE01": ("int:Imatinib", "same by a retired code"),
    "SCTID:91857004": ("", ""),
}


@pytest.mark.parametrize(("code", "expected"), TRAPS.items())
def test_the_trap_is_avoided(answers: CodeAnswers, code: str, expected: tuple[str, str]) -> None:
    pairs = [(compress_iri(link.entity), link.relation) for link in answers.find(code).links]
    assert pairs == ([expected] if expected[0] else [])


def test_claims_of_a_narrower_entity_or_situation_say_so(answers: CodeAnswers) -> None:
    """C91.0 of any patient was given claims of B-cell and T-cell disease without a word."""
    rows = [
        dict(zip(COLUMNS, map(get_term_text, row), strict=True))
        for row in answers.iterate_rows(["ICD10CM:C91.0"])
    ]
    narrower = [row for row in rows if row["claim"] and row["entity"].rpartition("/")[2] != "ALL"]
    assert narrower
    assert all("which is narrower than this code" in row["note"] for row in narrower)
    situations = [row for row in rows if row["link"].endswith("#appliesTo")]
    assert situations
    assert all("narrower" in row["note"] for row in situations)


def test_an_ambiguous_code_is_answered_with_all_readings(answers: CodeAnswers) -> None:
    found = answers.find("0078040105", "NDC")
    assert len(found.readings) == 3
    assert found.note.startswith("ambiguous: 3 readings")


def test_a_column_is_answered_row_by_row(built: Path, tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    table.write_text("patient,code\n1,C9101\n2,Z856\n3,not a code\n", "utf-8")
    environment = {"KG_BUILD_DIR": str(built), "KG_IMPORTS_DIR": str(tmp_path / "none")}
    arguments = ["for-codes", "--file", str(table), "--column", "code", "--system", "ICD-10-CM"]
    done = CliRunner().invoke(ask_command, arguments, env=environment, catch_exceptions=False)
    rows = list(csv.DictReader(done.output.splitlines()))
    assert [(row["code"], row["status"]) for row in rows if row["status"]] == [
        ("C9101", "found by roll-up"),
        ("Z856", "unknown"),
        ("not a code", "unreadable"),
    ]
    arguments[4] = "cod"
    failed = CliRunner().invoke(ask_command, arguments, env=environment)
    assert "has no column 'cod'" in str(failed.exception)


def test_a_column_of_a_data_frame_gives_the_rows_as_a_data_frame(answers: CodeAnswers) -> None:
    pandas = importlib.import_module("pandas")  # carries no types
    codes = ["atc:N02AA01", "no code"]
    frame = answers.answer_frame(pandas.DataFrame({"code": codes, "n": [1, 2]}), "code")
    assert list(frame.columns) == list(COLUMNS)
    assert len(frame) == len(list(answers.iterate_rows(codes))) > 2
    assert list(dict.fromkeys(frame["code"])) == codes
