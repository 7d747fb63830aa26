"""The commands as a user runs them: output, exit codes, and a sentence where something is wrong."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kg.settings import Settings
from tests.demo_document import TEXT

ROOT = Path(__file__).resolve().parents[2]
Kg = Callable[..., subprocess.CompletedProcess[str]]


def test_coverage_lists_36_segments_and_71_claims_with_none_open(kg: Kg) -> None:
    run = kg("coverage")
    assert run.returncode == 0
    assert "36 segments, 71 claims: 35 claimed, 1 set aside, 0 open." in run.stdout
    assert "S02    page control 29-41  set aside: " in run.stdout
    assert "S07-1" in run.stdout


def test_coverage_as_json_has_the_same_totals_and_no_quotes(kg: Kg) -> None:
    ((found),) = json.loads(kg("coverage", "--format", "json", "--document", "rrall-2014").stdout)
    assert (found["segments"], found["claims"], found["open"], found["set_aside"]) == (36, 71, 0, 1)
    assert sum(len(row["claims"]) for row in found["rows"]) == 71
    assert "quote" not in found["rows"][0]
    assert "share_inside_spans" not in found


def test_with_the_readers_copy_coverage_shows_quotes_and_the_share(kg: Kg, demo_settings: Settings) -> None:
    own = {"KG_ROOT": str(demo_settings.root), "KG_SOURCE_TEXT": str(TEXT)}
    found, other = json.loads(kg("coverage", "--format", "json", **own).stdout)
    whole = TEXT.read_text("utf-8")
    inside = "".join((whole[0:51] + whole[52:105] + whole[111:140]).split())
    assert found["share_inside_spans"] == pytest.approx(len(inside) / len("".join(whole.split())), abs=0.001)
    assert [row["quote"] for row in found["rows"]] == whole.splitlines()
    assert "quote" not in other["rows"][0]
    assert "of the visible characters are inside" in kg("coverage", "--document", "demo", **own).stdout


def test_coverage_fails_when_a_sentence_has_neither_claim_nor_reason(kg: Kg, project: Path) -> None:
    (project / "data" / "sources" / "rrall-2014" / "set-aside.ttl").unlink()
    run = kg("coverage", KG_ROOT=str(project))
    assert run.returncode == 1
    assert "OPEN: no claim, no reason" in run.stdout
    assert "1 open." in run.stdout


def test_coverage_of_an_unknown_document_names_those_there_are(kg: Kg) -> None:
    run = kg("coverage", "--document", "rrall-2015")
    assert run.returncode == 1
    assert "Did you mean rrall-2014?" in run.stderr


def test_query_reads_a_file_a_text_and_standard_input(kg: Kg) -> None:
    text = "SELECT ?i WHERE { ?i kg:optionFor sit:RelapsedBALL }"
    assert "int:Blinatumomab" in kg("query", text).stdout
    path = ROOT / "queries" / "questions" / "01-raised-for.rq"
    assert "int:MoreChemotherapy" in kg("query", str(path)).stdout
    rows = list(csv.reader(io.StringIO(kg("query", "--format", "csv", text).stdout)))
    assert rows == [["i"], ["https://w3id.org/rrall-kg/intervention/Blinatumomab"]]
    found = json.loads(kg("query", "--format", "json", text).stdout)
    assert found["head"] == {"vars": ["i"]}
    assert found["results"]["bindings"][0]["i"]["type"] == "uri"


def test_query_answers_ask_construct_and_describe(kg: Kg) -> None:
    assert "true" in kg("query", "ASK { int:Blinatumomab kg:optionFor sit:RelapsedBALL }").stdout
    turtle = kg("query", "CONSTRUCT { ?c kg:cue ?w } WHERE { ?c kg:cue ?w } LIMIT 1").stdout
    assert "@prefix claim:" in turtle
    described = kg("query", "DESCRIBE claim:S07-1").stdout
    assert "kg:cue" in described
    assert_only_used_prefixes(described)


def assert_only_used_prefixes(turtle: str) -> None:
    """Check that each prefix declared in a Turtle text is used; `a` and plain strings have theirs unseen."""
    lines = turtle.splitlines()
    declared = {line.split()[1] for line in lines if line.startswith("@prefix")}
    body = "\n".join(line for line in lines if not line.startswith("@prefix"))
    assert declared
    assert {name for name in declared if name not in body} <= {"rdf:", "xsd:"}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT * { ?x kg:treats ?y }", "kg:treats occurs nowhere in this graph."),
        (
            "SELECT * { ?x kg:optionsFor ?y }",
            "kg:optionsFor occurs nowhere in this graph; did you mean kg:optionFor",
        ),
        ("ASK { int:Blinatumomb ?p ?y }", "did you mean int:Blinatumomab?"),
        ("SELECT * { GRAPH graph:inferred { int:Blinatumomab a kg:Claim } } # kg:nope", ""),
        ('SELECT * { ?x kg:cue "kg:nope" }', ""),
        ("SELECT * { ?x kg:cue ?y OPTIONAL { ?x kg:nope ?z } }", ""),
    ],
)
def test_an_empty_answer_names_the_terms_that_occur_nowhere(kg: Kg, query: str, said: str) -> None:
    run = kg("query", query)
    assert run.returncode == 0
    assert said in run.stderr
    assert bool(said) == ("nowhere" in run.stderr)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("query", "SELECT ?i WHERE { ?i kg:optionFor "), 1, "query:1:"),
        (("query", "SELECT ?i WHERE {\n ?i nope:x ?o }"), 1, "query:2:"),
        (("query", "INSERT DATA { <http://a> <http://b> <http://c> }"), 1, ""),
        (("query", "absent.rq"), 1, "There is no such file"),
        (("query",), 2, "Missing argument"),
        (("ask",), 2, "kg ask --list"),
        (("ask", "--list", "nonsense"), 2, "No question contains 'nonsense'"),
        (("ask", "raised-four"), 1, "Did you mean raised-for"),
        (("ask", "raised-for", "--situation", "RelapsdALL"), 1, "Did you mean RelapsedALL"),
        (("ask", "raised-for", "--situation"), 2, "--situation needs a value"),
        (("ask", "raised-for", "--drug", "x"), 2, "no parameter --drug"),
        (("ask", "raised-for", "RelapsedALL"), 2, "Expected --PARAMETER"),
        (("build", "--reasoner", "magic"), 1, "Use one of: rules, owlrl"),
        (("nonsense",), 2, "No such command"),
        (("coverage", "--format", "xml"), 2, "'xml'"),
    ],
)
def test_wrong_use_and_bad_input_are_a_sentence_and_an_exit_code(
    kg: Kg, words: tuple[str, ...], code: int, said: str
) -> None:
    run = kg(*words)
    assert run.returncode == code, run.stderr
    assert said in run.stderr
    assert "Traceback" not in run.stderr
    assert run.stdout == ""


def test_ask_lists_every_question_with_its_parameters(kg: Kg) -> None:
    lines = kg("ask", "--list").stdout.splitlines()
    assert sum(line[:2].strip().isdigit() for line in lines) >= 38
    assert any("--situation" in line and "sit:RelapsedALL" in line for line in lines)
    assert "A case" in lines
    codes = kg("ask", "--list", "codes").stdout.splitlines()
    assert codes[0] == "Codes and outside vocabularies"
    assert any(line.endswith("[needs the import mondo]") for line in codes)
    assert len(codes) < len(lines) / 2


def test_ask_gives_table_csv_json_and_the_query(kg: Kg) -> None:
    table = kg("ask", "option-where", "--intervention", "blinatumomab")
    assert "relapsed B-cell ALL" in table.stdout
    assert "S15-1" in table.stdout
    rows = list(csv.reader(io.StringIO(kg("ask", "option-where", "--format", "csv").stdout)))
    assert len(rows) == 3
    found = json.loads(kg("ask", "treats-anything", "--format", "json").stdout)
    assert found["results"]["bindings"] == [
        {
            "answer": {
                "type": "literal",
                "value": "false",
                "datatype": "http://www.w3.org/2001/XMLSchema#boolean",
            }
        }
    ]
    query = kg("ask", "3", "--intervention=nelarabine", "--show-query").stdout
    assert "VALUES ?intervention { <https://w3id.org/rrall-kg/intervention/Nelarabine> }" in query
    assert "sit:RRTALL" in kg("query", query).stdout


def test_ask_takes_a_parameter_more_than_once_where_the_question_does(kg: Kg) -> None:
    run = kg("ask", "case-unmet", "--feature", "ALL", "--feature", "second remission", "--format", "csv")
    assert "S18-1" in run.stdout
    assert "transplantPossible" in run.stdout


def test_a_parameter_not_given_is_said_to_be_the_example_in_one_line(kg: Kg) -> None:
    run = kg("ask", "what-the-machine-added")
    assert run.returncode == 0
    assert len(run.stderr.splitlines()) == 2  # the example, and the number of rows
    run = kg("ask", "raised-for")
    assert "situation: sit:RelapsedALL (the example). It takes " in run.stderr
    listing = "kg ask raised-for --situation"
    assert f"`{listing}` lists them." in run.stderr
    assert "RelapsedBALL" in kg(*listing.split()[1:]).stderr


@pytest.mark.parametrize(
    ("situation", "said"),
    [
        ("RRALL", "Narrower situations also have results: "),
        (
            "RelapsedBALL",
            "A broader situation also has results: relapsed ALL (kg ask raised-for --situation",
        ),
    ],
)
def test_an_answer_points_to_what_is_said_of_broader_and_narrower_situations(
    kg: Kg, situation: str, said: str
) -> None:
    run = kg("ask", "raised-for", "--situation", situation)
    assert said in run.stderr
    pointed = run.stderr.rpartition("(kg ")[2].rpartition(")")[0]
    assert len(kg(*pointed.split()).stdout.splitlines()) > 1


def test_without_a_build_ask_says_what_to_do(kg: Kg, tmp_path: Path) -> None:
    run = kg("ask", "raised-for", KG_BUILD_DIR=str(tmp_path))
    assert run.returncode == 1
    assert "Run `kg build`" in run.stderr


@pytest.mark.parametrize("command", ["build", "check", "coverage", "query", "ask"])
def test_help_has_examples_and_exit_codes(kg: Kg, command: str) -> None:
    text = kg(command, "--help").stdout
    assert "Examples:" in text
    assert f"  kg {command}" in text
    assert "Exit codes: 0" in text
