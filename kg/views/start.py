"""The start page: what this is, from which text of which date, what one can ask, and how much there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from kg.questions import Question
from kg.views.reading import Reader, number, terms_of, text
from kg.views.terms import Ref, href, kind_of


@dataclass(frozen=True, slots=True)
class Document:
    """A source document and its dates."""

    ref: Ref
    title: str
    revised: str
    reviewed: str
    characters: int
    curated: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many entities of a kind there are, and where they are listed."""

    label: str
    count: int
    href: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A named question as a sentence one can click."""

    name: str
    title: str
    question: str
    href: str


@dataclass(frozen=True, slots=True)
class StartPage:
    """Everything the start page shows; its JSON has the same fields."""

    documents: tuple[Document, ...]
    counts: tuple[Count, ...]
    questions: tuple[Asked, ...]
    graphs: tuple[Count, ...]
    version: str


#: class -> the kind whose list page shows its members
_LISTS = (
    ("Claim", "claim"),
    ("Sentence", "sentence"),
    ("Intervention", "intervention"),
    ("ClinicalSituation", "situation"),
    ("Feature", "feature"),
    ("ClinicalProblem", "problem"),
    ("Goal", "goal"),
    ("Hedge", "hedge"),
)


def start_page(reader: Reader, questions: Sequence[Question]) -> StartPage:
    """Return the start page."""
    counted = {text(row, "kind").rsplit("#", 1)[-1]: number(row, "count") for row in reader.rows("counts")}
    return StartPage(
        documents=documents(reader),
        counts=tuple(Count(_plural(kind), counted.get(name, 0), f"/{kind}/") for name, kind in _LISTS),
        questions=tuple(asked(question) for question in questions),
        graphs=graphs(reader),
        version=reader.store.version,
    )


def asked(question: Question) -> Asked:
    """Return a question as a row of a list."""
    return Asked(question.name, question.title, question.question, f"/questions/{question.name}")


def documents(reader: Reader) -> tuple[Document, ...]:
    """Return the source documents."""
    rows = reader.rows("documents")
    naming = reader.naming(terms_of(rows))
    return tuple(
        Document(
            ref=naming.ref(row["document"]),
            title=text(row, "title"),
            revised=text(row, "revised"),
            reviewed=text(row, "reviewed"),
            characters=number(row, "characters"),
            curated=text(row, "curated"),
        )
        for row in rows
    )


def graphs(reader: Reader) -> tuple[Count, ...]:
    """Return the named graphs with their sizes; the four of each claim are summed up as one row a part."""
    sizes: dict[tuple[str, str], int] = {}
    for iri, size in _sizes(reader):
        local = iri.partition("graph/")[2] or iri
        parts = local.split("/")
        single = parts[0] != "claim"
        key = (local, href(iri) if kind_of(iri) else "") if single else (f"claim/*/{parts[-1]}", "")
        sizes[key] = sizes.get(key, 0) + size
    return tuple(Count(label, count, address) for (label, address), count in sorted(sizes.items()))


def _sizes(reader: Reader) -> Iterator[tuple[str, int]]:
    """Yield each named graph and its size: counted, but stated for imports, where it would take seconds."""
    graphs = set(reader.store.graphs())
    stated = [row for row in reader.rows("import-sizes") if row["graph"] in graphs]
    others = graphs - {row["graph"] for row in stated}
    counted = reader.rows("graph-counts", graph=sorted(others, key=str)) if others else []
    for row in (*stated, *counted):
        yield text(row, "graph"), number(row, "count")


def _plural(kind: str) -> str:
    return {"claim": "claims", "sentence": "segments of the text"}.get(kind, f"{kind}s")


def told_by(known: tuple[Document, ...]) -> str:
    """Return what every page says of its sources: how many texts, and of which months.

    >>> told_by(())
    'no source text says'
    """
    return told([each.revised for each in known])


def told(revised: Sequence[str]) -> str:
    """Return what is said of sources with these days of last revision, one a text.

    >>> told(["2014-12-03"])
    'one patient-education text, last revised in December 2014, says'
    """
    months = sorted(day[:7] for day in revised if day)
    if not months:
        return "no source text says"
    if len(revised) == 1:
        return f"one patient-education text, last revised in {_month(months[0])}, says"
    return f"{len(revised)} texts, last revised from {_month(months[0])} to {_month(months[-1])}, say"


def _month(day: str) -> str:
    """Return year and month as people write them."""
    return f"{date.fromisoformat(f'{day}-01'):%B %Y}"
