"""What an application tells the host about its data (sparqlhost.hosting: also about itself)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pyoxigraph as ox

from sparqlhost.store.local_store import NO_PREFIXES, LocalStore


class AfterWrite(Protocol):
    """Keeps data that are derived from the store (inferences, say) up to date with each write.

    It lives in the process that owns the store; for a store in memory it also runs, once before the real
    write, in a forked child whose changes are thrown away.
    """

    def prepare_write(self, store: LocalStore) -> None:
        """Note the state that a write starts from; called before each write, cheap after the first time."""

    def refresh_if_changed(self, store: LocalStore) -> None:
        """Derive again if the write changed what the derived data depend on."""

    def refresh(self, store: LocalStore) -> None:
        """Derive again, whatever was written."""

    def reset(self) -> None:
        """Forget the state that was noted; the store's content was replaced, derived data included."""


def _every_graph(_: ox.NamedNode) -> bool:
    return True


def _no_graph(_: ox.NamedNode) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class HostedData:
    """The data of one service; the defaults are those of a plain, empty SPARQL store."""

    #: N-Quads file that a new directory store is loaded from; None: it begins empty.
    initial_nquads: Path | None = None
    #: opens the initial data in memory; None: `initial_nquads` is read, or the store begins empty.
    open_in_memory: Callable[[], LocalStore] | None = None
    #: what to do when `initial_nquads` is not there; ends the error message.
    missing_data_hint: str = "Name a file that exists."
    #: how to restore a damaged store; ends the error message.
    restore_hint: str = "Restore it from a backup."
    #: whether a graph came with `initial_nquads`; when newer data replace those, all other graphs stay.
    is_initial_graph: Callable[[ox.NamedNode], bool] = _every_graph
    #: graphs whose triples the default graph shows.
    is_default_graph_member: Callable[[ox.NamedNode], bool] = _no_graph
    #: makes the hook that follows each write; None: nothing is derived.
    make_after_write: Callable[[], AfterWrite] | None = None
    #: prefixes that answers in RDF use and error messages suggest.
    prefixes: Mapping[str, str] = field(default_factory=lambda: NO_PREFIXES)


#: A store that begins empty and derives nothing.
PLAIN_STORE = HostedData()
