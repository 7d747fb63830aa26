"""What would fall without a claim: its assertion is taken out of the closure, and the loss is read off."""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import Triple

from kg.namespaces import BASE, CLAIM, GRAPH
from kg.reasoning.materialisation import Materialisation
from kg.store.protocol import Store
from kg.views.terms import Term, kind_of

_READ = (GRAPH["ontology"], GRAPH["asserted"], GRAPH["background"])
_CONCEPTS = frozenset({"disease", "situation", "feature", "intervention", "problem", "goal"})


def materialisation(store: Store) -> Materialisation:
    """Return the closure of what the reasoner reads: ontology, asserted, background and claims."""
    assertions = (graph for graph in store.graphs() if _is_assertion(graph.value))
    return Materialisation({triple for graph in (*_READ, *assertions) for triple in store.quads(graph)})


def _is_assertion(graph: str) -> bool:
    return graph.startswith(f"{GRAPH}claim/") and graph.endswith("/assertion")


def falling(store: Store, closure: Materialisation, claim: str) -> Iterator[tuple[Term, Term, Term]]:
    """Yield the derived statements between concepts that would have no proof left without `claim`."""
    gone = list(store.quads(GRAPH[f"claim/{claim.removeprefix(CLAIM)}/assertion"]))
    lost = closure.copy().remove(gone).removed
    for triple in sorted(lost, key=str):
        if _between_concepts(triple):
            yield triple.subject, triple.predicate, triple.object


def _between_concepts(triple: Triple) -> bool:
    ends = (getattr(triple.subject, "value", ""), getattr(triple.object, "value", ""))
    return all(end.startswith(BASE) and kind_of(end) in _CONCEPTS for end in ends)
