"""Every derived edge, and no other: the tables were read against the text by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyoxigraph import NamedNode, Triple

from kg.build.loading import BuildDataset
from kg.namespaces import KG, PREFIXES, RDF, compress_iri
from rlreason.closure import Closure, close
from tests.model.conftest import patterns, scenario

_EDGES = Path(__file__).parent / "edges.tsv"
_MATCHES = patterns("matches.tsv")


def _table() -> dict[str, set[tuple[str, str]]]:
    """Return subject and object of each edge by predicate."""
    found: dict[str, set[tuple[str, str]]] = {}
    for line in _EDGES.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            predicate, subject, object_ = line.split("\t")
            found.setdefault(predicate, set()).add((subject, object_))
    return found


@pytest.mark.parametrize("predicate", sorted(_table()))
def test_exactly_these_edges_hold(dataset: BuildDataset, closed: Closure, predicate: str) -> None:
    edges = {
        (compress_iri(t.subject.value), compress_iri(t.object.value))
        for t in {*dataset.merge_reasoner_input(), *closed.inferred}
        if t.predicate.value == PREFIXES["kg"] + predicate
        and isinstance(t.subject, NamedNode)
        and isinstance(t.object, NamedNode)
        and not t.subject.value.startswith(PREFIXES["scn"])
    }
    assert edges == _table()[predicate]


@pytest.fixture(scope="module")
def matched(dataset: BuildDataset) -> dict[str, set[str]]:
    """Return the situations that each case of the table matches, from one closure over all cases."""
    told, names = set(dataset.merge_reasoner_input()), {}
    for number, features in enumerate(_MATCHES):
        case = scenario(f"tried{number}")
        names[case] = features
        told.add(Triple(case, RDF["type"], KG["PatientScenario"]))
        told |= {
            Triple(case, KG["hasFeature"], NamedNode(PREFIXES["feat"] + name)) for name in features.split()
        }
    found: dict[str, set[str]] = {features: set() for features in _MATCHES}
    for t in close(told).inferred:
        if t.predicate == KG["matchesSituation"] and isinstance(t.subject, NamedNode):
            found[names[t.subject]].add(compress_iri(str(t.object)[1:-1]).removeprefix("sit:"))
    return found


@pytest.mark.parametrize("features", _MATCHES)
def test_a_case_matches_exactly_these_situations(matched: dict[str, set[str]], features: str) -> None:
    assert matched[features] == set(_MATCHES[features].split())
