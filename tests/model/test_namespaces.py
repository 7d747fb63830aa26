"""Namespaces are closed: what Python names, the ontology declares; one converter makes and reads CURIEs."""

from __future__ import annotations

import ast
import re

import pytest
from curies import Converter
from pyoxigraph import NamedNode, RdfFormat, parse

from kg.cli.output import format_term
from kg.model.term_names import TermNames
from kg.namespaces import BASE, KG, OBO, PREFIXES, SKOS, compress_iri, expand_curie, get_local_name
from kg.pages.term_refs import TermLabels
from tests.conftest import ROOT


def read_declared_terms() -> set[str]:
    """Return the local names that the modules of the ontology describe."""
    return {
        quad.subject.value.removeprefix(KG)
        for path in ROOT.glob("ontology/*.ttl")
        for quad in parse(path=path, format=RdfFormat.TURTLE)
        if isinstance(quad.subject, NamedNode) and quad.subject.value.startswith(KG)
    }


def test_every_term_that_python_names_is_declared() -> None:
    declared = read_declared_terms()
    assert len(declared) > 250
    assert KG._names - declared == set()


def test_every_listed_term_is_named_somewhere() -> None:
    folders = ("kg", "sparqlhost", "tests", "benchmarks")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    quoted = {
        word
        for path in paths
        if path.name != "namespaces.py"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for word in node.value.split()
    }
    assert sorted(KG._names - quoted) == []


def test_a_term_that_is_not_listed_raises() -> None:
    with pytest.raises(KeyError, match="hasFeatrue is not listed"):
        KG["hasFeatrue"]
    with pytest.raises(KeyError, match="prefLable"):
        SKOS["prefLable"]


IRIS = [
    *(namespace + "Local-1" for namespace in PREFIXES.values()),
    BASE + "claim/S07-1",
    BASE + "graph/claim/S07-1/assertion",
    str(KG) + "offers",
    "http://example.org/x",
    "urn:x:y",
]


@pytest.mark.parametrize("iri", IRIS)
def test_curies_agree_with_the_library_and_can_be_read_back(iri: str) -> None:
    expected = Converter.from_prefix_map(dict(PREFIXES)).compress(iri) or iri
    assert compress_iri(iri) == expected
    assert expand_curie(expected) == iri


@pytest.mark.parametrize(
    ("iri", "curie"),
    [
        (OBO + "CHEBI_15365", "CHEBI:15365"),
        (OBO + "NCIT_C3167", "NCIT:C3167"),
        (OBO + "IAO_0000115", "IAO:0000115"),
        (OBO + "doid.owl", "obo:doid.owl"),
        (str(KG), str(KG)),
        (BASE + "intervention/Blinatumomab", "int:Blinatumomab"),
    ],
)
def test_command_line_page_and_messages_print_one_term_alike(iri: str, curie: str) -> None:
    names = TermNames.from_rows([(NamedNode(iri), "x", True), (NamedNode("http://e/y"), "x", True)])
    assert compress_iri(iri) == curie
    assert format_term(NamedNode(iri)) == curie
    assert TermLabels({}).ref(NamedNode(iri)).curie == curie
    with pytest.raises(Exception, match=re.escape(curie)):
        names.find_term("x")


@pytest.mark.parametrize(
    ("name", "local"), [(BASE + "claim/S07-1", "S07-1"), (str(KG) + "offers", "offers"), ("sit:A", "A")]
)
def test_a_local_name_is_the_last_part(name: str, local: str) -> None:
    assert get_local_name(name) == local
