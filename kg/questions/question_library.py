"""The questions of a project folder, `queries/questions/*.rq`: what `kg ask` and `/questions` both use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kg.errors import NotFound
from kg.model.questions import GivenValue, Question, find_question, parse_question
from kg.questions.question_answers import QuestionAnswer, QuestionVocabulary, answer_question
from kg.text_files import read_text
from sparqlhost.store.interface import Store


@dataclass(frozen=True, slots=True)
class QuestionLibrary:
    """The questions in the order of their numbers, and the project they were read from."""

    root: Path
    questions: tuple[Question, ...]

    def find(self, name: str) -> Question:
        """Return a question by name, number or both; raises NotFound that proposes similar names."""
        return find_question(self.questions, name)

    def ask(self, store: Store, name: str, values: Mapping[str, GivenValue]) -> QuestionAnswer:
        """Return the answer of the question called `name`; raises NotFound, BadQuery."""
        return answer_question(store, self.find(name), values, self.make_vocabulary(store))

    def make_vocabulary(self, store: Store) -> QuestionVocabulary:
        """Return the values that parameters may take, as the store has them."""
        return QuestionVocabulary(store, get_queries_folder(self.root))


def load_library(root: Path) -> QuestionLibrary:
    """Return the questions under `root`; raises NotFound when there are none, BadData for a broken one."""
    questions = load_questions(root)
    if not questions:
        raise NotFound(
            "There are no questions here.", location=str(root), hint="Point KG_ROOT at the project's folder."
        )
    return QuestionLibrary(root, questions)


def load_questions(root: Path) -> tuple[Question, ...]:
    """Return the questions of a project in the order of their file names; raises BadData."""
    paths = sorted((get_queries_folder(root) / "questions").glob("*.rq"))
    return tuple(
        parse_question(path.stem, read_text(path), path.relative_to(root).as_posix()) for path in paths
    )


def get_queries_folder(root: Path) -> Path:
    """Return the folder of a project's queries."""
    return root / "queries"
