"""What every store offers: memory, a directory on disk, or a remote SPARQL 1.1 server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

Term = NamedNode | BlankNode | Literal | Triple
GraphName = NamedNode | None  # None is the default graph


@dataclass(frozen=True, slots=True)
class Solutions:
    """The answer of a SELECT: variable names without `?`, and one tuple of terms (or None) a row."""

    variables: tuple[str, ...]
    rows: tuple[tuple[Term | None, ...], ...]

    def __iter__(self) -> Iterator[dict[str, Term]]:
        """Yield each row as a dict of its bound variables."""
        for row in self.rows:
            yield {name: term for name, term in zip(self.variables, row, strict=True) if term is not None}

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)


@runtime_checkable
class Store(Protocol):
    """A SPARQL 1.1 store for the project's own, trusted queries; texts only, so a remote can do it.

    Every method may raise StoreUnavailable; the query methods raise BadQuery for text that does not parse.
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
        """Add quads, in bounded memory; return how many were given."""
        ...

    def replace_graph(self, graph: GraphName, triples: Iterable[Triple]) -> None:
        """Put `triples` in the place of what `graph` held, all or nothing."""
        ...

    def remove_graph(self, graph: GraphName) -> None:
        """Remove a graph with its triples."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...
