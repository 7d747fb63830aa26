"""Why a term is a candidate: sentences with a worth, the best of each kind kept."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a term is a candidate: a sentence, and what it is worth (0 to 1)."""

    sentence: str
    worth: float


class Notes:
    """Term -> kind of reason -> the best reason of that kind."""

    def __init__(self) -> None:
        """Begin with no term."""
        self.found: dict[str, dict[str, Reason]] = defaultdict(dict)

    def add(self, iri: str, kind: str, sentence: str, worth: float) -> None:
        """Keep a reason if it is the best of its kind."""
        kinds = self.found[iri]
        if kind not in kinds or kinds[kind].worth < worth:
            kinds[kind] = Reason(sentence, round(worth, 3))
