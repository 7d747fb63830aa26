"""The claims that speak of an entity, or of a situation with a feature that stands for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyoxigraph import NamedNode

from kg.views.hedges import Hedge, level
from kg.views.reading import Reader, Row, number, text
from kg.views.terms import curie as shorten
from kg.views.terms import href


@dataclass(frozen=True, slots=True)
class About:
    """An entity a claim speaks of, by which property, and through which feature if not directly."""

    entity: str
    link: str
    through: str


@dataclass(frozen=True, slots=True)
class ClaimSaid:
    """A claim about entities found, with its hedge and cue; once for each of its hedges."""

    claim: str
    claim_href: str
    label: str
    hedge: str
    cue: str
    sentence: str
    about: tuple[About, ...]
    badge: Hedge


def said_of(reader: Reader, entities: Iterable[str]) -> tuple[ClaimSaid, ...]:
    """Return the claims about entities, given by IRI, each claim once with all it is about."""
    nodes = [NamedNode(iri) for iri in sorted(entities)]
    grouped: dict[tuple[str, str], list[Row]] = {}
    for row in reader.rows("said-of", entity=nodes) if nodes else ():
        grouped.setdefault((text(row, "claim"), text(row, "hedge")), []).append(row)
    return tuple(_said(rows) for _, rows in sorted(grouped.items()))


def _said(rows: list[Row]) -> ClaimSaid:
    """Return the claim that some rows tell of."""
    row = rows[0]
    return ClaimSaid(
        claim=shorten(text(row, "claim")),
        claim_href=href(text(row, "claim")),
        label=text(row, "label"),
        hedge=text(row, "hedge"),
        cue=", ".join(sorted({text(row, "cue") for row in rows})),
        sentence=shorten(text(row, "sentence")),
        about=tuple(dict.fromkeys(_about(row) for row in rows)),
        badge=_badge(row),
    )


def _badge(row: Row) -> Hedge:
    """Return the hedge of a claim with its place on the scale."""
    iri = text(row, "hedging")
    return Hedge(text(row, "hedge"), href(iri), iri, level(number(row, "rank")))


def _about(row: Row) -> About:
    """Return what a row says its claim is about."""
    through = shorten(text(row, "feature")) if "feature" in row else ""
    return About(shorten(text(row, "entity")), shorten(text(row, "link")), through)
