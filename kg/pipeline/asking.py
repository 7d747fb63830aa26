"""The named questions of a project folder over an open store: what `kg ask` and `/questions` both use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kg.errors import NotFound
from kg.pipeline.answers import ParameterChoices, QuestionAnswer, answer_question, get_choices_folder
from kg.questions import Question, find_question, load_questions
from kg.questions.model import GivenValue
from kg.store.protocol import Store


@dataclass(frozen=True, slots=True)
class QuestionLibrary:
    """The questions in the order of their numbers, and the folder they were read from."""

    root: Path
    questions: tuple[Question, ...]

    def find(self, name: str) -> Question:
        """Return a question by name, number or both; raises NotFound with near names."""
        return find_question(self.questions, name)

    def ask(self, store: Store, name: str, values: Mapping[str, GivenValue]) -> QuestionAnswer:
        """Return the answer of the question called `name`; raises NotFound, BadQuery."""
        return answer_question(store, self.find(name), values, self.make_choices(store))

    def make_choices(self, store: Store) -> ParameterChoices:
        """Return what parameters may be, as the store has it."""
        return ParameterChoices(store, get_choices_folder(self.root))


def load_library(root: Path) -> QuestionLibrary:
    """Return the questions under `root`; raises NotFound, or BadData for a broken header."""
    questions = load_questions(root / "queries" / "questions")
    if not questions:
        raise NotFound(
            "There are no questions here.", location=str(root), hint="Point KG_ROOT at the project's folder."
        )
    return QuestionLibrary(root, questions)
