"""The question files before they are published: header, parameters, name and query of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from kg.errors import BadData, BadQuery
from kg.files.text import read_text
from kg.pipeline.answers import choices_folder, solutions
from kg.questions import Question
from kg.questions.model import LITERAL_TYPES
from kg.questions.reading import parse
from kg.store.protocol import Store

_FOLDER = "queries/questions"
_TODO = "Mend the file and run `kg check` again."


def question_mistakes(root: Path, store: Store) -> Iterator[BadData]:
    """Yield a mistake for each question file that cannot be asked; `store` only has to read the queries."""
    names: dict[str, str] = {}
    types = {path.stem for path in choices_folder(root).glob("*.rq")} | LITERAL_TYPES
    for path in sorted((root / _FOLDER).glob("*.rq")):
        where = f"{_FOLDER}/{path.name}"
        try:
            question = parse(path.stem, read_text(path, where), where)
            if not re.search(r"\b(SELECT|ASK)\b", question.text):
                raise BadData("It is neither SELECT nor ASK.", where=where, todo=_TODO)
            solutions(store, question, question.text)
        except BadQuery as error:
            yield BadData(error.what, where=where, line=error.line, column=error.column, todo=_TODO)
        except BadData as mistake:
            yield mistake
        else:
            yield from _typed(question, where, types)
            yield from _named(question.name, where, names)
    yield from _choices(root, store)


def _typed(question: Question, where: str, types: set[str]) -> Iterator[BadData]:
    """Yield a mistake for each parameter of a type that nothing lists values of."""
    for parameter in question.params:
        if parameter.type not in types:
            yield BadData(
                f"Parameter {parameter.name} has the type {parameter.type!r}, which there is not.",
                where=where,
                line=1,
                todo=f"Use one of: {', '.join(sorted(types))}; or add queries/choices/{parameter.type}.rq.",
            )


def _named(name: str, where: str, names: dict[str, str]) -> Iterator[BadData]:
    """Yield a mistake when another file holds a question of this name."""
    first = names.setdefault(name, where)
    if first != where:
        yield BadData(
            f"The question {name!r} stands in {first} too.", where=where, todo="Rename one of them."
        )


def _choices(root: Path, store: Store) -> Iterator[BadData]:
    """Yield a mistake for each query of parameter values that cannot be run."""
    for path in sorted(choices_folder(root).glob("*.rq")):
        where = f"queries/choices/{path.name}"
        try:
            if not {"value", "label"} <= set(store.select(read_text(path, where)).variables):
                yield BadData("It must select ?value and ?label.", where=where, todo=_TODO)
        except BadQuery as error:
            yield BadData(error.what, where=where, line=error.line, column=error.column, todo=_TODO)
        except BadData as mistake:
            yield mistake
