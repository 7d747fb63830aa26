"""Opening a finished build: one folder, checked, loaded into memory."""

from __future__ import annotations

from pathlib import Path

from kg.errors import StoreUnavailable
from kg.pipeline.manifest import Manifest
from kg.pipeline.outside import outside_quads
from kg.pipeline.publish import CURRENT, GRAPH_FILE, MANIFEST_FILE, graph_digest
from kg.settings import Settings
from kg.store.memory import MemoryStore


def current_build(build_dir: Path) -> Path:
    """Return the folder of the current build; raises StoreUnavailable when there is none."""
    folder = (build_dir / CURRENT).resolve()
    if not (folder / MANIFEST_FILE).is_file():
        raise StoreUnavailable(
            "There is no finished build here.", where=str(build_dir), todo="Run `kg build`."
        )
    return folder


def open_build(settings: Settings) -> MemoryStore:
    """Return a store over the current build, with what imports have around its links.

    Raises StoreUnavailable when the build is absent or damaged.
    """
    folder = current_build(settings.build_dir)
    manifest = Manifest.read(folder / MANIFEST_FILE)
    if graph_digest(folder) != manifest.digest:
        raise StoreUnavailable(
            "The build is damaged.", where=str(folder / GRAPH_FILE), todo="Run `kg build`."
        )
    built = MemoryStore(folder / GRAPH_FILE, version=manifest.digest[:16])
    if beside := outside_quads(settings, built):
        built.load(beside)
    return built


def read_manifest(settings: Settings) -> Manifest:
    """Return the manifest of the current build; raises StoreUnavailable when there is none."""
    return Manifest.read(current_build(settings.build_dir) / MANIFEST_FILE)
