"""The about page: which data, under which licences, within which limits, and how programs ask."""

from __future__ import annotations

from dataclasses import dataclass

from kg.settings import Settings
from kg.views.hedges import level
from kg.views.marks import MARKS, MarkMeaning
from kg.views.reading import Reader, number, text
from kg.views.start import Count, Document, documents, graphs
from kg.views.terms import href


@dataclass(frozen=True, slots=True)
class HedgeMeaning:
    """A hedge, weak ones first; strength compares within a kind, and never across `against`."""

    label: str
    href: str
    level: str
    kind: str
    against: bool
    definition: str


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit in force and what it bounds."""

    name: str
    value: str
    help: str


@dataclass(frozen=True, slots=True)
class Address:
    """An address programs may ask."""

    method: str
    path: str
    does: str


@dataclass(frozen=True, slots=True)
class AboutPage:
    """Everything the about page shows; its JSON has the same fields."""

    version: str
    documents: tuple[Document, ...]
    graphs: tuple[Count, ...]
    marks: tuple[MarkMeaning, ...]
    hedges: tuple[HedgeMeaning, ...]
    limits: tuple[Limit, ...]
    addresses: tuple[Address, ...]
    reaches: tuple[str, ...]


_LIMITS = (
    ("query_deadline", "seconds a query may run; then it is stopped and you are told"),
    ("query_memory", "MiB a query may use"),
    ("query_rows", "rows an answer may have; beyond, it is cut and says so"),
    ("query_size", "bytes a query may have"),
    ("query_slots", "queries that run at a time"),
    ("query_queue", "queries that may wait; beyond, 503 with Retry-After"),
)

ADDRESSES = (
    Address(
        "GET POST", "/sparql", "SPARQL 1.1 query; results as JSON, XML, CSV, TSV; graphs as Turtle and others"
    ),
    Address("POST", "/sparql/cancel", "stop a query: id= the 16 hexadecimal digits sent as X-Query-Id"),
    Address(
        "GET",
        "/{kind}/{name}",
        "an entity: HTML, JSON or RDF by Accept, or with .ttl .jsonld .nt .rdf .trig .nq .json",
    ),
    Address("GET", "/questions", "the named questions"),
    Address("GET", "/questions/{name}", "the answer to one: HTML, JSON or CSV"),
    Address("GET", "/explain?s=&p=&o=", "why a statement holds: text, HTML, JSON or RDF"),
    Address("GET POST", "/case", "what the text raises for the features of a case; never stored or logged"),
    Address("GET", "/search?q=", "search; /api/suggest?q= as one types"),
    Address("GET", "/api/neighbourhood?iri=", "what stands around an entity, as nodes and edges"),
    Address("GET", "/api/terms", "prefixes, classes, properties and entities with use counts"),
    Address("GET", "/resolve?curie=", "which entity an outside code means"),
    Address("GET", "/api/xrefs?curie=", "the exact matches of an entity"),
    Address("GET", "/.well-known/void", "what the data holds, for programs"),
    Address("GET", "/openapi.json", "the REST parts in OpenAPI 3.1"),
)


def about_page(reader: Reader, settings: Settings) -> AboutPage:
    """Return the about page."""
    return AboutPage(
        version=reader.store.version,
        documents=documents(reader),
        graphs=graphs(reader),
        marks=MARKS,
        hedges=_hedges(reader),
        limits=tuple(Limit(name, f"{getattr(settings, name):,}", help) for name, help in _LIMITS),
        addresses=ADDRESSES,
        reaches=settings.service_allow,
    )


def _hedges(reader: Reader) -> tuple[HedgeMeaning, ...]:
    return tuple(
        HedgeMeaning(
            label=text(row, "label"),
            href=href(text(row, "hedge")),
            level=level(number(row, "rank")),
            kind=text(row, "kind"),
            against=text(row, "against") == "true",
            definition=text(row, "definition"),
        )
        for row in reader.rows("hedges")
    )
