"""What an application tells the host about its data: the only way in which the host learns of the application."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import pyoxigraph as ox

from sparqlhost.store.local_store import LocalStore


class AfterWrite(Protocol):
    """Keeps what is derived from the data in step with them; lives in the process that owns the store."""

    def prepare_write(self, store: LocalStore) -> None:
        """Note the state that a write starts from; called before each write."""

    def refresh_if_changed(self, store: LocalStore) -> None:
        """Bring what is derived in step, when the write touched what it is derived from."""

    def refresh(self, store: LocalStore) -> None:
        """Bring what is derived in step, whatever the write touched."""


def _no_graph(_: ox.NamedNode) -> bool:
    """Return False."""
    return False


@dataclass(frozen=True, slots=True)
class HostedData:
    """The data of one service; the defaults are those of a plain, empty SPARQL store."""

    #: N-Quads file that a new store begins with; None: it begins empty.
    initial_nquads: Path | None = None
    #: graphs that came with `initial_nquads`; when newer data replace them, all other graphs stay.
    is_initial_graph: Callable[[ox.NamedNode], bool] = _no_graph
    #: graphs whose triples the default graph shows.
    is_default_graph_member: Callable[[ox.NamedNode], bool] = _no_graph
    #: makes the hook that follows each write; None: nothing is derived.
    make_after_write: Callable[[], AfterWrite] | None = None
    #: prefixes that answers in RDF abbreviate and error messages suggest.
    prefixes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    #: triples about the data that the service description adds: (service, dataset, default graph) -> triples.
    describe_dataset: Callable[[ox.NamedNode, ox.NamedNode, ox.NamedNode], Iterable[ox.Triple]] | None = None
