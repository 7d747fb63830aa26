"""`kg case` and `POST /case`: the same answer, and a sentence for what cannot be judged."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from kg.cli import cli
from kg.errors import BadQuery, NotFound
from kg.settings import Settings

JSON = {"Accept": "application/json"}


def run(settings: Settings, *arguments: str) -> Result:
    """Run kg case over the session's build."""
    return CliRunner(env={"KG_BUILD_DIR": str(settings.build_dir)}).invoke(cli, ["case", *arguments])


def test_text_answer_says_what_it_is_and_names_the_reason_of_each_status(settings: Settings) -> None:
    result = run(settings, "ALL", "B-cell", "shorter interval")
    assert result.exit_code == 0
    assert "not medical advice" in result.output
    assert "December 2014" in result.output
    assert "claim:S15-1" in result.output
    assert "rules out" in result.output
    assert "ask next" in result.output


def test_json_answer_has_every_claim_with_its_reasons(settings: Settings) -> None:
    page = json.loads(run(settings, "feat:ALL", "feat:refractory", "--no", "B-cell", "--json").output)
    by_name = {claim["claim"]["curie"]: claim for claim in page["claims"]}
    assert by_name["claim:S07-1"]["status"] == "applies if"
    assert by_name["claim:S06-1"]["status"] == "does not apply"
    assert [
        r["state"] for r in by_name["claim:S06-1"]["reasons"] if r["feature"]["curie"] == "feat:BCell"
    ] == ["unmet"]
    assert by_name["claim:S05-3"]["cautions"] or by_name["claim:S05-3"]["limited_through"]


def test_contradiction_is_one_sentence(settings: Settings) -> None:
    result = run(settings, "B-cell", "T-cell")
    assert isinstance(result.exception, BadQuery)
    assert "exclude each other" in str(result.exception)


def test_unknown_feature_is_told_with_near_names(settings: Settings) -> None:
    result = run(settings, "B-cel")
    assert isinstance(result.exception, NotFound)
    assert "b-cell" in str(result.exception).casefold()


def test_nothing_given_is_wrong_use(settings: Settings) -> None:
    assert run(settings).exit_code == 2


def test_list_shows_every_feature(settings: Settings) -> None:
    assert "feat:BCell" in run(settings, "--list").output


def test_post_answers_json_and_forbids_keeping_it(client: FlaskClient) -> None:
    found = client.post("/case", json={"yes": ["ALL", "feat:activeRelapse"], "no": ["B-cell"]}, headers=JSON)
    assert found.status_code == 200
    assert found.headers["Cache-Control"] == "no-store"
    page = found.get_json()
    assert page["notice"]
    assert {c["status"] for c in page["claims"]} <= {"applies", "applies if", "undecided", "does not apply"}
    assert page["ask_next"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"yes": ["B-cell", "T-cell"]}, 400),
        ({"yes": "B-cell"}, 400),
        ({"maybe": []}, 400),
        ([], 400),
        ({"yes": ["no such feature"]}, 404),
    ],
)
def test_post_refuses_what_it_cannot_judge(client: FlaskClient, body: object, status: int) -> None:
    found = client.post("/case", json=body, headers=JSON)
    assert found.status_code == status
    assert "Traceback" not in found.get_data(as_text=True)


def test_a_case_reaches_neither_log_nor_store(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, settings: Settings
) -> None:
    folder = Path(settings.build_dir)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    with caplog.at_level(logging.DEBUG):
        client.post("/case", json={"yes": ["ALL", "philadelphiaChromosome"]}, headers=JSON)
    assert "philadelphia" not in caplog.text.casefold()
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert not client.get(
        "/sparql",
        query_string={"query": "ASK { ?s a <https://w3id.org/rrall-kg/ont#PatientScenario> }"},
        headers={"Accept": "application/sparql-results+json"},
    ).get_json()["boolean"]
