"""The named questions of a project folder over an open store: what `kg ask` and `/questions` both use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kg.errors import NotFound
from kg.pipeline.answers import Answer, Choices, answer, choices_folder
from kg.questions import Question, find, load
from kg.questions.model import Given
from kg.store.protocol import Store


@dataclass(frozen=True, slots=True)
class Library:
    """The questions in the order of their numbers, and the folder they were read from."""

    root: Path
    questions: tuple[Question, ...]

    def find(self, name: str) -> Question:
        """Return a question by name, number or both; raises NotFound with near names."""
        return find(self.questions, name)

    def ask(self, store: Store, name: str, values: Mapping[str, Given]) -> Answer:
        """Return the answer of the question called `name`; raises NotFound, BadQuery."""
        return answer(store, self.find(name), values, self.choices(store))

    def choices(self, store: Store) -> Choices:
        """Return what parameters may be, as the store has it."""
        return Choices(store, choices_folder(self.root))


def library(root: Path) -> Library:
    """Return the questions under `root`; raises NotFound, or BadData for a broken header."""
    questions = load(root / "queries" / "questions")
    if not questions:
        raise NotFound(
            "There are no questions here.", where=str(root), todo="Point KG_ROOT at the project's folder."
        )
    return Library(root, questions)
