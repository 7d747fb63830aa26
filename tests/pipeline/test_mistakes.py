"""A curator's mistakes: each a sentence with file, line and what to do; all of a run at once; exit code 1."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kg.build.building import build, check_project
from kg.build.loading import load_project
from kg.build.turtle_files import SourceLocator, read_turtle
from kg.build.vocabulary_checks import find_duplicate_definitions, find_unknown_terms
from kg.errors import BadData, Inconsistent, InvalidFiles
from kg.namespaces import KG, PREFIXES
from kg.settings import Settings

Kg = Callable[..., subprocess.CompletedProcess[str]]


def edit(path: Path, old: str, new: str) -> int:
    """Replace the first `old` in a file; return the line it stood in."""
    text = path.read_text("utf-8")
    at = text.index(old)
    path.write_text(text.replace(old, new, 1), "utf-8")
    return text[:at].count("\n") + 1


def places(folder: Path, **texts: str) -> SourceLocator:
    """Return the places of Turtle files made of `texts`."""
    for name, text in texts.items():
        (folder / f"{name}.ttl").write_text(text, "utf-8")
    return SourceLocator(read_turtle(folder / f"{name}.ttl", f"{name}.ttl") for name in texts)


def test_five_mistakes_in_one_run_are_five_sentences_with_file_line_and_remedy(
    project: Path, kg: Kg, built: Path
) -> None:
    claims = project / "data" / "claims"
    cue = edit(claims / "02-refractory.ttl", ' kg:cue "may be an option" ;', "")
    condition = edit(
        claims / "04-relapse-what.ttl",
        "kg:offersToAll int:SameTreatment ;",
        "kg:offersToAll int:SameTreatment ; kg:hasPrerequisite feat:transplantPossible ;",
    )
    term = edit(claims / "05-subtypes.ttl", "int:Nelarabine ;", "int:Nelarabin ;")
    broken = edit(claims / "08-pain.ttl", "claim:S27-1 a kg:Claim", "claim:S27-1 a a kg:Claim")
    with (claims / "09-other-symptoms.ttl").open("a", encoding="utf-8") as stream:
        stream.write("\nclaim:S07-1 a kg:Claim .\n")
    before = (built / "current").readlink()

    run = kg("build", KG_ROOT=str(project))

    assert run.returncode == 1
    assert run.stdout == ""
    assert "Traceback" not in run.stderr
    lines = run.stderr.splitlines()
    found = {
        kind: next((line for line in lines if sign in line), "")
        for kind, sign in {
            "cue": "has no cue",
            "condition": "unconditional offer has a prerequisite",
            "term": "does not exist",
            "broken": "08-pain.ttl",
            "duplicate": "is defined here and in",
        }.items()
    }
    assert found["cue"].startswith("data/claims/02-refractory.ttl:")
    assert 0 <= cue - int(found["cue"].split(":")[1]) < 4  # where the claim begins
    assert "give it one kg:cue" in found["cue"]
    assert found["condition"].startswith(f"data/claims/04-relapse-what.ttl:{condition}:")
    assert "use kg:offersIf" in found["condition"]
    assert found["term"].startswith(f"data/claims/05-subtypes.ttl:{term}:")
    assert "Did you mean int:Nelarabine" in found["term"]
    assert found["broken"].startswith(f"data/claims/08-pain.ttl:{broken}:")
    assert "Fix the Turtle" in found["broken"]
    assert found["duplicate"].startswith("data/claims/09-other-symptoms.ttl:")
    assert "Give one of the two another IRI" in found["duplicate"]
    assert lines[-1].startswith("kg: ")
    assert "mistakes; nothing was built." in lines[-1]
    assert (built / "current").readlink() == before


def test_mistakes_in_two_lines_of_one_file_and_in_another_are_all_found(tmp_path: Path) -> None:
    bad = "ex:a ex:p ex:b ex:c .\nex:d ex:p ex:e .\nex:f nope:p ex:e .\n"
    text = f"@prefix ex: <http://e/> .\n{bad}ex:g ex:p ex:h .\n"
    (tmp_path / "a.ttl").write_text(text)
    file = read_turtle(tmp_path / "a.ttl", "a.ttl")
    assert [mistake.line for mistake in file.mistakes] == [2, 4]
    assert "nope:" in file.mistakes[1].message
    assert {str(triple.subject) for triple in file.triples} >= {"<http://e/a>", "<http://e/g>"}


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        (b'@prefix ex: <http://e/> .\nex:a ex:p "\xff" .\n', 2, "not UTF-8"),
        (b'<http://e/a> <http://e/p> "open .\n', 1, ""),
        (b"<http://e/a> <http://e/p> <http://e/b>\n", 2, ""),
        (b"<http://e/a> <relative> <http://e/b> .\n", 1, "IRI"),
    ],
)
def test_an_unreadable_file_is_one_sentence_with_its_line(
    tmp_path: Path, content: bytes, line: int, what: str
) -> None:
    (tmp_path / "a.ttl").write_bytes(content)
    (mistake,) = read_turtle(tmp_path / "a.ttl", "a.ttl").mistakes
    assert (mistake.location, mistake.line) == ("a.ttl", line)
    assert what in mistake.message
    assert mistake.hint


def test_a_file_that_cannot_be_opened_is_a_mistake_of_the_run(tmp_path: Path) -> None:
    (mistake,) = read_turtle(tmp_path / "absent.ttl", "absent.ttl").mistakes
    assert "cannot be read" in mistake.message


HEAD = f"@prefix kg: <{KG}> .\n@prefix int: <{PREFIXES['int']}> .\n"
SKOS = f"@prefix skos: <{PREFIXES['skos']}> .\n"


def test_a_term_that_does_not_exist_is_reported_once_with_a_near_one(tmp_path: Path) -> None:
    where = places(
        tmp_path,
        a=HEAD + "int:Alpha a kg:Thing .\nkg:Thing a kg:Thing .\n",
        b=HEAD + "int:Beta a kg:Thing ;\n kg:like int:Alhpa, int:Alhpa .\n",
    )
    found = list(find_unknown_terms(where))
    assert [(m.location, m.line, m.message) for m in found] == [
        ("b.ttl", 4, "The term kg:like does not exist."),
        ("b.ttl", 4, "The term int:Alhpa does not exist (used in 2 places)."),
    ]
    assert "int:Alpha" in found[1].hint


def test_a_misspelt_standard_term_is_found_too(tmp_path: Path) -> None:
    where = places(tmp_path, a=HEAD + SKOS + 'kg:Thing a kg:Thing ; skos:preflabel "x" .\n')
    (mistake,) = find_unknown_terms(where)
    assert (mistake.line, "skos:prefLabel" in mistake.hint) == (4, True)


def test_terms_inside_strings_and_comments_are_no_terms(tmp_path: Path) -> None:
    text = (
        HEAD
        + '# int:Nothing\nkg:Thing a kg:Thing ; kg:Thing "int:Nope <x>", """\nint:Nope # " kg:No"""@en .\n'
    )
    assert list(find_unknown_terms(places(tmp_path, a=text))) == []


def test_a_claim_defined_in_two_files_or_twice_in_one_is_reported_where_it_comes_again(
    tmp_path: Path,
) -> None:
    where = places(
        tmp_path,
        a=HEAD + "int:A a kg:T .\nint:B a kg:T .\nint:A a kg:T .\n",
        b=HEAD + "int:B a kg:T .\n int:A kg:p 1 .\n",
    )
    found = [(m.location, m.line, m.message) for m in find_duplicate_definitions(where)]
    assert found == [
        ("a.ttl", 5, "int:A is defined here and in a.ttl:3."),
        ("b.ttl", 3, "int:B is defined here and in a.ttl:4."),
    ]


def test_a_stranger_in_a_claims_file_is_told_where_it_belongs(project: Path) -> None:
    path = project / "data" / "claims" / "02-refractory.ttl"
    path.write_text(path.read_text("utf-8") + "\nint:Blinatumomab kg:kindOf int:Chemotherapy .\n", "utf-8")
    (mistake,) = load_project(project).mistakes
    assert mistake.line == path.read_text("utf-8").count("\n")
    assert "neither a claim nor a span" in mistake.message
    assert "data/concepts/" in mistake.hint


def test_a_contradiction_is_one_paragraph_that_names_the_statements(project: Path, tmp_path: Path) -> None:
    """A class contradiction that no shape looks for: the reasoner finds it, the build stops."""
    background = project / "data" / "background.ttl"
    background.write_text(
        background.read_text("utf-8")
        + "\nkg:Goal <http://www.w3.org/2002/07/owl#disjointWith> kg:CurativeGoal .\n",
        "utf-8",
    )
    with pytest.raises(Inconsistent, match="contradict the ontology in") as caught:
        build(Settings(root=project, build_dir=tmp_path / "build"))
    assert "\n" not in str(caught.value)
    assert "Cure" in caught.value.message
    assert not (tmp_path / "build").exists()


def test_a_mapping_row_that_is_wrong_stops_the_build_too(project: Path) -> None:
    path = project / "data" / "mappings" / "accepted" / "ncit.sssom.tsv"
    lines = path.read_text("utf-8").splitlines()
    lines[-1] = lines[-1].replace("NCIT:", "NICT:")
    path.write_text("\n".join(lines) + "\n", "utf-8")
    with pytest.raises(InvalidFiles) as caught:
        check_project(Settings(root=project))
    assert [(m.location, m.line) for m in caught.value.mistakes] == [
        ("data/mappings/accepted/ncit.sssom.tsv", len(lines))
    ]


def test_an_empty_folder_is_said_to_be_one(tmp_path: Path) -> None:
    (mistake,) = load_project(tmp_path).mistakes
    assert isinstance(mistake, BadData)
    assert "There is no data." in mistake.message
