"""Run the queries of a project: each row of a check is a mistake, and each question must be answerable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pyoxigraph import Literal, NamedNode

from kg.build.turtle_files import SourceLocator, shorten_project_iris
from kg.errors import BadData, BadQuery
from kg.model.questions import LITERAL_TYPES, Question, parse_question
from kg.namespaces import compress_iri
from kg.questions.question_answers import (
    run_question,
)
from kg.text_files import read_text
from sparqlhost.store.interface import Store, Term
from sparqlhost.store.local_store import MemoryStore

_QUERY_HINT = "Fix the query and run `kg check` again."
_FILE_HINT = "Fix the file and run `kg check` again."
_QUESTIONS_FOLDER = "queries/questions"
_CHECK_HEADER_LINE = re.compile(r"^# (title|todo): *(.+)$", re.M)


def run_query_checks(store: Store, folder: Path, places: SourceLocator) -> Iterator[BadData]:
    """Yield a mistake for each row that a check returns; run after the closure."""
    for path in sorted(folder.glob("*.rq")):
        where = f"queries/checks/{path.name}"
        try:
            text = read_text(path, where)
            header = _read_check_header(text, where)
            rows = list(store.select(text))
        except BadQuery as error:
            yield BadData(
                error.message, location=where, line=error.line, column=error.column, hint=_QUERY_HINT
            )
            continue
        except BadData as mistake:
            yield mistake
            continue
        for row in rows:
            if any(places.is_broken(term.value) for term in row.values() if isinstance(term, NamedNode)):
                continue  # a consequence of a line that does not parse, which is reported already
            yield _describe_row(header["title"], header["todo"], row, places)


def _read_check_header(text: str, where: str) -> dict[str, str]:
    """Return title and hint of a check; raises BadData when it lacks one or returns other columns."""
    header = dict(_CHECK_HEADER_LINE.findall(text))
    for key in ("title", "todo"):
        if key not in header:
            raise BadData(f"The header needs a line `# {key}:`.", location=where, line=1, hint="Write it.")
    if not re.search(r"SELECT\s+(DISTINCT\s+)?\?focus\s+\?message\b", text):
        raise BadData(
            "A check selects ?focus and ?message.", location=where, line=1, hint="Return these two columns."
        )
    return header


def _describe_row(title: str, todo: str, row: dict[str, Term], places: SourceLocator) -> BadData:
    """Return a row (`focus`, `message`) as a mistake, located at the first of its IRIs that a file has."""
    shown = ", ".join(_format_term(term) for name, term in row.items() if name != "message")
    message = row.get("message")
    detail = f" ({shorten_project_iris(message.value)})" if isinstance(message, Literal) else ""
    iris = [term.value for term in row.values() if isinstance(term, NamedNode)]
    place = next((found for iri in iris if (found := places.locate_node(iri))), None)
    return places.make_error(f"{shown}: {title.rstrip('.')}{detail}.", todo, place)


def _format_term(term: Term) -> str:
    """Return an IRI as a CURIE, another term as SPARQL writes it."""
    return compress_iri(term.value) if isinstance(term, NamedNode) else str(term)


def find_question_mistakes(root: Path) -> Iterator[BadData]:
    """Yield a mistake for each question file, and each query that questions need, that cannot be run.

    They are run over nothing: whether a query can be run does not depend on the data, what it costs does.
    """
    with MemoryStore() as empty:
        yield from _find_question_mistakes(root, empty)


def _find_question_mistakes(root: Path, store: Store) -> Iterator[BadData]:
    names: dict[str, str] = {}
    types = {path.stem for path in (root / "queries").glob("choices/*.rq")} | LITERAL_TYPES
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
    yield from _check_support_queries(root, store)


_SUPPORT_COLUMNS = {
    "labels": ("term", "label"),
    "term-names": ("term", "label"),
    "claim-sources": ("claim", "document", "revised"),
}


def _check_parameter_types(question: Question, where: str, types: set[str]) -> Iterator[BadData]:
    """Yield a mistake for each parameter whose type has no query of choices and is not a literal type."""
    for parameter in question.params:
        if parameter.type not in types:
            yield BadData(
                f"Parameter {parameter.name} has the unknown type {parameter.type!r}.",
                location=where,
                line=1,
                hint=f"Use one of: {', '.join(sorted(types))}; or add queries/choices/{parameter.type}.rq.",
            )


def _check_unique_name(name: str, where: str, files_by_name: dict[str, str]) -> Iterator[BadData]:
    """Yield a mistake when another file holds a question of this name."""
    first = files_by_name.setdefault(name, where)
    if first != where:
        yield BadData(
            f"The question {name!r} is also in {first}.", location=where, hint="Rename one of them."
        )


def _check_support_queries(root: Path, store: Store) -> Iterator[BadData]:
    """Yield a mistake for each query of choices, labels or related situations that cannot be run."""
    queries = root / "queries"
    for path in sorted((*queries.glob("choices/*.rq"), *queries.glob("answers/*.rq"))):
        where = path.relative_to(root).as_posix()
        columns = _SUPPORT_COLUMNS.get(path.stem, ("value", "label"))
        try:
            if not set(columns) <= set(store.select(read_text(path, where)).variables):
                what = " and ".join(f"?{name}" for name in columns)
                yield BadData(f"It must select {what}.", location=where, hint=_FILE_HINT)
        except BadQuery as error:
            yield BadData(
                error.message, location=where, line=error.line, column=error.column, hint=_FILE_HINT
            )
        except BadData as mistake:
            yield mistake
