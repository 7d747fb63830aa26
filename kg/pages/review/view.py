"""The page of mapping candidates to judge: an entity and an external term each, with the reasons."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from kg.linking.candidates import Candidate, LinkableEntity
from kg.linking.link_checking import AnswerChange
from kg.linking.verdicts import VERDICT_KEYS


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One pair to judge; `keys` are pairs of a key to press and the verdict it stands for."""

    entity: LinkableEntity
    candidate: Candidate
    keys: tuple[tuple[str, str], ...] = tuple(VERDICT_KEYS.items())


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """The pairs that wait for a verdict; `why` says why there are none, `writable` if verdicts are taken."""

    imports: tuple[str, ...]
    items: tuple[ReviewItem, ...]
    writable: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class RecordedVerdict:
    """A recorded verdict: the row's parts, its author and date, and the answers that change with it."""

    subject: str
    predicate: str
    object: str
    verdict: str
    author: str
    date: str
    changes: tuple[AnswerChange, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return its JSON."""
        cells = {field.name: getattr(self, field.name) for field in fields(self)}
        return cells | {"changes": [change.sentence for change in self.changes]}


def candidate_as_dict(candidate: Candidate) -> dict[str, Any]:
    """Return the JSON of a candidate."""
    return {
        "curie": candidate.curie,
        "iri": candidate.iri,
        "label": candidate.label,
        "definition": candidate.definition,
        "import": candidate.imported,
        "version": candidate.version,
        "path": list(candidate.path),
        "obsolete": candidate.obsolete,
        "replaced_by": candidate.replaced,
        "score": candidate.score,
        "reasons": [reason.sentence for reason in candidate.reasons],
        "verdict": candidate.verdict,
    }


def review_page_as_dict(page: ReviewPage) -> dict[str, Any]:
    """Return the JSON of the page."""
    items = [
        {
            "entity": item.entity.curie,
            "label": item.entity.label,
            "definition": item.entity.definition,
            "candidate": candidate_as_dict(item.candidate),
        }
        for item in page.items
    ]
    return {
        "imports": list(page.imports),
        "why": page.why,
        "writable": page.writable,
        "keys": VERDICT_KEYS,
        "items": items,
    }
