"""The start page: from which texts of which date the graph is, what can be asked, and how much it holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from pyoxigraph import NamedNode

from kg.model.graphs import parse_claim_graph
from kg.model.questions import Question
from kg.namespaces import get_local_name
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
_PLURALS = {"claim": "claims", "sentence": "segments of the text"}


def start_page(reader: PageQueryReader, questions: Sequence[Question]) -> StartPage:
    """Return the start page."""
    rows = reader.select_rows("counts")
    counts = {get_local_name(cell_text(row, "kind")): cell_number(row, "count") for row in rows}
    kinds = tuple(
        LinkedCount(_PLURALS.get(kind, f"{kind}s"), counts.get(name, 0), f"/{kind}/")
        for name, kind in _COUNTED_CLASSES.items()
    )
    links = tuple(map(question_link, questions))
    return StartPage(list_documents(reader), kinds, links, count_graphs(reader), reader.store.version)


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
    """Return the clause that names sources with these days of last revision, one day a text.

    >>> attribute_to_dates(["2014-12-03"])
    'one patient-education text, last revised in December 2014, says'
    >>> attribute_to_dates([])
    'no source text says'
    """
    if not any(revision_dates):
        return "no source text says"
    return f"{name_source_texts(revision_dates)}, {'says' if len(revision_dates) == 1 else 'say'}"


def name_source_texts(revision_dates: Sequence[str]) -> str:
    """Return how many texts there are and from which months, given the day of last revision of each."""
    months = sorted(day[:7] for day in revision_dates if day)
    if not months:
        return "none"
    first, last = (f"{date.fromisoformat(f'{month}-01'):%B %Y}" for month in (months[0], months[-1]))
    if len(revision_dates) == 1:
        return f"one patient-education text, last revised in {first}"
    return f"{len(revision_dates)} texts, last revised from {first} to {last}"
