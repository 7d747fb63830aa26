"""A store whose engine, pyoxigraph, runs in this process; memory and disk differ only in how it is opened."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from operator import attrgetter
from pathlib import Path
from typing import IO, NoReturn, Self, cast

import pyoxigraph as ox

from sparqlhost.errors import BadData, BadQuery, StoreUnavailable, UserError
from sparqlhost.sparql.syntax_errors import explain_engine_error, explain_syntax_error
from sparqlhost.store.interface import GraphName, Solutions, Term

_TRIPLE_OF_QUAD = attrgetter("triple")


class _DigestWriter:
    """A file that keeps nothing of what is written to it but its digest."""

    def __init__(self) -> None:
        self.sha256 = hashlib.sha256()

    def write(self, block: bytes) -> int:
        """Take a block."""
        self.sha256.update(block)
        return len(block)

    def flush(self) -> None:
        """Do nothing: nothing is held back."""


class LocalStore(AbstractContextManager["LocalStore"]):
    """The Protocol over one pyoxigraph store; results are read in the thread that asked for them."""

    #: a write is tried in a forked child before it is made
    needs_dry_run = True

    def __init__(self, oxigraph: ox.Store, version: str, location: str) -> None:
        """Take over `engine`; `version` names its present content, `where` its place in messages."""
        self.oxigraph = oxigraph
        self.location = location
        self._initial_version = version
        self._write_count = 0

    def __exit__(self, *_: object) -> None:
        self.close()

    def __enter__(self) -> Self:
        return self

    @property
    def version(self) -> str:
        """Return a token that changes with every write."""
        return f"{self._initial_version}-{self._write_count}" if self._write_count else self._initial_version

    def select(self, query: str) -> Solutions:
        """Return the solutions of a SELECT query; raises BadQuery for any other."""
        answer = self._run_query(query)
        if not isinstance(answer, ox.QuerySolutions):
            raise BadQuery("The query is not a SELECT.", hint="Ask with SELECT.")
        names = tuple(variable.value for variable in answer.variables)
        try:
            rows = tuple(cast("tuple[Term | None, ...]", tuple(row)) for row in answer)
        except (OSError, RuntimeError) as error:
            self._raise_store_error(error)
        return Solutions(names, rows)

    def ask(self, query: str) -> bool:
        """Return the answer of an ASK query; raises BadQuery for any other."""
        answer = self._run_query(query)
        if not isinstance(answer, ox.QueryBoolean):
            raise BadQuery("The query is not an ASK.", hint="Ask with ASK.")
        return bool(answer)

    def construct(self, query: str) -> Iterator[ox.Triple]:
        """Yield the triples of a CONSTRUCT or DESCRIBE query; raises BadQuery for any other."""
        answer = self._run_query(query)
        if not isinstance(answer, ox.QueryTriples):
            raise BadQuery("The query is not a CONSTRUCT or DESCRIBE.", hint="Ask with CONSTRUCT.")
        return iter(answer)

    def update(self, update: str) -> None:
        """Run a SPARQL update, all or nothing."""
        self.run_update(update, None)

    def run_update(self, update: str, base: str | None) -> None:
        """Run a SPARQL update whose relative IRIs are resolved against `base`."""
        try:
            self.oxigraph.update(update, base_iri=base)
        except SyntaxError as error:
            raise explain_syntax_error(error, update) from error
        except (OSError, RuntimeError) as error:
            self._raise_store_error(error)
        self._count_write()

    def graph_names(self) -> tuple[ox.NamedNode, ...]:
        """Return the names of the named graphs, sorted."""
        names = (name for name in self.oxigraph.named_graphs() if isinstance(name, ox.NamedNode))
        return tuple(sorted(names, key=lambda name: name.value))

    def has_graph(self, graph: ox.NamedNode) -> bool:
        """Say whether a graph of that name exists, be it empty."""
        return self.oxigraph.contains_named_graph(graph)

    def read_graph(self, graph: GraphName) -> Iterator[ox.Triple]:
        """Yield the triples of one graph."""
        return map(
            _TRIPLE_OF_QUAD, self.oxigraph.quads_for_pattern(None, None, None, graph or ox.DefaultGraph())
        )

    def digest_graphs(self, graphs: Iterable[GraphName]) -> bytes:
        """Return a digest of some graphs: equal ones mean equal triples, others may mean nothing."""
        seen = _DigestWriter()
        for graph in graphs:
            seen.write(str(graph).encode() + b"\n")
            self.oxigraph.dump(
                cast("IO[bytes]", seen), format=ox.RdfFormat.N_TRIPLES, from_graph=graph or ox.DefaultGraph()
            )
        return seen.sha256.digest()

    def load_quads(self, quads: Iterable[ox.Quad]) -> int:
        """Add quads in bounded memory; return how many were given."""
        given = 0

        def count_quads() -> Iterator[ox.Quad]:
            nonlocal given
            for quad in quads:
                given += 1
                yield quad

        self._run_write(lambda: self.oxigraph.bulk_extend(count_quads()))
        return given

    def add_quads(self, quads: Iterable[ox.Quad]) -> None:
        """Add quads in one transaction."""
        self._run_write(lambda: self.oxigraph.extend(quads))

    def remove_quads(self, quads: Iterable[ox.Quad]) -> None:
        """Remove quads one by one: not one transaction."""
        for quad in quads:
            self.oxigraph.remove(quad)
        self._count_write()

    def add_graph(self, graph: ox.NamedNode) -> None:
        """Make an empty graph exist."""
        self._run_write(lambda: self.oxigraph.add_graph(graph))

    def lock_for_write(self) -> AbstractContextManager[None]:
        """Return what surrounds a write: nothing, where nobody else puts data into the store."""
        return nullcontext()

    def mark_inferences_stale(self) -> None:
        """Note that inferences are behind; a memory store has nobody to tell."""

    def mark_inferences_current(self) -> None:
        """Note that inferences are in step again."""

    def make_durable(self) -> None:
        """Return when what was written will survive; a memory store has nothing to do."""

    def replace_graph(self, graph: GraphName, triples: Iterable[ox.Triple]) -> None:
        """Put `triples` in the place of what `graph` held, all or nothing."""
        self.update(make_replace_update(graph, triples))

    def remove_graph(self, graph: GraphName) -> None:
        """Remove a graph with its triples."""
        self._run_write(lambda: self.oxigraph.remove_graph(graph or ox.DefaultGraph()))

    def close(self) -> None:
        """Let go of the engine, and with it of files and locks."""
        if hasattr(self, "oxigraph"):
            del self.oxigraph

    def _run_query(self, query: str) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
        """Return the engine's answer, its errors translated."""
        try:
            return self.oxigraph.query(query)
        except SyntaxError as error:
            raise explain_syntax_error(error, query) from error
        except (OSError, RuntimeError) as error:
            self._raise_store_error(error)

    def _run_write(self, operation: Callable[[], object]) -> None:
        """Run a write of the engine, its errors translated, and count it."""
        try:
            operation()
        except UserError:
            raise
        except (OSError, RuntimeError) as error:
            self._raise_store_error(error)
        self._count_write()

    def _count_write(self) -> None:
        """Note that the content changed."""
        self._write_count += 1

    def _raise_store_error(self, error: Exception) -> NoReturn:
        """Raise StoreUnavailable for what the engine could not do."""
        raise explain_engine_error(error) from error


def make_replace_update(graph: GraphName, triples: Iterable[ox.Triple]) -> str:
    """Return the one update that empties or makes `graph` and puts `triples` in."""
    data = "\n".join(f"{triple} ." for triple in triples)
    if graph is None:
        return f"CLEAR SILENT DEFAULT ; INSERT DATA {{ {data} }}"
    return f"DROP SILENT GRAPH {graph} ; CREATE GRAPH {graph} ; INSERT DATA {{ GRAPH {graph} {{ {data} }} }}"


#: MERGED kg.store.memory
#: MERGED A store in memory, made from N-Quads files: fast, private to this process, and gone when it ends.


_BLOCK_SIZE = 1 << 20


class MemoryStore(LocalStore):
    """The built graph in memory; `MemoryStore(path, ...)` reads N-Quads files, `MemoryStore()` is empty."""

    def __init__(self, *nquads: Path, version: str = "") -> None:
        """Load the files; raises StoreUnavailable for one that cannot be read, BadData for a broken one."""
        engine = ox.Store()
        for path in nquads:
            _load_nquads(engine, path)
        super().__init__(engine, version or _digest_files(nquads), "memory:")


def _load_nquads(oxigraph: ox.Store, path: Path) -> None:
    """Read one N-Quads file into `engine`."""
    try:
        oxigraph.bulk_load(path=path, format=ox.RdfFormat.N_QUADS, lenient=True)
    except SyntaxError as error:
        raise BadData(
            "The N-Quads file is broken.",
            location=str(path),
            line=error.lineno or 0,
            hint="Run kg build again.",
        ) from error
    except OSError as error:
        raise StoreUnavailable(
            f"The built graph cannot be read: {error}.",
            location=str(path),
            hint="Run kg build, then try again.",
        ) from error


def _digest_files(paths: Iterable[Path]) -> str:
    """Return a short SHA-256 over the bytes of `paths`, in their order."""
    total = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(_BLOCK_SIZE):
                total.update(block)
    return total.hexdigest()[:16]
