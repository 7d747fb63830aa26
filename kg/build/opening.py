"""The current build as a store: what every command, page and notebook reads."""

from __future__ import annotations

from kg.build.import_neighbourhood import load_neighbourhood
from kg.build.publishing import (
    CURRENT_LINK,
    GRAPH_FILE,
    MANIFEST_FILE,
    Manifest,
    find_current_build,
    hash_graph_file,
)
from kg.errors import StoreUnavailable
from kg.settings import IS_INSTALLED, Settings
from sparqlhost.store.local_store import MemoryStore


def open_build(settings: Settings) -> MemoryStore:
    """Return a store over the current build and the neighbourhood of its links in imports.

    An installed `kg` that has no build yet makes it first, which takes some seconds. Raises StoreUnavailable
    when the build is absent or damaged, and as `kg.build.building.build` does.
    """
    if IS_INSTALLED and not (settings.build_dir / CURRENT_LINK).exists():
        from kg.build.building import build  # slow to import, and needed once

        build(settings)
    folder = find_current_build(settings.build_dir)
    manifest = Manifest.read_file(folder / MANIFEST_FILE)
    if hash_graph_file(folder) != manifest.digest:
        raise StoreUnavailable(
            "The build is damaged.", location=str(folder / GRAPH_FILE), hint="Run `kg build`."
        )
    if manifest.documents != settings.documents:
        shown = " ".join(manifest.documents) or "all documents"
        raise StoreUnavailable(
            f"The build shows {shown}, not what KG_DOCUMENTS names.", hint="Run `kg build`."
        )
    built = MemoryStore(folder / GRAPH_FILE, version=manifest.digest[:16])
    if neighbourhood := load_neighbourhood(settings, built):
        built.load_quads(neighbourhood)
    return built
