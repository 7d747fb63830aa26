"""The about page: which data, under which licences, within which limits, and how programs ask."""

from __future__ import annotations

from dataclasses import dataclass

from kg.pages.edge_rows import ORIGIN_MEANINGS, OriginMeaning
from kg.pages.page_queries import PageQueryReader, cell_number, cell_text
from kg.pages.start.view import DocumentSummary, LinkedCount, count_graphs, list_documents
from kg.pages.term_refs import hedge_level, link_address
from kg.settings import Settings


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
class ServerLimit:
    """A limit in force and what it bounds."""

    name: str
    value: str
    help: str


@dataclass(frozen=True, slots=True)
class ApiAddress:
    """An address programs may ask."""

    method: str
    path: str
    does: str


@dataclass(frozen=True, slots=True)
class AboutPage:
    """Everything the about page shows; its JSON has the same fields."""

    version: str
    documents: tuple[DocumentSummary, ...]
    graphs: tuple[LinkedCount, ...]
    marks: tuple[OriginMeaning, ...]
    hedges: tuple[HedgeMeaning, ...]
    limits: tuple[ServerLimit, ...]
    addresses: tuple[ApiAddress, ...]
    reaches: tuple[str, ...]


_LIMIT_HELP = (
    ("query_deadline", "seconds a query may run; then it is stopped and you are told"),
    ("query_memory", "MiB a query may use"),
    ("query_rows", "rows an answer may have; beyond, it is cut and says so"),
    ("query_size", "bytes a query may have"),
    ("query_slots", "queries that run at a time"),
    ("query_queue", "queries that may wait; beyond, 503 with Retry-After"),
)

API_ADDRESSES = (
    ApiAddress(
        "GET POST", "/sparql", "SPARQL 1.1 query; results as JSON, XML, CSV, TSV; graphs as Turtle and others"
    ),
    ApiAddress("POST", "/sparql/cancel", "stop a query: id= the 16 hexadecimal digits sent as X-Query-Id"),
    ApiAddress(
        "GET",
        "/{kind}/{name}",
        "an entity: HTML, JSON or RDF by Accept, or with .ttl .jsonld .nt .rdf .trig .nq .json",
    ),
    ApiAddress("GET", "/questions", "the named questions"),
    ApiAddress("GET", "/questions/{name}", "the answer to one: HTML, JSON or CSV"),
    ApiAddress("GET", "/explain?s=&p=&o=", "why a statement holds: text, HTML, JSON or RDF"),
    ApiAddress(
        "GET POST", "/case", "what the text raises for the features of a case; never stored or logged"
    ),
    ApiAddress("GET", "/search?q=", "search; /api/suggest?q= as one types"),
    ApiAddress("GET", "/api/neighbourhood?iri=", "what stands around an entity, as nodes and edges"),
    ApiAddress("GET", "/api/terms", "prefixes, classes, properties and entities with use counts"),
    ApiAddress("GET", "/resolve?curie=", "which entity an outside code means"),
    ApiAddress("GET", "/api/xrefs?curie=", "the exact matches of an entity"),
    ApiAddress("GET", "/.well-known/void", "what the data holds, for programs"),
    ApiAddress("GET", "/openapi.json", "the REST parts in OpenAPI 3.1"),
)


def about_page(reader: PageQueryReader, settings: Settings) -> AboutPage:
    """Return the about page."""
    return AboutPage(
        version=reader.store.version,
        documents=list_documents(reader),
        graphs=count_graphs(reader),
        marks=ORIGIN_MEANINGS,
        hedges=_hedge_meanings(reader),
        limits=tuple(ServerLimit(name, f"{getattr(settings, name):,}", help) for name, help in _LIMIT_HELP),
        addresses=API_ADDRESSES,
        reaches=settings.service_allow,
    )


def _hedge_meanings(reader: PageQueryReader) -> tuple[HedgeMeaning, ...]:
    return tuple(
        HedgeMeaning(
            label=cell_text(row, "label"),
            href=link_address(cell_text(row, "hedge")),
            level=hedge_level(cell_number(row, "rank")),
            kind=cell_text(row, "kind"),
            against=cell_text(row, "against") == "true",
            definition=cell_text(row, "definition"),
        )
        for row in reader.select_rows("hedges")
    )
