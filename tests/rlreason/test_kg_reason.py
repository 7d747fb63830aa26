"""`kg reason`: files in, closure out, exit codes as told."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pyoxigraph import RdfFormat, parse

from kg.cli import cli, main
from kg.errors import BadData

PREFIX = "@prefix : <http://example.org/> . @prefix owl: <http://www.w3.org/2002/07/owl#> . "
SUB = "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . :C rdfs:subClassOf :D . :a a :C . "


def run(*arguments: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(cli, ["reason", *arguments])


def given(folder: Path, name: str, text: str) -> str:
    """Write a file and return its name."""
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return str(path)


def test_consistent_input_gives_n_triples_on_stdout_and_zero(tmp_path: Path) -> None:
    result = run(given(tmp_path, "a.ttl", PREFIX + SUB))
    assert result.exit_code == 0
    assert [str(q.object) for q in parse(result.stdout, format=RdfFormat.N_TRIPLES)] == [
        "<http://example.org/D>"
    ]


def test_inconsistent_input_still_writes_the_closure_and_gives_three(tmp_path: Path) -> None:
    output = tmp_path / "out.nt"
    text = PREFIX + SUB + ":p a owl:FunctionalProperty . :a :p 1, 2 ."
    result = run(given(tmp_path, "a.ttl", text), "--output", str(output))
    assert result.exit_code == 3
    assert "dt-diff" in result.stderr
    assert len(list(parse(path=str(output)))) == 1


def test_a_contradiction_is_told_with_its_proof(tmp_path: Path) -> None:
    text = PREFIX + SUB + ":D owl:disjointWith :E . :a a :E ."
    told = run(given(tmp_path, "a.ttl", text)).stderr
    assert "cax-dw" in told
    assert "rdf:type <http://example.org/D> follows by cax-sco" in told
    assert "<http://example.org/a> rdf:type <http://example.org/C> is given" in told


def test_several_files_packed_or_not_are_read_as_one_graph(tmp_path: Path) -> None:
    one = given(
        tmp_path,
        "a.ttl",
        PREFIX + "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . :C rdfs:subClassOf :D .",
    )
    two = given(
        tmp_path,
        "b.nt.gz",
        "<http://example.org/a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://example.org/C> .\n",
    )
    assert "example.org/D" in run(one, two).stdout


def test_blank_nodes_of_two_files_do_not_meet(tmp_path: Path) -> None:
    one = given(tmp_path, "a.nt", "_:x <http://www.w3.org/2002/07/owl#sameAs> <http://example.org/a> .\n")
    two = given(tmp_path, "b.nt", "_:x <http://example.org/p> <http://example.org/b> .\n")
    assert "<http://example.org/a> <http://example.org/p>" not in run(one, two).stdout


def test_axiomatic_adds_what_is_noise_by_default(tmp_path: Path) -> None:
    name = given(tmp_path, "a.ttl", PREFIX + ":C a owl:Class .")
    assert run(name).stdout == ""
    assert (
        "<http://example.org/C> <http://www.w3.org/2002/07/owl#sameAs> <http://example.org/C>"
        in run(name, "--axiomatic").stdout
    )


def test_output_never_has_a_literal_in_front(tmp_path: Path) -> None:
    name = given(tmp_path, "a.ttl", PREFIX + ":p a owl:FunctionalProperty . :a :p 1, 1.0 .")
    lines = run(name, "--axiomatic").stdout.splitlines()
    assert lines
    assert not [line for line in lines if line.startswith('"')]


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("a.ttl", ":a :b", "a.ttl:1:"),
        ("b.nt", "<http://e/a> <http://e/b>\n<", "b.nt:2:1"),
        ("c.rdf", "<rdf:RDF>", "c.rdf"),
    ],
)
def test_unreadable_input_is_told_with_its_place(
    name: str,
    text: str,
    place: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["kg", "reason", given(tmp_path, name, text)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    told = capsys.readouterr().err
    assert place in told
    assert "Traceback" not in told


@pytest.mark.parametrize("arguments", [[], ["--nonsense"], ["a.ttl", "--output"]])
def test_wrong_use_gives_two(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


def test_empty_file_is_an_empty_graph(tmp_path: Path) -> None:
    result = run(given(tmp_path, "a.ttl", ""))
    assert (result.exit_code, result.stdout) == (0, "")


RESTRICTIONS = """@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
:A rdfs:subClassOf :B , [ a owl:Restriction ; owl:onProperty :p ; owl:someValuesFrom :D ] .
:B rdfs:subClassOf [ a owl:Restriction ; owl:onProperty :p ; owl:someValuesFrom :D ] .
:D rdfs:subClassOf :E . :x a :A ."""


def test_unnamed_class_expressions_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    """MONDO made 44 times as many triples as it has, nearly all about blank nodes."""
    name = given(tmp_path, "a.ttl", PREFIX + RESTRICTIONS)
    result = run(name)
    assert result.stdout.splitlines() == [
        "<http://example.org/x> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://example.org/B> ."
    ]
    assert "the 2 class expressions without a name is left out (--unnamed writes it)" in result.stderr
    more = run(name, "--unnamed")
    assert more.stderr == ""
    assert more.stdout.count("_:") == 3
    assert set(result.stdout.splitlines()) <= set(more.stdout.splitlines())


def test_a_definition_by_an_unnamed_class_still_classifies(tmp_path: Path) -> None:
    text = (
        RESTRICTIONS
        + ":F owl:equivalentClass [ a owl:Restriction ; owl:onProperty :p ; owl:someValuesFrom :E ] ."
    )
    lines = run(given(tmp_path, "a.ttl", PREFIX + text)).stdout.splitlines()
    assert {line.split()[0][-2] for line in lines if line.endswith("/F> .")} == {"A", "B", "x"}


def test_what_is_written_of_real_ontologies_is_of_the_order_of_what_was_read(
    shared: Path, tmp_path: Path
) -> None:
    """Another ontology beside it never takes a triple away: a threshold once did."""
    folder, output = shared / "ontologies" / "ontologies", tmp_path / "out.nt"
    written = {}
    for name, most in (("maxo-base.owl.gz", 40_470), ("ro.owl", 11_640), ("biolink_model.owl.ttl", 20_771)):
        assert run(str(folder / name), "--output", str(output)).exit_code in (0, 3)
        written[name] = set(output.read_bytes().splitlines())
        assert 1_000 < len(written[name]) < most
    both = run(str(folder / "maxo-base.owl.gz"), str(folder / "ro.owl"), "--output", str(output))
    assert both.exit_code == 0
    asserted = run(str(folder / "ro.owl"), "--with-input").stdout.encode().splitlines()
    assert written["maxo-base.owl.gz"] <= {*output.read_bytes().splitlines(), *asserted}


def test_datatypes_outside_the_profile_are_noted_once(tmp_path: Path) -> None:
    """A date that does not exist passed without a word."""
    text = """@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
    :a :on "2025-02-30"^^xsd:date , "2025-02-28"^^xsd:date ; :share "1/3"^^owl:rational .
    :d a <http://www.w3.org/2000/01/rdf-schema#Datatype> ; owl:onDatatype xsd:integer ;
       owl:withRestrictions ( [ xsd:minInclusive 5 ] ) ."""
    result = run(given(tmp_path, "a.ttl", PREFIX + text))
    assert result.exit_code == 0
    (note,) = result.stderr.splitlines()
    assert note.startswith("kg: xsd:date, owl:rational, owl:withRestrictions: outside OWL 2 RL; ")


def test_with_input_writes_one_graph_in_which_blank_nodes_meet(tmp_path: Path) -> None:
    text = PREFIX + SUB + "[] a :C ; :name 'x' ."
    quads = list(
        parse(run(given(tmp_path, "a.ttl", text), "--with-input").stdout, format=RdfFormat.N_TRIPLES)
    )
    (named,) = [quad.subject for quad in quads if quad.predicate.value.endswith("/name")]
    assert {str(quad.object) for quad in quads if quad.subject == named} == {
        '"x"',
        "<http://example.org/C>",
        "<http://example.org/D>",
    }


def test_rdf_xml_with_entities_in_single_quotes_is_read(tmp_path: Path) -> None:
    """XML allows either quote; the W3C's own OWL 2 tests use the single one."""
    text = """<?xml version='1.0'?>
<!DOCTYPE rdf:RDF [<!ENTITY rdfs 'http://www.w3.org/2000/01/rdf-schema#'> <!ENTITY ex  "http://example.org/">]>
<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns:rdfs='&rdfs;' xmlns='&ex;'>
  <C rdf:about='&ex;it&apos;s'/>
  <rdf:Description rdf:about='&ex;C'><rdfs:subClassOf rdf:resource='&ex;D'/></rdf:Description>
</rdf:RDF>"""
    for name in ("a.owl", "a.rdf", "a.owl.gz"):
        assert run(given(tmp_path, name, text)).stdout.endswith("<http://example.org/D> .\n")
    broken = run(given(tmp_path, "b.rdf", text.replace("</rdf:RDF>", "</RDF>")))
    assert isinstance(broken.exception, BadData)
    assert (broken.exception.line, broken.exception.column) == (6, 3)


def test_a_property_chain_that_is_no_list_is_read_in_part_with_a_note(tmp_path: Path) -> None:
    """A cell with 100 rdf:first gave 64 of 100 without a word; a long list ended in a RecursionError."""
    chain = ":p owl:propertyChainAxiom :l . :l rdf:rest rdf:nil ; rdf:first " + ", ".join(
        f":q{i}" for i in range(100)
    )
    rdf = "@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> . "
    result = run(given(tmp_path, "a.ttl", f"{PREFIX}{rdf}{chain} . :a :q0 :b ."))
    assert "<http://example.org/a> <http://example.org/p> <http://example.org/b> ." in result.stdout
    assert "the property chain <http://example.org/l> is not a list" in result.stderr
    assert "only 64 were read" in result.stderr
    long = f":p owl:propertyChainAxiom ({':q ' * 1200}) . "
    result = run(given(tmp_path, "b.ttl", f"{PREFIX}{long} :a :p :b ."))
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
