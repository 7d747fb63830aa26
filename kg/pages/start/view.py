"""The start page: from which texts of which date the graph is, what can be asked, and how much it holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from pyoxigraph import NamedNode

from kg.model.graphs import parse_claim_graph
from kg.model.questions import Question, group_questions
from kg.namespaces import get_local_name
from kg.pages.matrix.view import (
    MatrixClaims,
    MatrixState,
    MatrixTable,
    OpenedCell,
    matrix_page,
    open_cell,
)
from kg.pages.page_queries import PageQueryReader, cell_number, cell_text, terms_in_rows
from kg.pages.term_refs import TermRef, entity_kind, link_address


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """A source document and its dates."""

    ref: TermRef
    title: str
    revised: str
    reviewed: str
    characters: int
    curated: str


@dataclass(frozen=True, slots=True)
class LinkedCount:
    """How many entities of a kind there are, and where they are listed."""

    label: str
    count: int
    href: str


@dataclass(frozen=True, slots=True)
class QuestionLink:
    """A named question as a sentence one can click, its group, and the imports without which it is empty."""

    name: str
    title: str
    question: str
    href: str
    group: str
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StartPage:
    """Everything the start page shows; its JSON has the same fields."""

    documents: tuple[DocumentSummary, ...]
    counts: tuple[LinkedCount, ...]
    questions: tuple[QuestionLink, ...]
    graphs: tuple[LinkedCount, ...]
    version: str
    matrix: tuple[MatrixTable, ...]
    matrix_size: str
    example: OpenedCell | None


#: class -> the kind whose list page shows its members
_COUNTED_CLASSES = {
    "Claim": "claim",
    "Sentence": "sentence",
    "Intervention": "intervention",
    "ClinicalSituation": "situation",
    "Feature": "feature",
    "ClinicalProblem": "problem",
    "Goal": "goal",
    "Hedge": "hedge",
}
_PLURALS = {"claim": "claims", "sentence": "sentences and headings"}


#: rows of the matrix on the start page
_MATRIX_ROWS = 6


def start_page(
    reader: PageQueryReader, questions: Sequence[Question], matrix_claims: MatrixClaims
) -> StartPage:
    """Return the start page; its example is the first cell of the matrix with an offer and a limit."""
    rows = reader.select_rows("counts")
    counts = {get_local_name(cell_text(row, "kind")): cell_number(row, "count") for row in rows}
    kinds = tuple(
        LinkedCount(_PLURALS.get(kind, f"{kind}s"), counts.get(name, 0), f"/{kind}/")
        for name, kind in _COUNTED_CLASSES.items()
    )
    matrix = matrix_page(reader, matrix_claims, MatrixState(inherited="no"))
    telling = next((cell for cell in matrix.shown_cells if cell.offers and cell.limits), None)
    return StartPage(
        documents=list_documents(reader),
        counts=kinds,
        questions=link_questions(questions),
        graphs=count_graphs(reader),
        version=reader.store.version,
        matrix=tuple(replace(table, rows=table.rows[:_MATRIX_ROWS]) for table in matrix.tables[:1]),
        matrix_size=f"{matrix.cells} cells, {matrix.range}",
        example=open_cell(reader, telling) if telling else None,
    )


def question_link(question: Question) -> QuestionLink:
    """Return a question as a row of a list."""
    address = f"/questions/{question.name}"
    return QuestionLink(
        question.name, question.title, question.question, address, question.group, question.needed_imports
    )


def link_questions(questions: Iterable[Question], filter_text: str = "") -> tuple[QuestionLink, ...]:
    """Return the questions that contain some words as rows of a list, in the order of their groups."""
    groups = group_questions(questions, filter_text)
    return tuple(question_link(question) for listed in groups.values() for question in listed)


def list_documents(reader: PageQueryReader) -> tuple[DocumentSummary, ...]:
    """Return the source documents."""
    rows = reader.select_rows("documents")
    naming = reader.load_labels(terms_in_rows(rows))
    return tuple(
        DocumentSummary(
            ref=naming.ref(row["document"]),
            title=cell_text(row, "title"),
            revised=cell_text(row, "revised"),
            reviewed=cell_text(row, "reviewed"),
            characters=cell_number(row, "characters"),
            curated=cell_text(row, "curated"),
        )
        for row in rows
    )


def count_graphs(reader: PageQueryReader) -> tuple[LinkedCount, ...]:
    """Return the named graphs with their sizes; the graphs of claims are summed, one row per part."""
    sizes: Counter[tuple[str, str]] = Counter()
    for graph, size in _graph_sizes(reader):
        claim_part = parse_claim_graph(NamedNode(graph))
        if claim_part:
            sizes[f"claim/*/{claim_part[1]}", ""] += size
        else:
            address = link_address(graph) if entity_kind(graph) else ""
            sizes[graph.partition("graph/")[2] or graph, address] += size
    return tuple(LinkedCount(label, count, address) for (label, address), count in sorted(sizes.items()))


def _graph_sizes(reader: PageQueryReader) -> Iterator[tuple[str, int]]:
    """Yield each named graph and its size; that of an import as stated, since counting takes seconds."""
    graphs = set(reader.store.graph_names())
    stated = [row for row in reader.select_rows("import-sizes") if row["graph"] in graphs]
    others = graphs - {row["graph"] for row in stated}
    counted = reader.select_rows("graph-counts", graph=sorted(others, key=str)) if others else []
    for row in (*stated, *counted):
        yield cell_text(row, "graph"), cell_number(row, "count")


def attribute_to_dates(revision_dates: Sequence[str]) -> str:
    """Return the clause that names sources with these days of last revision, one a text, "" for no date.

    >>> attribute_to_dates(["2014-12-03"])
    'one patient-education text, last revised in December 2014, says'
    >>> attribute_to_dates([])
    'no source text says'
    """
    if not revision_dates:
        return "no source text says"
    return f"{name_source_texts(revision_dates)}, {'says' if len(revision_dates) == 1 else 'say'}"


def name_source_texts(revision_dates: Sequence[str]) -> str:
    """Return how many texts there are and from which months, given the day of last revision of each.

    >>> name_source_texts(["2014-12-03", "", "2026-01-02"])
    '3 texts, last revised from December 2014 to January 2026, one without a date'
    """
    if not revision_dates:
        return "none"
    days = sorted(day for day in revision_dates if day)
    months = list(dict.fromkeys(f"{date.fromisoformat(day):%B %Y}" for day in days))
    texts = "one patient-education text" if len(revision_dates) == 1 else f"{len(revision_dates)} texts"
    if not months:
        return f"{texts} without a date"
    span = f"in {months[0]}" if len(months) == 1 else f"from {months[0]} to {months[-1]}"
    undated = len(revision_dates) - len(days)
    rest = f", {'one' if undated == 1 else undated} without a date" if undated else ""
    return f"{texts}, last revised {span}{rest}"
