"""What the text says of the groups an entity is an example or a kind of, apart from what it says of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from pyoxigraph import NamedNode

from kg.views.reading import PageQueryReader, QueryRow, cell_text
from kg.views.said import ClaimAboutEntity, list_claims_about
from kg.views.terms import compress_iri as shorten
from kg.views.terms import link_address


@dataclass(frozen=True, slots=True)
class GroupStep:
    """An entity on the way to a group; `by` says how the one before is related to it, "" at the start."""

    curie: str
    label: str
    href: str
    by: str
    iri: str


@dataclass(frozen=True, slots=True)
class BroaderGroup:
    """A wider group, the way to it by the graph's own edges, and the claims about it."""

    curie: str
    label: str
    path: tuple[GroupStep, ...]
    claims: tuple[ClaimAboutEntity, ...]
    marked: str


def find_broader_groups(
    reader: PageQueryReader, entities: Collection[str], known_claims: Collection[str]
) -> tuple[BroaderGroup, ...]:
    """Return the groups above `entities` (IRIs) with claims, nearest first, less claims in `known`."""
    nodes = [NamedNode(iri) for iri in sorted(entities)]
    rows = reader.select_rows("wider-groups", entity=nodes) if nodes else []
    groups = (_make_group(reader, way, known_claims) for way in _paths_to_groups(rows, entities))
    return tuple(group for group in groups if group.claims)


def _paths_to_groups(rows: list[QueryRow], entities: Collection[str]) -> list[list[GroupStep]]:
    """Return a shortest way from one of `entities` to each group above them."""
    labels = {cell_text(row, "below"): cell_text(row, "below_label") for row in rows}
    ways = {iri: [_group_step(iri, labels[iri], "")] for iri in sorted(entities) if iri in labels}
    waiting = list(ways)
    for here in waiting:
        for row in rows:
            above = cell_text(row, "above")
            if cell_text(row, "below") == here and above not in ways:
                ways[above] = [
                    *ways[here],
                    _group_step(above, cell_text(row, "above_label"), cell_text(row, "by")),
                ]
                waiting.append(above)
    return [way for way in ways.values() if len(way) > 1]


def _group_step(iri: str, label: str, by: str) -> GroupStep:
    """Return a step of a way."""
    return GroupStep(shorten(iri), label, link_address(iri), by, iri)


def _make_group(
    reader: PageQueryReader, path: list[GroupStep], known_claims: Collection[str]
) -> BroaderGroup:
    """Return the group at the end of a way."""
    first, last = path[0], path[-1]
    claims = (said for said in list_claims_about(reader, {last.iri}) if said.claim not in known_claims)
    marked = f"said of a wider group: {last.label}; not of {first.label} by name"
    return BroaderGroup(last.curie, last.label, tuple(path), tuple(claims), marked)
