"""Publish a build and open it again.

A build is a folder named after the digest of its N-Quads, with a manifest; `current` links to one. It is
written beside its place, made durable and renamed, so that a build killed at any moment leaves the last one
as it was. The manifest has no time in it: equal files give equal bytes.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from kg.errors import StoreUnavailable
from kg.settings import Settings

GRAPH_FILE = "graph.nq"
MANIFEST_FILE = "manifest.json"
CURRENT_LINK = "current"

#: builds that stay, the current one among them: open servers read an older one, and a user may return to it
_BUILDS_KEPT = 4
_PARTIAL_PREFIX = ".partial-"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GraphEntry:
    """One named graph: how many triples, and the sha256 of its sorted N-Triples."""

    triples: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of `manifest.json` beside `graph.nq`."""

    version: str
    digest: str
    graphs: dict[str, GraphEntry]
    default_graph: tuple[str, ...]
    default_triples: int
    sources: dict[str, str]
    reasoner: str
    documents: tuple[str, ...] = ()

    def to_json(self) -> str:
        """Return the manifest as JSON, keys sorted."""
        return json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"

    @classmethod
    def read_file(cls, path: Path) -> Self:
        """Return the manifest in a file; raises StoreUnavailable when it cannot be read."""
        try:
            raw: dict[str, Any] = json.loads(path.read_text("utf-8"))
            graphs = {name: GraphEntry(**entry) for name, entry in raw.pop("graphs").items()}
            documents = tuple(raw.pop("documents", ()))
            return cls(
                graphs=graphs, default_graph=tuple(raw.pop("default_graph")), documents=documents, **raw
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreUnavailable(
                "The build's manifest cannot be read.", location=str(path), hint="Run `kg build` again."
            ) from error


def publish_build(build_dir: Path, manifest: Manifest, files: dict[str, bytes]) -> Path:
    """Put a build at `<build_dir>/<digest>` and point `current` at it; return the folder.

    Raises StoreUnavailable when the folder cannot be written (rights, a full disk); nothing is lost then.
    """
    try:
        build_dir.mkdir(parents=True, exist_ok=True)
        with _hold_build_lock(build_dir):
            folder = build_dir / manifest.digest
            if not is_intact(folder, manifest):
                _write_build(build_dir, folder, manifest, files)
            _point_current_link(build_dir, folder)
            _remove_old_builds(build_dir, folder)
    except OSError as error:
        raise StoreUnavailable(
            f"The build cannot be written: {error.strerror}; the last good build is still current.",
            location=str(build_dir),
            hint="Free space or give write rights, then run `kg build` again.",
        ) from error
    return folder


def is_intact(folder: Path, manifest: Manifest) -> bool:
    """Return whether `folder` holds exactly this build."""
    try:
        same = (folder / MANIFEST_FILE).read_text("utf-8") == manifest.to_json()
        return same and hash_graph_file(folder) == manifest.digest
    except (OSError, UnicodeDecodeError):
        return False


def hash_graph_file(folder: Path) -> str:
    """Return the sha256 of a build's N-Quads."""
    with (folder / GRAPH_FILE).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write_build(build_dir: Path, folder: Path, manifest: Manifest, files: dict[str, bytes]) -> None:
    """Write a build beside `folder`, then rename it there; a damaged one that is there is moved aside."""
    partial = Path(tempfile.mkdtemp(prefix=_PARTIAL_PREFIX, dir=build_dir))
    try:
        _write_files(partial, {**files, MANIFEST_FILE: manifest.to_json().encode()})
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)  # the disk may be full because of it
        raise
    if folder.exists():
        folder.rename(Path(tempfile.mkdtemp(prefix=_PARTIAL_PREFIX, dir=build_dir)) / "damaged")
    partial.rename(folder)
    _sync_folder(build_dir)


def _write_files(partial: Path, files: dict[str, bytes]) -> None:
    """Write files into a new folder and make them durable."""
    partial.chmod(0o755)  # mkdtemp makes it private; a server may run as another user
    for name, content in files.items():
        with (partial / name).open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    _sync_folder(partial)


def _point_current_link(build_dir: Path, folder: Path) -> None:
    """Make `current` point to the build, in one rename."""
    link = build_dir / f"{_PARTIAL_PREFIX}{os.getpid()}.link"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.name)
    link.replace(build_dir / CURRENT_LINK)
    _sync_folder(build_dir)


def _remove_old_builds(build_dir: Path, current: Path) -> None:
    """Remove partial builds of killed runs and all but the newest builds; safe while the lock is held."""
    for path in build_dir.glob(f"{_PARTIAL_PREFIX}*"):
        path.unlink() if path.is_symlink() else shutil.rmtree(path, ignore_errors=True)
    builds = [path.parent for path in build_dir.glob(f"*/{MANIFEST_FILE}") if not path.parent.is_symlink()]
    builds.sort(key=lambda path: (path == current, path.stat().st_mtime), reverse=True)
    for path in builds[_BUILDS_KEPT:]:
        _log.info("removing the old build %s", path.name)
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _hold_build_lock(build_dir: Path) -> Iterator[None]:
    """Hold the folder's lock: of two builds one waits; the system releases the lock of a killed one."""
    with (build_dir / ".lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _sync_folder(folder: Path) -> None:
    """Make renames in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def find_current_build(build_dir: Path) -> Path:
    """Return the folder of the current build; raises StoreUnavailable when there is none."""
    folder = (build_dir / CURRENT_LINK).resolve()
    if not (folder / MANIFEST_FILE).is_file():
        raise StoreUnavailable(
            "There is no finished build here.", location=str(build_dir), hint="Run `kg build`."
        )
    return folder


def read_manifest(settings: Settings) -> Manifest:
    """Return the manifest of the current build; raises StoreUnavailable when there is none."""
    return Manifest.read_file(find_current_build(settings.build_dir) / MANIFEST_FILE)
