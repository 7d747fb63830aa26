"""The neighbourhood of an entity as nodes and edges: for the drawing, and for the table beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kg.pages.entity.view import EntityPage
from kg.pages.statements import ClaimStatement
from kg.pages.term_refs import TermRef

#: more nodes than this and a drawing says nothing
MAX_NODES = 60


@dataclass(frozen=True, slots=True)
class DrawingNode:
    """A dot of the drawing."""

    id: str
    label: str
    kind: str
    href: str


@dataclass(frozen=True, slots=True)
class DrawingLink:
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

    nodes: tuple[DrawingNode, ...]
    edges: tuple[DrawingLink, ...]
    cut: bool


def draw_neighbourhood(page: EntityPage) -> Neighbourhood:
    """Return what stands around an entity: what claims join it to, and what it is linked to."""
    pairs = [*_claim_links(page), *_concept_links(page)]
    refs = {page.ref.iri: page.ref}
    for source, target, _link in pairs:
        refs.setdefault(source.iri, source)
        refs.setdefault(target.iri, target)
    kept = dict(list(refs.items())[:MAX_NODES])
    links = {link: None for source, target, link in pairs if source.iri in kept and target.iri in kept}
    nodes = tuple(DrawingNode(ref.iri, ref.label, ref.kind, ref.href) for ref in kept.values())
    return Neighbourhood(nodes, tuple(links), len(refs) > MAX_NODES)


_LinkEnds = tuple[TermRef, TermRef, DrawingLink]


def _claim_links(page: EntityPage) -> Iterator[_LinkEnds]:
    """Yield a line from each intervention a claim speaks of to what it speaks for."""
    for item in (*page.offers, *page.cautions):
        for thing in item.interventions:
            for target in item.problems or item.situations:
                yield thing, target, _make_claim_link(item, thing, target)


def _make_claim_link(claim: ClaimStatement, intervention: TermRef, target: TermRef) -> DrawingLink:
    badge = claim.hedges[0] if claim.hedges else None
    words = " … ".join(claim.cues)
    label = f"only if: {words}" if claim.prerequisites else words
    return DrawingLink(
        intervention.iri,
        target.iri,
        label,
        "asserted",
        badge.label if badge else "",
        badge.level if badge else "fact",
        claim.negative,
    )


def _concept_links(page: EntityPage) -> Iterator[_LinkEnds]:
    """Yield the stated and the derived links between concepts, but not what a claim's own line says."""
    said = {(source.iri, target.iri, link.negative) for source, target, link in _claim_links(page)}
    for edge in (*page.facts, *page.incoming, *page.inferred):
        repeated = (edge.subject.iri, edge.object.iri, edge.negative) in said
        if edge.object.kind in _DRAWN_KINDS and edge.subject.kind in _DRAWN_KINDS and not repeated:
            link = DrawingLink(
                edge.subject.iri, edge.object.iri, edge.property.label, edge.mark, "", "fact", edge.negative
            )
            yield edge.subject, edge.object, link


_DRAWN_KINDS = frozenset({"disease", "situation", "feature", "intervention", "problem", "goal"})
