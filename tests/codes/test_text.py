"""Local text: candidates with reasons, by the question, by POST and by the command line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from kg.cli.ask import ask as ask_command
from kg.errors import NotFound
from kg.linking.candidates import read_entities, select_entities
from kg.namespaces import compress_iri
from kg.questions.question_answers import load_library
from kg.questions.text_candidates import TEXT_COLUMNS, TextAnswers
from sparqlhost.store.interface import Store
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def answers(store: Store) -> TextAnswers:
    library = load_library(ROOT)
    loaded = library.make_vocabulary(store).load_column_answers(library.find("for-text"))
    assert isinstance(loaded, TextAnswers)
    return loaded


@pytest.mark.parametrize(
    ("text", "candidate", "relation", "change"),
    [
        ("ASA 81 mg EC tab", "int:Aspirin", "product of", "ASA is read as aspirin"),
        ("imatinib 400mg po", "int:Imatinib", "product of", "strength 400 mg; form po"),
        ("IMATINIB MESYLATE 100 MG TABS", "int:Imatinib", "salt of", "form TABS"),
        ("MS 10 mg/5ml oral solution", "int:Morphine", "salt of", "MS is read as morphine sulfate"),
        ("Gleevec 400 mg", "int:Imatinib", "brand of", "strength 400 mg"),
        ("Arranon® 5 mg/ml inj", "int:Nelarabine", "brand of", "strength 5 mg/ml; form inj"),
        ("advil 200mg tabs", "int:Ibuprofen", "brand of", "form tabs"),
        ("NELarabine inj 250mg/50ml", "int:Nelarabine", "product of", "capitals within a word"),
        ("allo-SCT", "int:StemCellTransplant", "narrower than", "qualifier allogeneic"),
        ("HSCT", "int:StemCellTransplant", "same", "HSCT is read as"),
        ("Ph+ ALL", "dis:PhPositiveALL", "same", ""),
        ("aspirin/caffeine 325mg/40mg", "int:Aspirin", "part of a combination", ""),
        (
            "ibuprofen 200 mg + codeine 12.8 mg tabs",
            "int:Ibuprofen",
            "part of a combination",
            "strength 200 mg",
        ),
    ],
)
def test_a_line_of_a_list_has_its_candidate_with_the_reason(
    answers: TextAnswers, text: str, candidate: str, relation: str, change: str
) -> None:
    (found,) = answers.find(text)
    assert (found.status, compress_iri(found.candidate), found.relation) == ("candidate", candidate, relation)
    assert found.reason
    assert change in "; ".join(found.changes)
    assert bool(found.parts) == (relation == "part of a combination")


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("normorphine", "near by letters only", "Spelt alike: morphine"),
        ("HYDROmorphone 2 mg tab", "near by letters only", "it may be another thing"),
        ("dexibuprofen 200mg", "near by letters only", "judged and refused: not ibuprofen"),
        ("acute myeloid leukemia", "near by letters only", "Spelt alike"),
        ("all", "near by letters only", "Spelt alike"),  # a word, not the abbreviation
        ("morphine-3-glucuronide", "nothing", "A metabolite"),
        ("paracetamol 500mg", "nothing", "no name of an entity"),
        (" ", "nothing", "the text is empty"),
    ],
)
def test_what_only_looks_like_a_name_is_no_candidate(
    answers: TextAnswers, text: str, status: str, said: str
) -> None:
    (found,) = answers.find(text)
    assert (found.status, found.candidate) == (status, "")
    assert said in found.reason


def test_words_around_a_name_may_turn_its_meaning(answers: TextAnswers) -> None:
    (found,) = answers.find("aspirin allergy")
    assert (found.status, found.relation) == ("named within", "named within")
    assert "'allergy' was not understood" in found.reason


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_command_line_get_post_and_python_give_the_same_rows(
    answers: TextAnswers, client: FlaskClient, built: Path, tmp_path: Path
) -> None:
    texts = ["ASA 81 mg", "normorphine", "aspirin + caffeine"]
    python = [[cell.value if cell else "" for cell in row] for row in answers.iterate_rows(texts)]  # type: ignore[union-attr]
    posted = client.post("/questions/for-text", json=texts)
    assert posted.mimetype == "text/csv"
    assert [list(row.values()) for row in _rows(posted.get_data(as_text=True))] == python
    asked = client.get("/questions/for-text.csv", query_string={"text": texts})
    got = _rows(asked.get_data(as_text=True))
    assert [[row[name] for name in TEXT_COLUMNS] for row in got] == python
    table = tmp_path / "list.csv"
    table.write_text("n,drug\n" + "".join(f"1,{text}\n" for text in texts), "utf-8")
    environment = {"KG_BUILD_DIR": str(built), "KG_IMPORTS_DIR": str(tmp_path / "none")}
    arguments = ["for-text", "--file", str(table), "--column", "drug"]
    done = CliRunner().invoke(ask_command, arguments, env=environment, catch_exceptions=False)
    assert [list(row.values()) for row in _rows(done.stdout)] == python


def test_a_column_of_codes_is_answered_by_post_as_a_table_or_an_uploaded_file(client: FlaskClient) -> None:
    table = "patient;ndc\r\n1;C9101\r\n2;Z856\r\n3;=1+1\r\n"
    address = "/questions/for-codes?column=ndc&system=ICD-10-CM"
    sent = client.post(address, data=table, content_type="text/csv")
    statuses = [(row["code"], row["status"]) for row in _rows(sent.get_data(as_text=True)) if row["status"]]
    assert statuses == [("C9101", "found by roll-up"), ("Z856", "unknown"), ("'=1+1", "unreadable")]
    upload = {"file": (io.BytesIO(table.encode()), "list.csv")}
    assert client.post(address, data=upload).get_data() == sent.get_data()


@pytest.mark.parametrize(
    ("address", "body", "kind", "said"),
    [
        ("/questions/for-codes?column=x", "ndc\n1\n", "text/csv", "has no column 'x'; its columns are ndc"),
        ("/questions/for-codes?column=b", "a,b\n1,2\n3\n", "text/csv", "The row has 1 cells"),
        ("/questions/for-codes?column=a", b"a\nb\xe9\n", "text/csv", "The line is not UTF-8"),
        ("/questions/for-codes", '{"a": 1}', "application/json", "is not a JSON list"),
        ("/questions/aims", "[]", "application/json", "does not take a column"),
    ],
)
def test_a_body_that_is_no_column_gets_one_sentence(
    client: FlaskClient, address: str, body: str | bytes, kind: str, said: str
) -> None:
    answer = client.post(address, data=body, content_type=kind)
    assert answer.status_code == 400
    assert said in json.loads(answer.get_data())["detail"]


@pytest.mark.parametrize("text", ["normorphine", "dexibuprofen", "acute myeloid leukemia"])
def test_kg_link_never_takes_a_look_alike_for_a_slip(store: Store, text: str) -> None:
    entities = read_entities(store, ROOT)
    with pytest.raises(NotFound, match=f"No entity is called '{text}'; spelt alike: "):
        select_entities(entities, [text])
    (found,) = select_entities(entities, [text], as_text=True)
    assert (found.curie, found.label) == ("", text)
