"""The claims that speak of an entity, or of a situation with a feature that stands for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyoxigraph import NamedNode

from kg.views.hedges import HedgeBadge, hedge_level
from kg.views.reading import PageQueryReader, QueryRow, cell_number, cell_text
from kg.views.terms import compress_iri as shorten
from kg.views.terms import link_address


@dataclass(frozen=True, slots=True)
class ClaimSubject:
    """An entity a claim speaks of, by which property, and through which feature if not directly."""

    entity: str
    link: str
    through: str


@dataclass(frozen=True, slots=True)
class ClaimAboutEntity:
    """A claim about entities found, with its hedge and cue; once for each of its hedges."""

    claim: str
    claim_href: str
    label: str
    hedge: str
    cue: str
    sentence: str
    about: tuple[ClaimSubject, ...]
    badge: HedgeBadge


def list_claims_about(reader: PageQueryReader, entities: Iterable[str]) -> tuple[ClaimAboutEntity, ...]:
    """Return the claims about entities, given by IRI, each claim once with all it is about."""
    nodes = [NamedNode(iri) for iri in sorted(entities)]
    grouped: dict[tuple[str, str], list[QueryRow]] = {}
    for row in reader.select_rows("said-of", entity=nodes) if nodes else ():
        grouped.setdefault((cell_text(row, "claim"), cell_text(row, "hedge")), []).append(row)
    return tuple(_claim_from_rows(rows) for _, rows in sorted(grouped.items()))


def _claim_from_rows(rows: list[QueryRow]) -> ClaimAboutEntity:
    """Return the claim that some rows tell of."""
    row = rows[0]
    return ClaimAboutEntity(
        claim=shorten(cell_text(row, "claim")),
        claim_href=link_address(cell_text(row, "claim")),
        label=cell_text(row, "label"),
        hedge=cell_text(row, "hedge"),
        cue=", ".join(sorted({cell_text(row, "cue") for row in rows})),
        sentence=shorten(cell_text(row, "sentence")),
        about=tuple(dict.fromkeys(_subject_from_row(row) for row in rows)),
        badge=_badge_from_row(row),
    )


def _badge_from_row(row: QueryRow) -> HedgeBadge:
    """Return the hedge of a claim with its place on the scale."""
    iri = cell_text(row, "hedging")
    return HedgeBadge(cell_text(row, "hedge"), link_address(iri), iri, hedge_level(cell_number(row, "rank")))


def _subject_from_row(row: QueryRow) -> ClaimSubject:
    """Return what a row says its claim is about."""
    through = shorten(cell_text(row, "feature")) if "feature" in row else ""
    return ClaimSubject(shorten(cell_text(row, "entity")), shorten(cell_text(row, "link")), through)
