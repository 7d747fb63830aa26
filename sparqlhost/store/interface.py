"""The interface of every store, whether in memory, in a directory or on a remote SPARQL 1.1 server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, cast, runtime_checkable

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, QueryBoolean, QuerySolutions, Triple

from sparqlhost.errors import BadQuery

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
