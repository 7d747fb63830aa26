"""More mistakes of a curator: odd files, questions, rules, rings; each a sentence with place and remedy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kg.build.building import check_project
from kg.build.loading import load_project
from kg.build.mapping_graph import find_mapping_mistakes
from kg.build.project_rules import load_project_rules
from kg.build.query_checks import find_question_mistakes
from kg.build.turtle_files import read_turtle
from kg.errors import BadData, InvalidFiles
from kg.settings import Settings
from kg.text_files import read_text
from tests.pipeline.test_mistakes import edit

GOOD = b"@prefix ex: <http://e/> .\nex:a ex:p ex:b .\n"
TITLED = "# title: t\n# question: q?\n# returns: r\n"


def test_marks_and_line_ends_of_other_systems_are_read(tmp_path: Path) -> None:
    for name, content in {"bom": b"\xef\xbb\xbf" + GOOD, "crlf": GOOD.replace(b"\n", b"\r\n")}.items():
        (tmp_path / name).write_bytes(content)
        file = read_turtle(tmp_path / name, name)
        assert (len(file.triples), file.mistakes) == (1, ())


@pytest.mark.parametrize("content", ["ex:a".encode("utf-16"), b"\0" * 3_000_000, GOOD + b"\xae"])
def test_bytes_that_are_no_utf8_text_are_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.ttl").write_bytes(content)
    (mistake,) = read_turtle(tmp_path / "a.ttl", "a.ttl").mistakes
    assert "UTF-8" in mistake.message
    assert mistake.hint == "Save the file as UTF-8."


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.ttl")
    with pytest.raises(BadData, match="a pipe or a device"):
        read_text(tmp_path / "a.ttl", "a.ttl")


def test_a_prefix_left_out_is_complained_of_once(tmp_path: Path) -> None:
    (tmp_path / "a.ttl").write_bytes(GOOD + b"nope:a ex:p ex:b .\nnope:b ex:p ex:c .\n")
    (mistake,) = read_turtle(tmp_path / "a.ttl", "a.ttl").mistakes
    assert str(mistake).startswith("a.ttl:3:1: The prefix nope: has not been declared. Fix")


def test_a_prefix_that_stands_for_something_else_is_complained_of(tmp_path: Path) -> None:
    (tmp_path / "a.ttl").write_text("@prefix ex: <http://e/> .\n@prefix hedge: <http://e/hedge/> .\n")
    (mistake,) = read_turtle(tmp_path / "a.ttl", "a.ttl").mistakes
    assert (mistake.line, "stands for <http://e/hedge/>" in mistake.message) == (2, True)


def test_a_file_of_another_kind_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "a.ttl").write_text("what ?\nis this ?\n" * 500)
    assert len(read_turtle(tmp_path / "a.ttl", "a.ttl").mistakes) == 21


def test_strays_strangers_and_blank_nodes_are_told_apart(project: Path) -> None:
    data = project / "data"
    (data / "claims" / "12-new.TTL").write_text("junk")
    (data / "concepts" / "mine").mkdir()
    (data / "concepts" / "mine" / "a.ttl").write_text("")
    (data / "claims" / "99.ttl").write_bytes(
        b"".join(b"<http://e/%d> <http://e/p> 1 .\n" % n for n in range(50))
    )
    goals = data / "concepts" / "goals.ttl"
    line = goals.read_text("utf-8").count("\n") + 1
    goals.write_text(goals.read_text("utf-8") + "goal:Cure kg:kindOf [ a kg:Goal ] .\n", "utf-8")
    found = {str(each) for each in load_project(project).mistakes}
    assert "data/claims/12-new.TTL: No build step reads this file." in " ".join(found)
    assert "data/concepts/mine/a.ttl: No build step reads this file." in " ".join(found)
    assert any("45 more subjects are neither claims nor spans" in each for each in found)
    assert any(each.startswith(f"data/concepts/goals.ttl:{line}:11: A blank node") for each in found)
    assert len(found) == 9


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("SELECT ?s { ?s ?p ?o }", ":1: The header needs one line `# title:`."),
        (TITLED + "SELECT ?s { ?s ?p ", ":4:11: The `{` here is not closed."),
        (TITLED + "DELETE WHERE { ?s ?p ?o }", ": It is neither SELECT nor ASK."),
        (
            TITLED + "# param: x sitation - it\nSELECT ?s {\n  VALUES ?x { <http://e/a> }\n ?s ?p ?x }",
            ":1: Parameter x has the unknown type 'sitation'. Use one of: claim,",
        ),
        ("\udcff", ":1: The file contains a byte that is not UTF-8."),
    ],
)
def test_a_question_that_cannot_be_asked_stops_the_build(project: Path, text: str, says: str) -> None:
    path = project / "queries" / "questions" / "99-new.rq"
    path.write_text(text, "utf-8", errors="surrogateescape")
    (mistake,) = find_question_mistakes(project)
    assert str(mistake).startswith(f"queries/questions/99-new.rq{says}")


def test_two_questions_of_one_name_and_a_broken_choice_are_found(project: Path) -> None:
    folder = project / "queries"
    shutil.copy(folder / "questions" / "01-raised-for.rq", folder / "questions" / "99-raised-for.rq")
    (folder / "choices" / "goal.rq").write_text("SELECT ?value WHERE { ?value ?p ?o }")
    same, choice = find_question_mistakes(project)
    assert "is also in queries/questions/01-raised-for.rq" in same.message
    assert str(choice).startswith("queries/choices/goal.rq: It must select ?value and ?label.")


def test_a_row_of_the_unmapped_that_is_no_row_is_one_complaint(project: Path) -> None:
    with (project / "data" / "mappings" / "unmapped.tsv").open("a", encoding="utf-8") as stream:
        stream.write("nonsense line\n")
    sources = load_project(project)
    (mistake,) = find_mapping_mistakes(project, sources.dataset, sources.places)
    assert mistake.location == "data/mappings/unmapped.tsv"


def test_a_rule_that_does_not_parse_is_told_by_its_path(project: Path) -> None:
    folder = project / "ontology" / "rules" / "owl2rl"
    path = next(folder.glob("*/prp-trp.rq"))
    path.write_text("CONSTRUCT { ?x a ")
    place = "^ontology/rules/owl2rl/table-5-properties/prp-trp.rq:1:1[0-9]"
    with pytest.raises(BadData, match=f"{place}: This is not a rule: it ends too early"):
        load_project_rules(project)


def test_mistakes_of_eleven_kinds_are_found_in_one_run(project: Path) -> None:
    data, queries = project / "data", project / "queries"
    refractory = data / "claims" / "02-refractory.ttl"
    edit(refractory, "kg:hasHedge hedge:OPT-may", "kg:hasHedge hedge:HELP-may")
    edit(data / "sources" / "rrall-2014" / "spans.tsv", "9f044f79", "9f044f78")
    edit(data / "claims" / "05-subtypes.ttl", "decision:A3", "decision:A33")
    edit(data / "claims" / "09-other-symptoms.ttl", "sit:AdultALL ;", '"sit:AdultALL" ;')
    edit(data / "claims" / "08-pain.ttl", "sit:PainFromALL ;", "int:Radiation ;")
    edit(data / "sources" / "rrall-2014" / "document.ttl", '"2014-12-02"^^', '"2014-13-02"^^')
    edit(data / "sources" / "rrall-2014" / "segments.tsv", "\t645\t143", "\t646\t143")
    edit(
        data / "concepts" / "situations.ttl",
        "feat:relapsedOrRefractory .",
        "feat:relapsedOrRefractory ; kg:broaderSituation sit:RRALL .",
    )
    with (data / "concepts" / "interventions.ttl").open("a", encoding="utf-8") as stream:
        stream.write('int:New a kg:Procedure ; skos:prefLabel "new"@en ; skos:definition "New."@en .\n')
    with (data / "background.ttl").open("a", encoding="utf-8") as stream:
        stream.write("int:Radiation kg:optionFor sit:RelapsedALL .\n")
    (queries / "checks" / "99-new.rq").write_text("SELECT ?focus ?message { ?focus ?p ?message }")
    with pytest.raises(InvalidFiles) as caught:
        check_project(Settings(root=project))
    lines = str(caught.value).splitlines()
    for start, words in {
        "data/background.ttl:": "kg:optionFor is derived, never asserted",
        "data/claims/02-refractory.ttl:27:1:": '"may be tried" is listed under hedge:OPT-may',
        "data/claims/02-refractory.ttl:53:1:": "the span is the whole of sent:S07 and has another hash",
        "data/claims/05-subtypes.ttl:16:25:": "decision:A33 does not exist. Did you mean decision:A3",
        "data/claims/08-pain.ttl:": "kg:appliesTo has int:Radiation, which is not a kg:ClinicalSituation",
        "data/claims/09-other-symptoms.ttl:": "kg:appliesTo has a text: sit:AdultALL",
        "data/concepts/interventions.ttl:": "int:New has neither a mapping nor a reason. Add a row",
        "data/concepts/situations.ttl:": "sit:RRALL: It comes to stand above itself; drop one",
        "data/sources/rrall-2014/document.ttl:": "kg:lastReviewed must be one xsd:date",
        "data/claims/03-relapse-where.ttl:13:": "from 645 to 723, length 78",
        "queries/checks/99-new.rq:1:": "The header needs a line `# title:`",
    }.items():
        assert any(line.startswith(start) and words in line for line in lines), (start, words, lines)
    assert "https://w3id.org/" not in str(caught.value)


@pytest.mark.parametrize(
    "words", [("ask", "raised-for"), ("coverage",), ("query", "ASK {}"), ("ask", "--list")]
)
def test_a_full_disk_behind_the_output_is_one_sentence(built: Path, words: tuple[str, ...]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("w") as full:
        run = subprocess.run(
            [sys.executable, "-m", "kg", *words],
            env={**os.environ, "KG_BUILD_DIR": str(built)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
    assert run.returncode == 1
    assert "kg: The output cannot be written: the disk is full." in run.stderr
    assert "Traceback" not in run.stderr


def test_a_terminal_without_the_sign_shows_a_question_mark(built: Path) -> None:
    environment = {**os.environ, "KG_BUILD_DIR": str(built), "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "kg", "query", "SELECT ?cue { claim:S19-1 kg:conditionCue ?cue }"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (run.returncode, "doesn?t go away" in run.stdout) == (0, True), run.stderr


def test_a_narrow_terminal_gets_a_line_a_value(built: Path) -> None:
    master, slave = os.openpty()
    environment = {**os.environ, "KG_BUILD_DIR": str(built), "COLUMNS": "40", "TERM": "xterm"}
    command = [sys.executable, "-m", "kg", "ask", "raised-for"]
    run = subprocess.run(
        command, env=environment, stdout=slave, stderr=subprocess.DEVNULL, check=False, timeout=60
    )
    os.close(slave)
    shown = os.read(master, 65_536).decode()
    os.close(master)
    assert run.returncode == 0
    assert "intervention: more chemotherapy" in shown
    assert "sentence: S11" in shown


UPDATES = ("DELETE WHERE { ?s ?p ?o }", "PREFIX e: <http://e/>\n# x\ninsert data { e:a e:b 1 }")


@pytest.mark.parametrize("update", UPDATES)
def test_an_update_is_called_one(built: Path, update: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "kg", "query", update],
        env={**os.environ, "KG_BUILD_DIR": str(built)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (run.returncode, "This is an update. Nothing is written" in run.stderr) == (1, True), run.stderr
