"""Serve the RDF files of a folder: `serve_folder`, `start_folder_server`, `python -m sparqlhost.folder`."""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparqlhost.errors import NotFound, StoreUnavailable, UserError
from sparqlhost.hosting import HostedApplication, HostedData
from sparqlhost.ops.run_server import run_server
from sparqlhost.settings import HostSettings
from sparqlhost.store.interface import Store
from sparqlhost.store.local_store import RDF_SUFFIXES, LocalStore, MemoryStore

if TYPE_CHECKING:
    from flask import Flask

_MODULE = "sparqlhost.folder"  # `__name__` is another when it is run
_READY_LINE = "serving on "


def serve_folder(
    folder: str | Path, *, on_ready: Callable[[str], None] = lambda _: None, **settings: Any
) -> None:
    """Serve the RDF files below `folder` from memory, until SIGTERM or SIGINT.

    `settings` are fields of HostSettings; others come from environment variables (SPARQLHOST_PORT and so on).
    `on_ready` is called with the address when queries are answered. When files change, an engine over the new
    content replaces the old one; while the new content does not parse, the old one stays.

    Raises NotFound if there are no RDF files, BadData with file, line and column if one does not parse. The
    process forks, so it must not have other threads: see `start_folder_server`.
    """
    path = Path(folder)
    host_settings = replace(HostSettings.from_environment(os.environ, **settings), store="memory:")
    data = HostedData(open_in_memory=partial(open_folder, path))

    def make_app(settings: HostSettings, store: Store) -> Flask:
        from sparqlhost.host_app import make_host_app  # not before run_server has set up the metrics

        return make_host_app(settings, store, data)

    application = HostedApplication(
        make_app, lambda _: data, read_data_version=lambda _: _digest_file_states(_list_rdf_files(path))
    )
    run_server(host_settings, application, on_ready)


def open_folder(folder: Path) -> LocalStore:
    """Return a store in memory with the RDF files below `folder`; raises as `serve_folder`.

    Triples of all files go into the default graph, quads into the graphs that they name.
    """
    files = _list_rdf_files(folder)
    if not files:
        suffixes = " ".join(RDF_SUFFIXES)
        raise NotFound("The folder has no RDF files.", location=str(folder), hint=f"Known are: {suffixes}.")
    return MemoryStore(*files, version=_digest_file_states(files))


def _list_rdf_files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.suffix in RDF_SUFFIXES and file.is_file())


def _digest_file_states(files: list[Path]) -> str:
    """Return a digest of names, sizes and times of `files`: a change of content changes it."""
    states = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files if file.exists()]
    return hashlib.sha256(repr(states).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class FolderServer:
    """A server in a process of its own; a context manager that stops it at the end."""

    url: str
    process: subprocess.Popen[str]

    def stop(self) -> None:
        """Let running requests finish, and end the server."""
        self.process.terminate()
        self.process.communicate()

    def __enter__(self) -> FolderServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_folder_server(folder: str | Path, *, port: int = 0, **settings: Any) -> FolderServer:
    """Start `python -m sparqlhost.folder FOLDER` and return when it answers; port 0 takes a free one.

    For notebooks, tests and other programs that have threads. Raises StoreUnavailable if it does not start;
    the reason is on stderr.
    """
    values = {
        HostSettings.name_variable(name): " ".join(value) if isinstance(value, tuple) else str(value)
        for name, value in (settings | {"port": port}).items()
    }
    command = [sys.executable, "-m", _MODULE, str(folder)]
    process = subprocess.Popen(  # noqa: S603 - this interpreter, and no shell
        command,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **values},
    )
    line = process.stdout.readline() if process.stdout else ""
    if not line.startswith(_READY_LINE):
        process.communicate()
        raise StoreUnavailable("The server did not start.", location=str(folder), hint="See its messages.")
    return FolderServer(line.removeprefix(_READY_LINE).strip(), process)


def _announce(url: str) -> None:
    """Print the line that `start_folder_server` waits for."""
    sys.stdout.write(f"{_READY_LINE}{url}\n")
    sys.stdout.flush()


def main() -> int:
    """Serve the folder that the command line names until SIGTERM or Ctrl-C; return 1 if it cannot start."""
    parser = argparse.ArgumentParser(prog=f"python -m {_MODULE}", description="Serve a folder of RDF files.")
    parser.add_argument("folder")
    parser.add_argument("--port", type=int, help="0 takes a free one (default: SPARQLHOST_PORT, else 8000)")
    arguments = parser.parse_args()
    try:
        serve_folder(arguments.folder, on_ready=_announce, port=arguments.port)
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
