"""The neighbourhood of an entity as nodes and edges: for the drawing, and for the table below it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kg.pages.entity.view import EntityPage
from kg.pages.statements import ClaimStatement
from kg.pages.term_refs import CONCEPT_KINDS, HedgeBadge, TermRef, find_weakest_hedge

#: a drawing of more nodes is not readable
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

    @property
    def nodes_by_id(self) -> dict[str, DrawingNode]:
        """Return the nodes by the ids that edges name; for the table, and no part of the JSON."""
        return {node.id: node for node in self.nodes}


def draw_neighbourhood(page: EntityPage) -> Neighbourhood:
    """Return an entity with what claims and links join it to, at most MAX_NODES nodes, the nearest first."""
    pairs = [*_claim_links(page), *_concept_links(page)]
    refs = {page.ref.iri: page.ref}
    for source, target, _link in pairs:
        refs.setdefault(source.iri, source)
        refs.setdefault(target.iri, target)
    drawn = dict(list(refs.items())[:MAX_NODES])
    links = {link: None for source, target, link in pairs if {source.iri, target.iri} <= drawn.keys()}
    nodes = tuple(DrawingNode(ref.iri, ref.label, ref.kind, ref.href) for ref in drawn.values())
    return Neighbourhood(nodes, tuple(links), len(refs) > MAX_NODES)


_LinkEnds = tuple[TermRef, TermRef, DrawingLink]


def _claim_links(page: EntityPage) -> Iterator[_LinkEnds]:
    """Yield a line from each intervention of a claim to each problem, or else to each situation of it."""
    for item in (*page.offers, *page.cautions):
        for thing in item.interventions:
            for target in item.problems or item.situations:
                yield thing, target, _make_claim_link(item, thing, target)


def _name_hedge(hedges: Iterable[HedgeBadge]) -> tuple[str, str]:
    """Return label and level of the weakest of some hedges; of none, those of what no claim stands behind."""
    badge = find_weakest_hedge(hedges)
    return (badge.label, badge.level) if badge else ("", "fact")


def _make_claim_link(claim: ClaimStatement, intervention: TermRef, target: TermRef) -> DrawingLink:
    hedge, level = _name_hedge(claim.hedges)
    label = ("only if: " if claim.prerequisites else "") + " … ".join(claim.cues)
    return DrawingLink(intervention.iri, target.iri, label, "asserted", hedge, level, claim.negative)


def _concept_links(page: EntityPage) -> Iterator[_LinkEnds]:
    """Yield the stated and the derived links between concepts, without those that a claim's line shows."""
    claimed = {(source.iri, target.iri, link.negative) for source, target, link in _claim_links(page)}
    for edge in (*page.facts, *page.incoming, *page.inferred):
        ends = edge.subject.iri, edge.object.iri
        is_concept_edge = {edge.subject.kind, edge.object.kind} <= CONCEPT_KINDS
        if is_concept_edge and (*ends, edge.negative) not in claimed:
            hedge, level = _name_hedge(edge.hedges)
            label = ("only if: " if edge.only_if else "") + edge.property.label
            link = DrawingLink(*ends, label, edge.mark, hedge, level, edge.negative)
            yield edge.subject, edge.object, link
