"""Every term is complete, every name is written down, and nothing is used that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pyoxigraph import NamedNode, RdfFormat, parse

from kg.namespaces import KG, PREFIXES
from tests.model.conftest import Ask

_NAMED = re.compile(r"`([A-Za-z][\w-]*)`")


def _terms(root: Path) -> set[str]:
    """Return the local names of all that the modules of the ontology describe."""
    return {
        quad.subject.value.removeprefix(KG)
        for path in root.glob("ontology/*.ttl")
        for quad in parse(path=path, format=RdfFormat.TURTLE)
        if isinstance(quad.subject, NamedNode) and quad.subject.value.startswith(KG)
    }


def test_the_readme_lists_every_term_of_the_ontology(root: Path) -> None:
    listed = (root / "ontology" / "README.md").read_text("utf-8").split("## Every term")[1]
    assert set(_NAMED.findall(listed.replace(".ttl`", ""))) - {"inferred"} >= _terms(root)
    assert len(_terms(root)) > 180


@pytest.mark.parametrize(
    "kind", ["diseases", "situations", "features", "interventions", "problems", "goals", "hedges"]
)
def test_the_readme_lists_every_concept(root: Path, kind: str) -> None:
    listed = set(
        _NAMED.findall((root / "data" / "README.md").read_text("utf-8").split("## Every concept")[1])
    )
    subjects = {
        quad.subject.value.rsplit("/", 1)[1]
        for quad in parse(path=root / "data" / "concepts" / f"{kind}.ttl", format=RdfFormat.TURTLE)
        if isinstance(quad.subject, NamedNode)
    }
    assert subjects
    assert subjects <= listed


def test_data_files_hold_no_blank_nodes(root: Path) -> None:
    paths = [path for path in (root / "data").rglob("*.ttl")]
    assert len(paths) >= 20
    assert [path.name for path in paths if re.search(r"(?m)^[^#\"]*(\[|_:)", path.read_text("utf-8"))] == []


def test_prefixes_are_those_of_the_namespaces(root: Path) -> None:
    files = [*root.glob("ontology/**/*.ttl"), *root.glob("data/**/*.ttl"), *root.glob("queries/checks/*.rq")]
    used = {
        (prefix, iri)
        for path in files
        for prefix, iri in re.findall(r"(?im)^@?prefix (\w+): <([^>]*)>", path.read_text("utf-8"))
    }
    assert len(used) > 15
    assert sorted(pair for pair in used if PREFIXES.get(pair[0]) not in (pair[1], None)) == []


@pytest.mark.parametrize(
    "pattern",
    [
        "<https://w3id.org/rrall-kg/ont> a owl:Ontology ; owl:versionIRI ?v ; owl:versionInfo ?i ; "
        "dcterms:title ?t ; dcterms:creator ?c ; dcterms:license ?l ; owl:imports ?m",
        "hedge:HELP-may kg:strengthRank ?low . hedge:HELP-likely kg:strengthRank ?high FILTER (?low < ?high)",
        "feat:BCell kg:incompatibleWith feat:TCell . feat:TCell kg:incompatibleWith feat:BCell",
    ],
)
def test_what_others_rely_on_is_there(ask: Ask, pattern: str) -> None:
    assert ask(pattern)


def test_every_header_import_is_a_module(root: Path) -> None:
    header = (root / "ontology" / "rrall.ttl").read_text("utf-8")
    imported = set(re.findall(r"<https://w3id.org/rrall-kg/ont/([a-z]+)>", header))
    assert imported == {path.stem for path in root.glob("ontology/*.ttl")} - {"rrall"}
