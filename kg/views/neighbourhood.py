"""The neighbourhood of an entity as nodes and edges: for the drawing, and for the table beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kg.views.entity import EntityPage
from kg.views.statements import Statement
from kg.views.terms import Ref

#: more nodes than this and a drawing says nothing
MOST_NODES = 60


@dataclass(frozen=True, slots=True)
class Node:
    """A dot of the drawing."""

    id: str
    label: str
    kind: str
    href: str


@dataclass(frozen=True, slots=True)
class Link:
    """A line of the drawing; `hedge` is the wording, `level` its place on the scale."""

    source: str
    target: str
    label: str
    mark: str
    hedge: str
    level: str
    negative: bool


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Nodes, the entity itself first, and links between them; `cut` when some were left out."""

    nodes: tuple[Node, ...]
    edges: tuple[Link, ...]
    cut: bool


def neighbourhood(page: EntityPage) -> Neighbourhood:
    """Return what stands around an entity: what claims join it to, and what it is linked to."""
    pairs = [*_said(page), *_linked(page)]
    refs = {page.ref.iri: page.ref}
    for source, target, _link in pairs:
        refs.setdefault(source.iri, source)
        refs.setdefault(target.iri, target)
    kept = dict(list(refs.items())[:MOST_NODES])
    links = {link: None for source, target, link in pairs if source.iri in kept and target.iri in kept}
    nodes = tuple(Node(ref.iri, ref.label, ref.kind, ref.href) for ref in kept.values())
    return Neighbourhood(nodes, tuple(links), len(refs) > MOST_NODES)


_Pair = tuple[Ref, Ref, Link]


def _said(page: EntityPage) -> Iterator[_Pair]:
    """Yield a line from each intervention a claim speaks of to what it speaks for."""
    for item in (*page.offers, *page.cautions):
        for thing in item.interventions:
            for target in item.problems or item.situations:
                yield thing, target, _claim_link(item, thing, target)


def _claim_link(item: Statement, thing: Ref, target: Ref) -> Link:
    badge = item.hedges[0] if item.hedges else None
    words = " … ".join(item.cues)
    label = f"only if: {words}" if item.prerequisites else words
    return Link(
        thing.iri,
        target.iri,
        label,
        "asserted",
        badge.label if badge else "",
        badge.level if badge else "fact",
        item.negative,
    )


def _linked(page: EntityPage) -> Iterator[_Pair]:
    """Yield the stated and the derived links between concepts, but not what a claim's own line says."""
    said = {(source.iri, target.iri, link.negative) for source, target, link in _said(page)}
    for edge in (*page.facts, *page.incoming, *page.inferred):
        repeated = (edge.subject.iri, edge.object.iri, edge.negative) in said
        if edge.object.kind in _DRAWN and edge.subject.kind in _DRAWN and not repeated:
            link = Link(
                edge.subject.iri, edge.object.iri, edge.property.label, edge.mark, "", "fact", edge.negative
            )
            yield edge.subject, edge.object, link


_DRAWN = frozenset({"disease", "situation", "feature", "intervention", "problem", "goal"})
