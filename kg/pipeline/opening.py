"""Opening a finished build: one folder, checked, loaded into memory."""

from __future__ import annotations

from pathlib import Path

from kg.errors import StoreUnavailable
from kg.pipeline.manifest import Manifest
from kg.pipeline.outside import load_neighbourhood
from kg.pipeline.publish import CURRENT_LINK, GRAPH_FILE, MANIFEST_FILE, hash_graph_file
from kg.settings import Settings
from kg.store.memory import MemoryStore


def find_current_build(build_dir: Path) -> Path:
    """Return the folder of the current build; raises StoreUnavailable when there is none."""
    folder = (build_dir / CURRENT_LINK).resolve()
    if not (folder / MANIFEST_FILE).is_file():
        raise StoreUnavailable(
            "There is no finished build here.", location=str(build_dir), hint="Run `kg build`."
        )
    return folder


def open_build(settings: Settings) -> MemoryStore:
    """Return a store over the current build, with what imports have around its links.

    Raises StoreUnavailable when the build is absent or damaged.
    """
    folder = find_current_build(settings.build_dir)
    manifest = Manifest.read_file(folder / MANIFEST_FILE)
    if hash_graph_file(folder) != manifest.digest:
        raise StoreUnavailable(
            "The build is damaged.", location=str(folder / GRAPH_FILE), hint="Run `kg build`."
        )
    built = MemoryStore(folder / GRAPH_FILE, version=manifest.digest[:16])
    if beside := load_neighbourhood(settings, built):
        built.load_quads(beside)
    return built


def read_manifest(settings: Settings) -> Manifest:
    """Return the manifest of the current build; raises StoreUnavailable when there is none."""
    return Manifest.read_file(find_current_build(settings.build_dir) / MANIFEST_FILE)
