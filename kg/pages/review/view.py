"""Judging a candidate: our entity and an outside term side by side, for the terminal and for the page."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

from kg.linking.answer_changes import AnswerChange
from kg.linking.candidates import Candidate
from kg.linking.linkable_entities import LinkableEntity
from kg.linking.verdicts import VERDICT_KEYS

_TERMINAL_WIDTH = 100


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One pair to judge; `keys` are (key, verdict) pairs, `writable` whether verdicts are taken here."""

    entity: LinkableEntity
    candidate: Candidate
    keys: tuple[tuple[str, str], ...] = tuple(VERDICT_KEYS.items())


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """The pairs of one import that wait for a verdict."""

    imports: tuple[str, ...]
    items: tuple[ReviewItem, ...]
    writable: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class RecordedVerdict:
    """A verdict that is written: the row's parts, its author and date, and the answers that change."""

    subject: str
    predicate: str
    object: str
    verdict: str
    author: str
    date: str
    changes: tuple[AnswerChange, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "subject": self.subject,
            "predicate": self.predicate,
            "object": self.object,
            "verdict": self.verdict,
            "author": self.author,
            "date": self.date,
            "changes": [change.sentence for change in self.changes],
        }


def candidate_as_dict(candidate: Candidate) -> dict[str, Any]:
    """Return a candidate as JSON has it."""
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
    """Return a page as JSON has it."""
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


def format_side_by_side(
    entity: LinkableEntity, candidate: Candidate, width: int = _TERMINAL_WIDTH
) -> list[str]:
    """Return our entity and their term as two columns of text."""
    half = width // 2 - 2
    ours = [entity.curie, entity.label, "; ".join(n for n, _ in entity.names[1:]), "", entity.definition]
    state = f"OBSOLETE, replaced by {candidate.replaced or 'nothing'}" if candidate.obsolete else ""
    theirs = [
        f"{candidate.curie}  {candidate.score:.2f}  {candidate.imported} {candidate.version}",
        candidate.label,
        f"under {' < '.join(candidate.path)}" if candidate.path else "",
        state,
        candidate.definition or "(no definition)",
        *(f"- {reason.sentence}" for reason in candidate.reasons),
    ]
    left = [line for text in ours for line in (textwrap.wrap(text, half) or [""])]
    right = [line for text in theirs for line in (textwrap.wrap(text, half) or [""])]
    height = max(len(left), len(right))
    left += [""] * (height - len(left))
    right += [""] * (height - len(right))
    return [f"{one:<{half}} | {two}".rstrip() for one, two in zip(left, right, strict=True)]
