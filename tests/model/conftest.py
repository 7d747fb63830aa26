"""The real ontology and data, closed under the project's own reasoner, with seven patient cases beside."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyoxigraph import NamedNode, Quad, QueryBoolean, Store, Triple

from kg.build.loading import BuildDataset, load_project
from kg.build.reasoning import select_published
from kg.model.graphs import INFERRED, ONTOLOGY
from kg.model.recognisers import generate_recognisers
from kg.namespaces import KG, PREFIXES, RDF
from rlreason.closure import Closure, close

Ask = Callable[[str], bool]

#: the patients of the design (section 6), by the features a user would tick.
CASES = {
    "scn1": "ALL BCell shorterInterval",
    "scn2": "ALL BCell refractory completeRemission",
    "scn3": "ALL secondRemission transplantPossible",
    "scn4": "ALL philadelphiaChromosome wasTakingImatinib activeRelapse",
    "scn5": "ALL doesNotGoAway transplantNotAnOption",
    "scn6": "ALL TCell spinalFluidRelapse",
    "scn7": "ALL secondRemission transplantNotAnOption",
}
_PREFIXES = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in PREFIXES.items())


def patterns(file: str) -> dict[str, str]:
    """Return the SPARQL patterns of a table beside the tests, by name."""
    lines = (Path(__file__).parent / file).read_text("utf-8").splitlines()
    return dict(line.split("\t") for line in lines if not line.startswith("#"))


def scenario(name: str) -> NamedNode:
    """Return the IRI of a patient case."""
    return NamedNode(PREFIXES["scn"] + name)


def cases() -> Iterator[Triple]:
    """Yield the triples of the seven cases."""
    for name, features in CASES.items():
        yield Triple(scenario(name), RDF["type"], KG["PatientScenario"])
        for feature in features.split():
            yield Triple(scenario(name), KG["hasFeature"], NamedNode(PREFIXES["feat"] + feature))


@pytest.fixture(scope="session")
def dataset(root: Path) -> BuildDataset:
    """Return the graphs of the files, recognisers among them, without inferences."""
    sources = load_project(root)
    assert not sources.mistakes, sources.mistakes
    sources.dataset.add_triples(ONTOLOGY, generate_recognisers(sources.dataset.merge_reasoner_input()))
    return sources.dataset


@pytest.fixture(scope="session")
def closed(dataset: BuildDataset) -> Closure:
    """Return the closure of what the reasoner reads and the seven cases."""
    return close(dataset.merge_reasoner_input() | set(cases()))


@pytest.fixture(scope="session")
def everything(dataset: BuildDataset, closed: Closure) -> Store:
    """Return a store with every graph, the inferred one and the cases; the default graph is their union."""
    store = Store()
    given = {*dataset.merge_default_graph(), *cases()}
    inferred = set(select_published(closed.inferred, given))
    store.extend(Quad(t.subject, t.predicate, t.object) for t in given | inferred)
    graphs = {**dataset.graphs, INFERRED: inferred - given}
    store.extend(Quad(t.subject, t.predicate, t.object, name) for name, ts in graphs.items() for t in ts)
    return store


@pytest.fixture(scope="session")
def ask(everything: Store) -> Ask:
    """Return a function that says whether a graph pattern has a match; `scn1` stands for a case."""

    def holds(pattern: str) -> bool:
        text = re.sub(r"\bscn(\d)\b", r"scn:scn\1", pattern)
        answer = everything.query(f"{_PREFIXES}ASK {{ {text} }}")
        assert isinstance(answer, QueryBoolean)
        return bool(answer)

    return holds
