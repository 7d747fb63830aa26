"""The store as anybody's queries and writes reach it: through an engine whose workers may be killed.

A server passes such a store to `create_app`. A test or a notebook may pass a store of its own process; then
an engine is forked over it at the first query, and ends with the process.
"""

from __future__ import annotations

import threading
from typing import Protocol, cast

from flask import current_app
from pyoxigraph import NamedNode

from sparqlhost.pool.engine_store import EngineStore, ResultStream
from sparqlhost.pool.jobs import QueryJob, WriteJob
from sparqlhost.pool.supervisor import start_engine
from sparqlhost.settings import HostSettings
from sparqlhost.store.interface import Store
from sparqlhost.store.local_store import LocalStore


class SparqlService(Protocol):
    """What the protocol views need of a store."""

    def answer(self, job: QueryJob) -> ResultStream:
        """Start a query."""
        ...

    def cancel(self, job: str) -> bool:
        """Stop a query that runs; return whether there was one that can be stopped."""
        ...

    def write(self, job: WriteJob, body: bytes = b"") -> bool:
        """Make a write; return whether it made a graph."""
        ...

    def has_graph(self, graph: NamedNode) -> bool:
        """Say whether a graph of that name exists."""
        ...


class SparqlServiceHolder:
    """Keeps the endpoint of one application."""

    def __init__(self, store: Store, settings: HostSettings) -> None:
        """Serve `store`; nothing is started yet."""
        self._store, self._settings = store, settings
        self._lock = threading.Lock()
        self._service: SparqlService | None = None

    def get_service(self) -> SparqlService:
        """Return the endpoint, starting an engine over a store of this process at first use."""
        if self._service is not None:
            return self._service
        with self._lock:
            if self._service is None:
                self._service = self._start_service()
            return self._service

    def _start_service(self) -> SparqlService:
        """Return the store where it is an endpoint, else an engine over it."""
        if not isinstance(self._store, LocalStore):
            return cast("SparqlService", self._store)
        local = self._store
        return EngineStore(start_engine(self._settings, lambda: local).directory, self._settings)


def get_sparql_service() -> SparqlService:
    """Return the endpoint of the current application."""
    kept: SparqlServiceHolder = current_app.extensions["kg_endpoints"]
    return kept.get_service()
