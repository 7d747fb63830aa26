"""The question files before they are published: header, parameters, name and query of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from kg.errors import BadData, BadQuery
from kg.files.text import read_text
from kg.pipeline.answers import get_choices_folder, run_question
from kg.questions import Question
from kg.questions.model import LITERAL_TYPES
from kg.questions.reading import parse_question
from kg.store.protocol import Store

_QUESTIONS_FOLDER = "queries/questions"
_FILE_HINT = "Mend the file and run `kg check` again."


def find_question_mistakes(root: Path, store: Store) -> Iterator[BadData]:
    """Yield a mistake for each question file that cannot be asked; `store` only has to read the queries."""
    names: dict[str, str] = {}
    types = {path.stem for path in get_choices_folder(root).glob("*.rq")} | LITERAL_TYPES
    for path in sorted((root / _QUESTIONS_FOLDER).glob("*.rq")):
        where = f"{_QUESTIONS_FOLDER}/{path.name}"
        try:
            question = parse_question(path.stem, read_text(path, where), where)
            if not re.search(r"\b(SELECT|ASK)\b", question.text):
                raise BadData("It is neither SELECT nor ASK.", location=where, hint=_FILE_HINT)
            run_question(store, question, question.text)
        except BadQuery as error:
            yield BadData(
                error.message, location=where, line=error.line, column=error.column, hint=_FILE_HINT
            )
        except BadData as mistake:
            yield mistake
        else:
            yield from _check_parameter_types(question, where, types)
            yield from _check_unique_name(question.name, where, names)
    yield from _check_choice_queries(root, store)


def _check_parameter_types(question: Question, where: str, types: set[str]) -> Iterator[BadData]:
    """Yield a mistake for each parameter of a type that nothing lists values of."""
    for parameter in question.params:
        if parameter.type not in types:
            yield BadData(
                f"Parameter {parameter.name} has the type {parameter.type!r}, which there is not.",
                location=where,
                line=1,
                hint=f"Use one of: {', '.join(sorted(types))}; or add queries/choices/{parameter.type}.rq.",
            )


def _check_unique_name(name: str, where: str, files_by_name: dict[str, str]) -> Iterator[BadData]:
    """Yield a mistake when another file holds a question of this name."""
    first = files_by_name.setdefault(name, where)
    if first != where:
        yield BadData(
            f"The question {name!r} stands in {first} too.", location=where, hint="Rename one of them."
        )


def _check_choice_queries(root: Path, store: Store) -> Iterator[BadData]:
    """Yield a mistake for each query of parameter values that cannot be run."""
    for path in sorted(get_choices_folder(root).glob("*.rq")):
        where = f"queries/choices/{path.name}"
        try:
            if not {"value", "label"} <= set(store.select(read_text(path, where)).variables):
                yield BadData("It must select ?value and ?label.", location=where, hint=_FILE_HINT)
        except BadQuery as error:
            yield BadData(
                error.message, location=where, line=error.line, column=error.column, hint=_FILE_HINT
            )
        except BadData as mistake:
            yield mistake
