"""Stores whose engine, pyoxigraph, runs in this process: the common part, and the store in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import IO, NoReturn, Self, cast

import pyoxigraph as ox

from sparqlhost.errors import StoreUnavailable, UserError
from sparqlhost.sparql.syntax_errors import (
    NO_PREFIXES,
    explain_engine_error,
    explain_rdf_error,
    explain_syntax_error,
)
from sparqlhost.store.interface import (
    GraphName,
    Solutions,
    make_form_error,
    read_boolean,
    read_solutions,
)

#: suffix -> format of the files that a store in memory can be made from.
RDF_SUFFIXES: Mapping[str, ox.RdfFormat] = MappingProxyType(
    {
        ".ttl": ox.RdfFormat.TURTLE,
        ".nt": ox.RdfFormat.N_TRIPLES,
        ".rdf": ox.RdfFormat.RDF_XML,
        ".owl": ox.RdfFormat.RDF_XML,
        ".jsonld": ox.RdfFormat.JSON_LD,
        ".trig": ox.RdfFormat.TRIG,
        ".nq": ox.RdfFormat.N_QUADS,
    }
)
_TRIPLE_OF_QUAD = attrgetter("triple")


class _DigestWriter:
    """A file object that computes the digest of what is written to it and stores nothing."""

    def __init__(self) -> None:
        self.sha256 = hashlib.sha256()

    def write(self, block: bytes) -> int:
        """Add a block."""
        self.sha256.update(block)
        return len(block)

    def flush(self) -> None:
        """Do nothing: nothing is buffered."""


class LocalStore(AbstractContextManager["LocalStore"]):
    """The Store protocol over one pyoxigraph store.

    A result must be read in the thread that asked for it: pyoxigraph aborts the process otherwise.
    """

    #: whether a write is tried in a forked child before it is made
    needs_dry_run = True

    def __init__(
        self, oxigraph: ox.Store, version: str, location: str, prefixes: Mapping[str, str] = NO_PREFIXES
    ) -> None:
        """Take over `oxigraph`; `version` names its content, `location` is for error messages.

        `prefixes` are those that answers in RDF use and error messages suggest.
        """
        self._engine: ox.Store | None = oxigraph
        self.location = location
        self.prefixes = prefixes
        self._initial_version = version
        self._write_count = 0

    def __exit__(self, *_: object) -> None:
        self.close()

    def __enter__(self) -> Self:
        return self

    @property
    def oxigraph(self) -> ox.Store:
        """The engine; raises StoreUnavailable after `close`."""
        if self._engine is None:
            raise StoreUnavailable("The store is closed.", location=self.location)
        return self._engine

    @property
    def version(self) -> str:
        """Return a token that changes with every write."""
        return f"{self._initial_version}-{self._write_count}" if self._write_count else self._initial_version

    def select(self, query: str) -> Solutions:
        """Return the solutions of a SELECT query; raises BadQuery for any other."""
        result = self._run_query(query)
        try:
            return read_solutions(result)
        except (OSError, RuntimeError) as error:
            self._raise_store_error(error)

    def ask(self, query: str) -> bool:
        """Return the answer of an ASK query; raises BadQuery for any other."""
        return read_boolean(self._run_query(query))

    def construct(self, query: str) -> Iterator[ox.Triple]:
        """Yield the triples of a CONSTRUCT or DESCRIBE query; raises BadQuery for any other."""
        result = self._run_query(query)
        if not isinstance(result, ox.QueryTriples):
            raise make_form_error("CONSTRUCT", "DESCRIBE")
        return iter(result)

    def update(self, update: str) -> None:
        """Run a SPARQL update, all or nothing."""
        self.run_update(update, None)

    def run_update(self, update: str, base: str | None) -> None:
        """Run a SPARQL update whose relative IRIs are resolved against `base`."""
        try:
            self.oxigraph.update(update, base_iri=base)
        except SyntaxError as error:
            raise explain_syntax_error(error, update, self.prefixes) from error
        except (OSError, RuntimeError) as error:
            self._raise_store_error(error, update)
        self._count_write()

    def graph_names(self) -> tuple[ox.NamedNode, ...]:
        """Return the names of the named graphs, sorted."""
        names = (name for name in self.oxigraph.named_graphs() if isinstance(name, ox.NamedNode))
        return tuple(sorted(names, key=lambda name: name.value))

    def has_graph(self, graph: ox.NamedNode) -> bool:
        """Say whether a graph of that name exists; it may be empty."""
        return self.oxigraph.contains_named_graph(graph)

    def read_graph(self, graph: GraphName) -> Iterator[ox.Triple]:
        """Yield the triples of one graph."""
        return map(
            _TRIPLE_OF_QUAD, self.oxigraph.quads_for_pattern(None, None, None, graph or ox.DefaultGraph())
        )

    def digest_graphs(self, graphs: Iterable[GraphName]) -> bytes:
        """Return a digest of some graphs: equal digests mean equal triples, different ones mean nothing.

        The engine serializes in the order of its index, so the same triples give the same bytes until the
        store is opened again; blank nodes make the digests of two stores differ.
        """
        digest = _DigestWriter()
        for graph in graphs:
            digest.write(str(graph).encode() + b"\n")
            self.oxigraph.dump(
                cast("IO[bytes]", digest),
                format=ox.RdfFormat.N_TRIPLES,
                from_graph=graph or ox.DefaultGraph(),
            )
        return digest.sha256.digest()

    def load_quads(self, quads: Iterable[ox.Quad]) -> int:
        """Add quads in bounded memory, not in one transaction; return how many there were."""
        total = 0

        def count_quads() -> Iterator[ox.Quad]:
            nonlocal total
            for quad in quads:
                total += 1
                yield quad

        self._run_write(lambda: self.oxigraph.bulk_extend(count_quads()))
        return total

    def add_quads(self, quads: Iterable[ox.Quad]) -> None:
        """Add quads in one transaction."""
        self._run_write(lambda: self.oxigraph.extend(quads))

    def remove_quads(self, quads: Iterable[ox.Quad]) -> None:
        """Remove quads one by one, not in one transaction."""
        for quad in quads:
            self.oxigraph.remove(quad)
        self._count_write()

    def add_graph(self, graph: ox.NamedNode) -> None:
        """Make an empty graph exist."""
        self._run_write(lambda: self.oxigraph.add_graph(graph))

    def lock_for_write(self) -> AbstractContextManager[None]:
        """Return the context that a write runs in; only a store shared with imports needs a lock."""
        return nullcontext()

    @property
    def has_stale_inferences(self) -> bool:
        """Whether a process ended between a write and the inferences that follow from it."""
        return False

    def mark_inferences_stale(self) -> None:
        """Note that a write began whose inferences are not made yet; a memory store need not: it ends too."""

    def mark_inferences_current(self) -> None:
        """Note that the inferences of every write are made."""

    def make_durable(self) -> None:
        """Return when everything written will survive a crash; a memory store has nothing to do."""

    def replace_graph(self, graph: GraphName, triples: Iterable[ox.Triple]) -> None:
        """Replace the content of `graph` by `triples`, all or nothing."""
        self.update(make_replace_update(graph, triples))

    def remove_graph(self, graph: GraphName) -> None:
        """Remove a graph with its triples."""
        self._run_write(lambda: self.oxigraph.remove_graph(graph or ox.DefaultGraph()))

    def close(self) -> None:
        """Drop the engine, which closes its files and releases RocksDB's lock; may be called twice."""
        self._engine = None

    def _run_query(self, query: str) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
        """Return the engine's result; raises BadQuery or StoreUnavailable for its errors."""
        try:
            return self.oxigraph.query(query)
        except SyntaxError as error:
            raise explain_syntax_error(error, query, self.prefixes) from error
        except (OSError, RuntimeError) as error:
            self._raise_store_error(error, query)

    def _run_write(self, operation: Callable[[], object]) -> None:
        """Run a write of the engine and count it; raises UserError for the engine's errors."""
        try:
            operation()
        except UserError:
            raise
        except (OSError, RuntimeError) as error:
            self._raise_store_error(error)
        self._count_write()

    def _count_write(self) -> None:
        self._write_count += 1

    def _raise_store_error(self, error: Exception, text: str = "") -> NoReturn:
        """Raise the error for what the engine could not do; `text` is the query or update."""
        raise explain_engine_error(error, text) from error


def make_replace_update(graph: GraphName, triples: Iterable[ox.Triple]) -> str:
    """Return an update that replaces the content of `graph` by `triples`, creating it if necessary."""
    data = "\n".join(f"{triple} ." for triple in triples)
    if graph is None:
        return f"CLEAR SILENT DEFAULT ; INSERT DATA {{ {data} }}"
    return f"DROP SILENT GRAPH {graph} ; CREATE GRAPH {graph} ; INSERT DATA {{ GRAPH {graph} {{ {data} }} }}"


class MemoryStore(LocalStore):
    """A store in memory: fast, private to this process, and gone when it ends.

    `MemoryStore(path, ...)` reads RDF files (RDF_SUFFIXES); `MemoryStore()` is empty.
    """

    def __init__(self, *files: Path, version: str = "", prefixes: Mapping[str, str] = NO_PREFIXES) -> None:
        """Load the files; raises StoreUnavailable if one cannot be read, BadData if it does not parse.

        `version` names their content; by default it is their digest.
        """
        engine = ox.Store()
        for file in files:
            _load_file(engine, file)
        super().__init__(engine, version or _digest_files(files), "memory:", prefixes)


def _load_file(oxigraph: ox.Store, file: Path) -> None:
    try:
        oxigraph.bulk_load(
            path=file,
            format=RDF_SUFFIXES.get(file.suffix, ox.RdfFormat.N_QUADS),
            base_iri=file.resolve().as_uri(),
            lenient=file.suffix == ".nq",  # written by a program that checked it
        )
    except SyntaxError as error:
        raise explain_rdf_error(
            error, "The file", str(file), "Correct the file, or write it again."
        ) from error
    except OSError as error:
        raise StoreUnavailable(
            f"The file cannot be read: {error}.", location=str(file), hint="Name a readable file."
        ) from error


def _digest_files(paths: Iterable[Path]) -> str:
    """Return a short SHA-256 over the bytes of `paths`, in their order."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            hashlib.file_digest(file, lambda: digest)
    return digest.hexdigest()[:16]
