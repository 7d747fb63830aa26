"""What belongs to one Flask application: its settings, its store, the SPARQL service over it, added pages.

`sparqlhost.host_app.make_host_app` puts a HostContext into the application; handlers read it here.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, cast

from flask import Flask, Response, current_app
from pyoxigraph import NamedNode, Triple

from sparqlhost.errors import UserError
from sparqlhost.pool.engine_store import EngineStore
from sparqlhost.pool.jobs import QueryJob, ResultStream, WriteJob
from sparqlhost.settings import HostSettings
from sparqlhost.store.interface import HostedData, Store
from sparqlhost.store.local_store import LocalStore

if TYPE_CHECKING:
    from sparqlhost.protocol.problem_details import ProblemType
    from sparqlhost.protocol.service_description import DescribedDataset

_EXTENSION = "sparqlhost"


class SparqlService(Protocol):
    """What the protocol handlers need of a store."""

    def answer(self, job: QueryJob, queue: str = "query") -> ResultStream:
        """Start a query, in the queue of the public ("query") or of the application itself ("trusted")."""
        ...

    def cancel(self, job: str) -> bool:
        """Stop a running query; return False where none of that id runs."""
        ...

    def write(self, job: WriteJob, body: bytes = b"") -> bool:
        """Make a write; return True when it created a graph."""
        ...

    def has_graph(self, graph: NamedNode) -> bool:
        """Return whether a graph of that name exists."""
        ...


@dataclass(frozen=True, slots=True)
class HostedPages:
    """What an application adds to the HTTP interface; the defaults are those of a service without pages."""

    #: answers a query as an HTML page; None: browsers get the formats that programs get.
    html_results: Callable[[QueryJob], Response] | None = None
    #: HTML of the page at /sparql without a query; None: browsers get the service description.
    html_query_form: Callable[[], str] | None = None
    #: HTML of a problem document; None: a bare list of its members.
    html_problem: Callable[[Mapping[str, object]], str] | None = None
    #: addresses that "not found" may suggest, besides routes without parameters.
    suggested_addresses: tuple[str, ...] = ()
    #: IRI that the slug of a problem type is added to; "": `/problem/` of this server.
    problem_namespace: str = ""
    #: the application's own errors, and other slugs or titles for those of the host.
    problem_types: Mapping[type[UserError], ProblemType] = field(default_factory=lambda: MappingProxyType({}))
    #: triples that the service description adds.
    describe_dataset: Callable[[DescribedDataset], Iterable[Triple]] | None = None
    #: properties for the limits of the service description (`queryDeadline` and others in LIMITS there).
    limit_terms: Mapping[str, NamedNode] = field(default_factory=lambda: MappingProxyType({}))
    #: checks of /health/ready besides store and queue.
    health_checks: Mapping[str, Callable[[], bool]] = field(default_factory=lambda: MappingProxyType({}))
    #: changes when the same data may give other answers; a part of every ETag.
    code_version: str = ""


class HostContext:
    """The parts of one application, in `app.extensions`."""

    def __init__(self, settings: HostSettings, store: Store, data: HostedData, pages: HostedPages) -> None:
        """Serve `store`; no engine is started yet."""
        self.settings = settings
        self.store = store
        self.data = data
        self.pages = pages
        self._lock = threading.Lock()
        self._service: SparqlService | None = None

    def install(self, app: Flask) -> None:
        """Make `app` the application that this context belongs to."""
        app.extensions[_EXTENSION] = self

    def get_service(self) -> SparqlService:
        """Return the SPARQL service; over a store of this process an engine is started at first use."""
        if self._service is not None:
            return self._service
        with self._lock:
            if self._service is None:
                self._service = self._start_service()
            return self._service

    def _start_service(self) -> SparqlService:
        """Return the store where it is a service itself, else an engine over it.

        Servers pass such a store. Tests, notebooks and `flask run` may pass a LocalStore: the engine gets a
        copy of it, so later writes go to the copy.
        """
        if not isinstance(self.store, LocalStore):
            return cast("SparqlService", self.store)
        from sparqlhost.pool.supervisor import EngineCopy

        engine = EngineCopy(self.settings, self.store, self.data)
        weakref.finalize(self, engine.stop)
        return EngineStore(engine.directory, self.settings)


def get_host_context(app: Flask | None = None) -> HostContext:
    """Return the context of `app`, by default of the application that answers the current request."""
    context: HostContext = (app or current_app).extensions[_EXTENSION]
    return context


def get_settings() -> HostSettings:
    """Return the settings of the current application."""
    return get_host_context().settings


def get_store() -> Store:
    """Return the store of the current application."""
    return get_host_context().store


def get_sparql_service() -> SparqlService:
    """Return the SPARQL service of the current application."""
    return get_host_context().get_service()
