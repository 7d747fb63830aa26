"""The about page: which data, under which licences, within which limits, and how programs ask."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kg.pages.page_queries import PageQueryReader, cell_number, cell_text
from kg.pages.start.view import DocumentSummary, LinkedCount, count_graphs, list_documents
from kg.pages.term_refs import ORIGIN_MEANINGS, OriginMeaning, hedge_level, link_address
from kg.settings import Settings
from sparqlhost.protocol.endpoint_table import Endpoint


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
    ("query_deadline", "seconds a query may run; then it stops with an error"),
    ("query_memory", "MiB a query may use"),
    ("query_rows", "rows an answer may have; a longer one is cut and marked as truncated"),
    ("query_size", "bytes a query may have"),
    ("query_slots", "queries that run at a time"),
    ("query_queue", "queries that may wait; more get 503 with Retry-After"),
)


def about_page(reader: PageQueryReader, settings: Settings, endpoints: Iterable[Endpoint]) -> AboutPage:
    """Return the about page; `endpoints` are those that it lists."""
    return AboutPage(
        version=reader.store.version,
        documents=list_documents(reader),
        graphs=count_graphs(reader),
        marks=ORIGIN_MEANINGS,
        hedges=_hedge_meanings(reader),
        limits=tuple(ServerLimit(name, f"{getattr(settings, name):,}", text) for name, text in _LIMIT_HELP),
        addresses=_list_addresses(endpoints),
        reaches=settings.service_allow,
    )


def _list_addresses(endpoints: Iterable[Endpoint]) -> tuple[ApiAddress, ...]:
    """Return the methods, address and query parameters of each endpoint, in the order of the address."""
    rows = [
        ApiAddress(" ".join(endpoint.methods), _format_address(path, endpoint), endpoint.summary)
        for endpoint in endpoints
        for path in endpoint.list_path_templates()
    ]
    return tuple(sorted(rows, key=lambda row: (row.path.partition("?")[0], row.method)))


def _format_address(path: str, endpoint: Endpoint) -> str:
    """Return a path template with its query parameters: `/resolve?curie=&format=`."""
    names = "&".join(f"{parameter.name}=" for parameter in endpoint.query_parameters)
    return f"{path}?{names}" if names else path


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
