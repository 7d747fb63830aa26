"""The build copied into the store of the imports, so that one query reaches both.

The imports are large and stay in a directory store; the build is small and is loaded beside them. The graph
of imports records the digest of the build that was loaded: when `current` names another one, the build's
graphs are replaced in a staged clone (`sparqlhost.store.staging`), while the imports and the graphs of users
stay.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Quad

from kg.build.import_neighbourhood import extract_neighbourhood
from kg.build.opening import open_build
from kg.build.publishing import GRAPH_FILE, find_current_build
from kg.errors import StoreUnavailable
from kg.linking.named_remotes import allow_remotes
from kg.model.graphs import IMPORTS, ONTOLOGY, is_from_build, is_outside_extract
from kg.namespaces import DCTERMS
from kg.settings import Settings
from sparqlhost.settings import StoreKind
from sparqlhost.store.interface import Store, get_term_text
from sparqlhost.store.local_store import LocalStore
from sparqlhost.store.staging import StagedStore, open_readonly, stage_store

#: in the graph of imports: <graph/ontology> dcterms:isVersionOf "digest of the build it came from"
_BUILD_DIGEST = DCTERMS["isVersionOf"]


def refresh_build(settings: Settings, store_dir: Path | None = None) -> bool:
    """Load the current build into the store of imports if that has an older one; return whether it did."""
    target = store_dir or settings.locate_import_store()
    if not holds_older_build(target, settings):
        return False
    with stage_store(target, keep_graph=outlives_builds) as stage:
        load_current_build(stage, settings)
        refresh_neighbourhood(stage, settings)
    return True


def outlives_builds(graph: NamedNode) -> bool:
    """Return whether a graph stays when a newer build is loaded: imports, and the graphs of users."""
    return not is_from_build(graph)


def prepare_serving_settings(settings: Settings) -> Settings:
    """Return the settings of a server: SERVICE may call the remotes, and the imports are served, if any.

    The build beside the imports is refreshed first.
    """
    serving = with_import_store(allow_remotes(settings))
    if serving.store != settings.store:
        refresh_build(settings)
    return serving


def with_import_store(settings: Settings) -> Settings:
    """Return settings that serve the store of imports, if there is one and no other store is configured."""
    path = settings.locate_import_store()
    if settings.store_kind is not StoreKind.MEMORY or settings.empty or not path.is_dir():
        return settings
    return replace(settings, store=str(path))


def open_build_with_imports(settings: Settings) -> LocalStore:
    """Open the imports with the build beside them, read-only; the build alone where nothing was imported."""
    path = settings.locate_import_store()
    if not path.is_dir():
        return open_build(settings)
    refresh_build(settings)
    return open_readonly(path)


def holds_older_build(store_dir: Path, settings: Settings) -> bool:
    """Return whether `load_current_build` put another build than the current one into a store.

    False for a directory that a server filled: users may have written there.
    """
    current = _find_build(settings)
    if current is None or not store_dir.exists() or not any(store_dir.iterdir()):
        return False
    with open_readonly(store_dir) as store:
        loaded = _read_loaded_digest(store)
    return bool(loaded) and loaded != current.name


def load_current_build(stage: StagedStore, settings: Settings) -> None:
    """Load the current build into a staged store that has none, and record its digest."""
    current = _find_build(settings)
    # every build has the ontology's graph: its presence means that a build is loaded
    if current is None or ONTOLOGY in stage.store.graph_names():
        return
    stage.load_nquads(current / GRAPH_FILE)
    stage.store.update(f"DELETE WHERE {{ GRAPH {IMPORTS} {{ {ONTOLOGY} {_BUILD_DIGEST} ?old }} }}")
    stage.add_quads([Quad(ONTOLOGY, _BUILD_DIGEST, Literal(current.name), IMPORTS)])


def refresh_neighbourhood(stage: StagedStore, settings: Settings) -> None:
    """Extract again what the imports state around the project's links (`graph/outside/{id}`)."""
    for graph in stage.store.graph_names():
        if is_outside_extract(graph):
            stage.store.remove_graph(graph)
    stage.add_quads(extract_neighbourhood(stage.store, stage.store, settings))


def _find_build(settings: Settings) -> Path | None:
    """Return the folder of the current build, or None when nothing is built: imports do not need one."""
    try:
        return find_current_build(settings.build_dir)
    except StoreUnavailable:
        return None


def _read_loaded_digest(store: Store) -> str:
    """Return the digest of the build that was loaded into `store`, "" when none was."""
    digests = (
        get_term_text(triple.object)
        for triple in store.read_graph(IMPORTS)
        if triple.subject == ONTOLOGY and triple.predicate == _BUILD_DIGEST
    )
    return next(digests, "")
