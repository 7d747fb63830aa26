"""The interface of every store (memory, directory, remote server), and what is stored: `HostedData`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, QueryBoolean, QuerySolutions, Triple

from sparqlhost.errors import BadQuery
from sparqlhost.sparql.syntax_errors import NO_PREFIXES

if TYPE_CHECKING:
    from sparqlhost.store.local_store import LocalStore

Term = NamedNode | BlankNode | Literal | Triple
GraphName = NamedNode | None  # None is the default graph


def get_term_text(term: Term | None) -> str:
    """Return an IRI, a lexical form or a blank node's label; "" for None, N-Triples for a triple term."""
    if term is None:
        return ""
    return str(term) if isinstance(term, Triple) else term.value


@dataclass(frozen=True, slots=True)
class Solutions:
    """The result of a SELECT: variable names without `?`, a tuple of terms a row (None: unbound)."""

    variables: tuple[str, ...]
    rows: tuple[tuple[Term | None, ...], ...]

    def __iter__(self) -> Iterator[dict[str, Term]]:
        """Yield each row as a dict of its bound variables."""
        for row in self.rows:
            yield {name: term for name, term in zip(self.variables, row, strict=True) if term is not None}

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)


def read_solutions(result: object) -> Solutions:
    """Return the rows of a SELECT that pyoxigraph evaluated or parsed; raises BadQuery for another form."""
    if not isinstance(result, QuerySolutions):
        raise make_form_error("SELECT")
    names = tuple(variable.value for variable in result.variables)
    return Solutions(names, tuple(cast("tuple[Term | None, ...]", tuple(row)) for row in result))


def read_boolean(result: object) -> bool:
    """Return the answer of an ASK that pyoxigraph evaluated or parsed; raises BadQuery for another form."""
    if not isinstance(result, QueryBoolean):
        raise make_form_error("ASK")
    return bool(result)


def make_form_error(*forms: str) -> BadQuery:
    """Return the error for a query that is none of `forms`."""
    return BadQuery(f"The query is not a {' or '.join(forms)}.", hint=f"Use {forms[0]}.")


@runtime_checkable
class Store(Protocol):
    """A SPARQL 1.1 store for trusted queries, those of the application itself.

    Queries and updates are texts, so that a remote server can be such a store. Every method may raise
    StoreUnavailable; the query methods raise BadQuery for a text that does not parse or has another form.
    """

    @property
    def version(self) -> str:
        """Return a token that changes with every write; ETags are made from it."""
        ...

    def select(self, query: str) -> Solutions:
        """Return the solutions of a SELECT query."""
        ...

    def ask(self, query: str) -> bool:
        """Return the answer of an ASK query."""
        ...

    def construct(self, query: str) -> Iterator[Triple]:
        """Yield the triples of a CONSTRUCT or DESCRIBE query."""
        ...

    def update(self, update: str) -> None:
        """Run a SPARQL update, all or nothing; durable when it returns."""
        ...

    def graph_names(self) -> tuple[NamedNode, ...]:
        """Return the names of the named graphs."""
        ...

    def read_graph(self, graph: GraphName) -> Iterator[Triple]:
        """Yield the triples of one graph."""
        ...

    def load_quads(self, quads: Iterable[Quad]) -> int:
        """Add quads; return how many there were, those already in the store included."""
        ...

    def replace_graph(self, graph: GraphName, triples: Iterable[Triple]) -> None:
        """Replace the content of `graph` by `triples`, all or nothing."""
        ...

    def remove_graph(self, graph: GraphName) -> None:
        """Remove a graph with its triples."""
        ...

    def close(self) -> None:
        """Close files and connections."""
        ...


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


def _every_graph(_: NamedNode) -> bool:
    return True


def _no_family(graph: NamedNode) -> str:
    return ""


def _no_graph(_: NamedNode) -> bool:
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
    is_initial_graph: Callable[[NamedNode], bool] = _every_graph
    #: graphs whose triples the default graph shows.
    is_default_graph_member: Callable[[NamedNode], bool] = _no_graph
    #: the kind of a graph that a description counts with others of its kind; "": it is listed by name.
    name_graph_family: Callable[[NamedNode], str] = _no_family
    #: makes the hook that follows each write; None: nothing is derived.
    make_after_write: Callable[[], AfterWrite] | None = None
    #: prefixes that answers in RDF use and error messages suggest.
    prefixes: Mapping[str, str] = field(default_factory=lambda: NO_PREFIXES)


#: A store that begins empty and derives nothing.
PLAIN_STORE = HostedData()
