"""A store whose engine, pyoxigraph, runs in this process; memory and disk differ only in how it is opened."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from operator import attrgetter
from typing import IO, NoReturn, Self, cast

import pyoxigraph as ox

from kg.errors import BadQuery, KgError
from kg.store.protocol import GraphName, Solutions, Term
from kg.store.syntax import bad_query, engine_trouble

_TRIPLE = attrgetter("triple")


class _Digest:
    """A file that keeps nothing of what is written to it but its digest."""

    def __init__(self) -> None:
        self.sha = hashlib.sha256()

    def write(self, block: bytes) -> int:
        """Take a block."""
        self.sha.update(block)
        return len(block)

    def flush(self) -> None:
        """Do nothing: nothing is held back."""


class LocalStore(AbstractContextManager["LocalStore"]):
    """The Protocol over one pyoxigraph store; results are read in the thread that asked for them."""

    #: a write is tried in a forked child before it is made
    rehearses = True

    def __init__(self, engine: ox.Store, version: str, where: str) -> None:
        """Take over `engine`; `version` names its present content, `where` its place in messages."""
        self.engine = engine
        self.where = where
        self._version = version
        self._writes = 0

    def __exit__(self, *_: object) -> None:
        self.close()

    def __enter__(self) -> Self:
        return self

    @property
    def version(self) -> str:
        """Return a token that changes with every write."""
        return f"{self._version}-{self._writes}" if self._writes else self._version

    def select(self, query: str) -> Solutions:
        """Return the solutions of a SELECT query; raises BadQuery for any other."""
        answer = self._query(query)
        if not isinstance(answer, ox.QuerySolutions):
            raise BadQuery("The query is not a SELECT.", todo="Ask with SELECT.")
        names = tuple(variable.value for variable in answer.variables)
        try:
            rows = tuple(cast("tuple[Term | None, ...]", tuple(row)) for row in answer)
        except (OSError, RuntimeError) as error:
            self._fail(error)
        return Solutions(names, rows)

    def ask(self, query: str) -> bool:
        """Return the answer of an ASK query; raises BadQuery for any other."""
        answer = self._query(query)
        if not isinstance(answer, ox.QueryBoolean):
            raise BadQuery("The query is not an ASK.", todo="Ask with ASK.")
        return bool(answer)

    def construct(self, query: str) -> Iterator[ox.Triple]:
        """Yield the triples of a CONSTRUCT or DESCRIBE query; raises BadQuery for any other."""
        answer = self._query(query)
        if not isinstance(answer, ox.QueryTriples):
            raise BadQuery("The query is not a CONSTRUCT or DESCRIBE.", todo="Ask with CONSTRUCT.")
        return iter(answer)

    def update(self, update: str) -> None:
        """Run a SPARQL update, all or nothing."""
        self.run_update(update, None)

    def run_update(self, update: str, base: str | None) -> None:
        """Run a SPARQL update whose relative IRIs are resolved against `base`."""
        try:
            self.engine.update(update, base_iri=base)
        except SyntaxError as error:
            raise bad_query(error, update) from error
        except (OSError, RuntimeError) as error:
            self._fail(error)
        self._written()

    def graphs(self) -> tuple[ox.NamedNode, ...]:
        """Return the names of the named graphs, sorted."""
        names = (name for name in self.engine.named_graphs() if isinstance(name, ox.NamedNode))
        return tuple(sorted(names, key=lambda name: name.value))

    def has_graph(self, graph: ox.NamedNode) -> bool:
        """Say whether a graph of that name exists, be it empty."""
        return self.engine.contains_named_graph(graph)

    def quads(self, graph: GraphName) -> Iterator[ox.Triple]:
        """Yield the triples of one graph."""
        return map(_TRIPLE, self.engine.quads_for_pattern(None, None, None, graph or ox.DefaultGraph()))

    def digest(self, graphs: Iterable[GraphName]) -> bytes:
        """Return a digest of some graphs: equal ones mean equal triples, others may mean nothing."""
        seen = _Digest()
        for graph in graphs:
            seen.write(str(graph).encode() + b"\n")
            self.engine.dump(
                cast("IO[bytes]", seen), format=ox.RdfFormat.N_TRIPLES, from_graph=graph or ox.DefaultGraph()
            )
        return seen.sha.digest()

    def load(self, quads: Iterable[ox.Quad]) -> int:
        """Add quads in bounded memory; return how many were given."""
        given = 0

        def counted() -> Iterator[ox.Quad]:
            nonlocal given
            for quad in quads:
                given += 1
                yield quad

        self._write(lambda: self.engine.bulk_extend(counted()))
        return given

    def extend(self, quads: Iterable[ox.Quad]) -> None:
        """Add quads in one transaction."""
        self._write(lambda: self.engine.extend(quads))

    def remove(self, quads: Iterable[ox.Quad]) -> None:
        """Remove quads one by one: not one transaction."""
        for quad in quads:
            self.engine.remove(quad)
        self._written()

    def add_graph(self, graph: ox.NamedNode) -> None:
        """Make an empty graph exist."""
        self._write(lambda: self.engine.add_graph(graph))

    def writing(self) -> AbstractContextManager[None]:
        """Return what surrounds a write: nothing, where nobody else puts data into the store."""
        return nullcontext()

    def begin_following(self) -> None:
        """Note that inferences are behind; a memory store has nobody to tell."""

    def end_following(self) -> None:
        """Note that inferences are in step again."""

    def make_durable(self) -> None:
        """Return when what was written will survive; a memory store has nothing to do."""

    def replace_graph(self, graph: GraphName, triples: Iterable[ox.Triple]) -> None:
        """Put `triples` in the place of what `graph` held, all or nothing."""
        self.update(replacement(graph, triples))

    def remove_graph(self, graph: GraphName) -> None:
        """Remove a graph with its triples."""
        self._write(lambda: self.engine.remove_graph(graph or ox.DefaultGraph()))

    def close(self) -> None:
        """Let go of the engine, and with it of files and locks."""
        if hasattr(self, "engine"):
            del self.engine

    def _query(self, query: str) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
        """Return the engine's answer, its errors translated."""
        try:
            return self.engine.query(query)
        except SyntaxError as error:
            raise bad_query(error, query) from error
        except (OSError, RuntimeError) as error:
            self._fail(error)

    def _write(self, act: Callable[[], object]) -> None:
        """Run a write of the engine, its errors translated, and count it."""
        try:
            act()
        except KgError:
            raise
        except (OSError, RuntimeError) as error:
            self._fail(error)
        self._written()

    def _written(self) -> None:
        """Note that the content changed."""
        self._writes += 1

    def _fail(self, error: Exception) -> NoReturn:
        """Raise StoreUnavailable for what the engine could not do."""
        raise engine_trouble(error) from error


def replacement(graph: GraphName, triples: Iterable[ox.Triple]) -> str:
    """Return the one update that empties or makes `graph` and puts `triples` in."""
    data = "\n".join(f"{triple} ." for triple in triples)
    if graph is None:
        return f"CLEAR SILENT DEFAULT ; INSERT DATA {{ {data} }}"
    return f"DROP SILENT GRAPH {graph} ; CREATE GRAPH {graph} ; INSERT DATA {{ GRAPH {graph} {{ {data} }} }}"
