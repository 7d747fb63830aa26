"""A knowledge graph of what its source texts say about refractory or relapsed adult ALL."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rdflib import Dataset

__all__ = ["load"]


def load(build: str | Path | None = None) -> Dataset:
    """Return the built graph as an rdflib Dataset, prefixes bound: `kg.load().query("SELECT ...")`.

    `build` is a folder that holds `current` (default: KG_BUILD_DIR, or the project's `build/`). Plain queries
    and `triples()` see the default graph, where a triple of several graphs counts once; `GRAPH ?g { ... }`,
    `graph(name)` and `quads()` reach every triple of every named graph. Nothing is written back to the
    build. Raises StoreUnavailable when there is no finished build.
    """
    from oxrdflib import OxigraphStore
    from rdflib import Dataset

    from kg.build.publishing import open_build
    from kg.namespaces import PREFIXES
    from kg.settings import Settings

    settings = Settings.from_environment(os.environ, build_dir=Path(build) if build else None)
    dataset = Dataset(store=OxigraphStore(store=open_build(settings).oxigraph), default_union=False)
    for prefix, namespace in PREFIXES.items():
        dataset.bind(prefix, namespace, replace=True)
    return dataset
