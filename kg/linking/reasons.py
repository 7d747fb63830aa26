"""Why a term is a candidate: sentences with a worth, the best of each kind kept."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CandidateReason:
    """Why a term is a candidate: a sentence, and what it is worth (0 to 1)."""

    sentence: str
    weight: float


class ReasonCollector:
    """Term -> kind of reason -> the best reason of that kind."""

    def __init__(self) -> None:
        """Begin with no term."""
        self.by_term: dict[str, dict[str, CandidateReason]] = defaultdict(dict)

    def add_reason(self, iri: str, kind: str, sentence: str, weight: float) -> None:
        """Keep a reason if it is the best of its kind."""
        kinds = self.by_term[iri]
        if kind not in kinds or kinds[kind].weight < weight:
            kinds[kind] = CandidateReason(sentence, round(weight, 3))
