"""What would fall without a claim: its assertion is taken out of the closure, and the loss is read off."""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import Triple

from kg.namespaces import BASE, CLAIM, GRAPH
from kg.reasoning.materialisation import Materialization
from kg.store.protocol import Store
from kg.views.terms import Term, entity_kind

_REASONER_GRAPHS = (GRAPH["ontology"], GRAPH["asserted"], GRAPH["background"])
_CONCEPT_KINDS = frozenset({"disease", "situation", "feature", "intervention", "problem", "goal"})


def load_closure(store: Store) -> Materialization:
    """Return the closure of what the reasoner reads: ontology, asserted, background and claims."""
    assertions = (graph for graph in store.graph_names() if _is_claim_assertion(graph.value))
    return Materialization(
        {triple for graph in (*_REASONER_GRAPHS, *assertions) for triple in store.read_graph(graph)}
    )


def _is_claim_assertion(graph: str) -> bool:
    return graph.startswith(f"{GRAPH}claim/") and graph.endswith("/assertion")


def find_retraction_impact(
    store: Store, closure: Materialization, claim: str
) -> Iterator[tuple[Term, Term, Term]]:
    """Yield the derived statements between concepts that would have no proof left without `claim`."""
    gone = list(store.read_graph(GRAPH[f"claim/{claim.removeprefix(CLAIM)}/assertion"]))
    lost = closure.copy().remove(gone).removed
    for triple in sorted(lost, key=str):
        if _joins_concepts(triple):
            yield triple.subject, triple.predicate, triple.object


def _joins_concepts(triple: Triple) -> bool:
    ends = (getattr(triple.subject, "value", ""), getattr(triple.object, "value", ""))
    return all(end.startswith(BASE) and entity_kind(end) in _CONCEPT_KINDS for end in ends)
