"""A knowledge graph of what its source texts say: every statement with its words, hedge and sentence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rdflib import Dataset

    from kg.notebook import KnowledgeGraph

__all__ = ["load", "open"]


def open(source: str | Path | None = None) -> KnowledgeGraph:
    """Return the graph to ask: `kg.open().ask("raised-for", situation="NAME")`.

    `source` is the address of a server (`http://…`), a folder that holds builds, or a store on disk; without
    it the current build is read. Nothing is sent anywhere but to an address that you give. Raises
    StoreUnavailable when there is nothing to open.
    """
    from kg.notebook.knowledge_graph import open_knowledge_graph

    return open_knowledge_graph(source)


def load(build: str | Path | None = None) -> Dataset:
    """Return the built graph as an rdflib Dataset, prefixes bound: `kg.load().query("SELECT ...")`.

    `build` is a folder that holds `current` (default: KG_BUILD_DIR, or the project's `build/`). Plain queries
    and `triples()` see the default graph, where a triple of several graphs counts once; `GRAPH ?g { ... }`,
    `graph(name)` and `quads()` reach every triple of every named graph. Nothing is written back to the
    build. Raises StoreUnavailable when there is no finished build.
    """
    from kg.notebook.rdflib_dataset import load_dataset

    return load_dataset(build)
