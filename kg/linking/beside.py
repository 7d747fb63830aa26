"""Our own build in the directory store of the imports, so that one query reaches both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pyoxigraph import Literal, Quad

from kg.external.remotes import with_remotes
from kg.linking.registry import META, store_path, text
from kg.namespaces import DCTERMS, GRAPH
from kg.settings import Settings
from kg.store.imports import Stage, open_readonly, staged
from kg.store.opening import MEMORY
from kg.store.protocol import Store

_OURS = GRAPH["ontology"]
_DIGEST = DCTERMS["isVersionOf"]


def refresh(settings: Settings, path: Path | None = None) -> bool:
    """Put the current build into our own store of imports where it holds an older one; say whether it did."""
    target = path or store_path(settings)
    if not is_stale(target, settings):
        return False
    with staged(target, imports_only=True) as stage:
        bring_build(stage, settings)
        bring_outside(stage, settings)
    return True


def served(settings: Settings) -> Settings:
    """Return the settings of a server: remotes may be called, and imports stand beside the graph.

    Where something was imported and no other store is asked for, its directory is served.
    """
    made = with_imports(with_remotes(settings))
    if made.store != settings.store:
        refresh(settings)
    return made


def with_imports(settings: Settings) -> Settings:
    """Return the settings over the imports, where there are some and no other store is asked for."""
    path = store_path(settings)
    if settings.store != MEMORY or settings.empty or not path.is_dir():
        return settings
    return replace(settings, store=str(path))


def open_beside(settings: Settings) -> Store:
    """Open the imports with the build beside them for reading, the build alone where nothing was imported."""
    path = store_path(settings)
    if not path.is_dir():
        from kg.pipeline import open_build

        return open_build(settings)
    refresh(settings)
    return open_readonly(path)


def is_stale(path: Path, settings: Settings) -> bool:
    """Say whether a store that we filled ourselves holds another build than the current one.

    A directory that a server filled is left alone: it may hold what users wrote.
    """
    current = _current(settings)
    if current is None or not path.exists() or not any(path.iterdir()):
        return False
    held = _held(open_readonly(path))
    return bool(held) and held != current.name


def bring_build(stage: Stage, settings: Settings) -> None:
    """Load the current build into a store that holds none of ours."""
    current = _current(settings)
    if current is None or any(graph == _OURS for graph in stage.store.graphs()):
        return
    stage.bring(current / "graph.nq")
    stage.store.update(f"DELETE WHERE {{ GRAPH {META} {{ {_OURS} {_DIGEST} ?old }} }}")
    stage.add([Quad(_OURS, _DIGEST, Literal(current.name), META)])


def bring_outside(stage: Stage, settings: Settings) -> None:
    """Work out anew what the imports have around our links, for the questions that show the ways up."""
    from kg.pipeline.outside import outside_of

    for graph in stage.store.graphs():
        if graph.value.startswith(GRAPH["outside/"].value):
            stage.store.remove_graph(graph)
    stage.add(outside_of(stage.store, stage.store, settings))


def _current(settings: Settings) -> Path | None:
    """Return the folder of the current build, or None when nothing is built."""
    folder = (settings.build_dir / "current").resolve()
    return folder if (folder / "graph.nq").is_file() else None


def _held(store: Store) -> str:
    """Return the digest of the build that we put into `store`, "" when we put none."""
    rows = store.select(f"SELECT ?digest {{ GRAPH {META} {{ {_OURS} {_DIGEST} ?digest }} }}")
    return next((text(row["digest"]) for row in rows), "")
