"""Our own build in the directory store of the imports, so that one query reaches both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pyoxigraph import Literal, Quad

from kg.linking.named_remotes import allow_remotes
from kg.model.import_registry import IMPORTS_GRAPH, get_term_text, locate_import_store
from kg.namespaces import DCTERMS, GRAPH
from kg.settings import Settings
from sparqlhost.store.interface import Store
from sparqlhost.store.staging import StagedStore, open_readonly, stage_store
from sparqlhost.store_opening import MEMORY_STORE

_ONTOLOGY_GRAPH = GRAPH["ontology"]
_BUILD_DIGEST = DCTERMS["isVersionOf"]


def refresh_build(settings: Settings, store_dir: Path | None = None) -> bool:
    """Put the current build into our own store of imports where it holds an older one; say whether it did."""
    target = store_dir or locate_import_store(settings)
    if not holds_older_build(target, settings):
        return False
    with stage_store(target, imports_only=True) as stage:
        load_current_build(stage, settings)
        refresh_neighbourhood(stage, settings)
    return True


def prepare_serving_settings(settings: Settings) -> Settings:
    """Return the settings of a server: remotes may be called, and imports stand beside the graph.

    Where something was imported and no other store is asked for, its directory is served.
    """
    made = with_import_store(allow_remotes(settings))
    if made.store != settings.store:
        refresh_build(settings)
    return made


def with_import_store(settings: Settings) -> Settings:
    """Return the settings over the imports, where there are some and no other store is asked for."""
    path = locate_import_store(settings)
    if settings.store != MEMORY_STORE or settings.empty or not path.is_dir():
        return settings
    return replace(settings, store=str(path))


def open_build_with_imports(settings: Settings) -> Store:
    """Open the imports with the build beside them for reading, the build alone where nothing was imported."""
    path = locate_import_store(settings)
    if not path.is_dir():
        from kg.build.publishing import open_build

        return open_build(settings)
    refresh_build(settings)
    return open_readonly(path)


def holds_older_build(store_dir: Path, settings: Settings) -> bool:
    """Say whether a store that we filled ourselves holds another build than the current one.

    A directory that a server filled is left alone: it may hold what users wrote.
    """
    current = _find_current_build(settings)
    if current is None or not store_dir.exists() or not any(store_dir.iterdir()):
        return False
    held = _read_held_digest(open_readonly(store_dir))
    return bool(held) and held != current.name


def load_current_build(stage: StagedStore, settings: Settings) -> None:
    """Load the current build into a store that holds none of ours."""
    current = _find_current_build(settings)
    if current is None or any(graph == _ONTOLOGY_GRAPH for graph in stage.store.graph_names()):
        return
    stage.load_nquads(current / "graph.nq")
    stage.store.update(
        f"DELETE WHERE {{ GRAPH {IMPORTS_GRAPH} {{ {_ONTOLOGY_GRAPH} {_BUILD_DIGEST} ?old }} }}"
    )
    stage.add_quads([Quad(_ONTOLOGY_GRAPH, _BUILD_DIGEST, Literal(current.name), IMPORTS_GRAPH)])


def refresh_neighbourhood(stage: StagedStore, settings: Settings) -> None:
    """Work out anew what the imports have around our links, for the questions that show the ways up."""
    from kg.build.import_neighbourhood import extract_neighbourhood

    for graph in stage.store.graph_names():
        if graph.value.startswith(GRAPH["outside/"].value):
            stage.store.remove_graph(graph)
    stage.add_quads(extract_neighbourhood(stage.store, stage.store, settings))


def _find_current_build(settings: Settings) -> Path | None:
    """Return the folder of the current build, or None when nothing is built."""
    folder = (settings.build_dir / "current").resolve()
    return folder if (folder / "graph.nq").is_file() else None


def _read_held_digest(store: Store) -> str:
    """Return the digest of the build that we put into `store`, "" when we put none."""
    rows = store.select(
        f"SELECT ?digest {{ GRAPH {IMPORTS_GRAPH} {{ {_ONTOLOGY_GRAPH} {_BUILD_DIGEST} ?digest }} }}"
    )
    return next((get_term_text(row["digest"]) for row in rows), "")
