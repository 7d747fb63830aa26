"""What the text says of the groups an entity is an example or a kind of, apart from what it says of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from pyoxigraph import NamedNode

from kg.views.reading import Reader, Row, text
from kg.views.said import ClaimSaid, said_of
from kg.views.terms import curie as shorten
from kg.views.terms import href


@dataclass(frozen=True, slots=True)
class GroupStep:
    """An entity on the way to a group; `by` says how the one before is related to it, "" at the start."""

    curie: str
    label: str
    href: str
    by: str
    iri: str


@dataclass(frozen=True, slots=True)
class Group:
    """A wider group, the way to it by the graph's own edges, and the claims about it."""

    curie: str
    label: str
    path: tuple[GroupStep, ...]
    claims: tuple[ClaimSaid, ...]
    marked: str


def wider_groups(reader: Reader, entities: Collection[str], known: Collection[str]) -> tuple[Group, ...]:
    """Return the groups above `entities` (IRIs) with claims, nearest first, less claims in `known`."""
    nodes = [NamedNode(iri) for iri in sorted(entities)]
    rows = reader.rows("wider-groups", entity=nodes) if nodes else []
    groups = (_group(reader, way, known) for way in _ways(rows, entities))
    return tuple(group for group in groups if group.claims)


def _ways(rows: list[Row], entities: Collection[str]) -> list[list[GroupStep]]:
    """Return a shortest way from one of `entities` to each group above them."""
    labels = {text(row, "below"): text(row, "below_label") for row in rows}
    ways = {iri: [_step(iri, labels[iri], "")] for iri in sorted(entities) if iri in labels}
    waiting = list(ways)
    for here in waiting:
        for row in rows:
            above = text(row, "above")
            if text(row, "below") == here and above not in ways:
                ways[above] = [*ways[here], _step(above, text(row, "above_label"), text(row, "by"))]
                waiting.append(above)
    return [way for way in ways.values() if len(way) > 1]


def _step(iri: str, label: str, by: str) -> GroupStep:
    """Return a step of a way."""
    return GroupStep(shorten(iri), label, href(iri), by, iri)


def _group(reader: Reader, way: list[GroupStep], known: Collection[str]) -> Group:
    """Return the group at the end of a way."""
    first, last = way[0], way[-1]
    claims = (said for said in said_of(reader, {last.iri}) if said.claim not in known)
    marked = f"said of a wider group: {last.label}; not of {first.label} by name"
    return Group(last.curie, last.label, tuple(way), tuple(claims), marked)
