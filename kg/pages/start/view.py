"""The start page: what this is, from which text of which date, what one can ask, and how much there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from kg.model.questions import Question
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
    """A named question as a sentence one can click."""

    name: str
    title: str
    question: str
    href: str


@dataclass(frozen=True, slots=True)
class StartPage:
    """Everything the start page shows; its JSON has the same fields."""

    documents: tuple[DocumentSummary, ...]
    counts: tuple[LinkedCount, ...]
    questions: tuple[QuestionLink, ...]
    graphs: tuple[LinkedCount, ...]
    version: str


#: class -> the kind whose list page shows its members
_COUNTED_CLASSES = (
    ("Claim", "claim"),
    ("Sentence", "sentence"),
    ("Intervention", "intervention"),
    ("ClinicalSituation", "situation"),
    ("Feature", "feature"),
    ("ClinicalProblem", "problem"),
    ("Goal", "goal"),
    ("Hedge", "hedge"),
)


def start_page(reader: PageQueryReader, questions: Sequence[Question]) -> StartPage:
    """Return the start page."""
    counted = {
        cell_text(row, "kind").rsplit("#", 1)[-1]: cell_number(row, "count")
        for row in reader.select_rows("counts")
    }
    return StartPage(
        documents=list_documents(reader),
        counts=tuple(
            LinkedCount(_pluralize_kind(kind), counted.get(name, 0), f"/{kind}/")
            for name, kind in _COUNTED_CLASSES
        ),
        questions=tuple(question_link(question) for question in questions),
        graphs=count_graphs(reader),
        version=reader.store.version,
    )


def question_link(question: Question) -> QuestionLink:
    """Return a question as a row of a list."""
    return QuestionLink(question.name, question.title, question.question, f"/questions/{question.name}")


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
    """Return the named graphs with their sizes; the four of each claim are summed up as one row a part."""
    sizes: dict[tuple[str, str], int] = {}
    for iri, size in _graph_sizes(reader):
        local = iri.partition("graph/")[2] or iri
        parts = local.split("/")
        single = parts[0] != "claim"
        key = (
            (local, link_address(iri) if entity_kind(iri) else "") if single else (f"claim/*/{parts[-1]}", "")
        )
        sizes[key] = sizes.get(key, 0) + size
    return tuple(LinkedCount(label, count, address) for (label, address), count in sorted(sizes.items()))


def _graph_sizes(reader: PageQueryReader) -> Iterator[tuple[str, int]]:
    """Yield each named graph and its size: counted, but stated for imports, where it would take seconds."""
    graphs = set(reader.store.graph_names())
    stated = [row for row in reader.select_rows("import-sizes") if row["graph"] in graphs]
    others = graphs - {row["graph"] for row in stated}
    counted = reader.select_rows("graph-counts", graph=sorted(others, key=str)) if others else []
    for row in (*stated, *counted):
        yield cell_text(row, "graph"), cell_number(row, "count")


def _pluralize_kind(kind: str) -> str:
    return {"claim": "claims", "sentence": "segments of the text"}.get(kind, f"{kind}s")


def attribute_to_documents(source_documents: tuple[DocumentSummary, ...]) -> str:
    """Return what every page says of its sources: how many texts, and of which months.

    >>> told_by(())
    'no source text says'
    """
    return attribute_to_dates([each.revised for each in source_documents])


def attribute_to_dates(revision_dates: Sequence[str]) -> str:
    """Return what is said of sources with these days of last revision, one a text.

    >>> told(["2014-12-03"])
    'one patient-education text, last revised in December 2014, says'
    """
    months = sorted(day[:7] for day in revision_dates if day)
    if not months:
        return "no source text says"
    if len(revision_dates) == 1:
        return f"one patient-education text, last revised in {_format_month(months[0])}, says"
    return f"{len(revision_dates)} texts, last revised from {_format_month(months[0])} to {_format_month(months[-1])}, say"


def _format_month(day: str) -> str:
    """Return year and month as people write them."""
    return f"{date.fromisoformat(f'{day}-01'):%B %Y}"
