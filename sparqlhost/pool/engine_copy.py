"""An engine over a copy of a store of this process: for development servers, tests and notebooks.

A server starts its engine by fork, before it has threads. Here the calling process may have threads, and a
fork of it could inherit a lock that nobody releases. So a new process reads a copy of the data and starts the
engine (`python -m sparqlhost.pool.engine_copy`). It ends when its standard input is closed, so also when the
calling process dies.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO

from sparqlhost.errors import UserError
from sparqlhost.hosting import AfterWrite, HostedData
from sparqlhost.pool.supervisor import start_engine
from sparqlhost.settings import HostSettings
from sparqlhost.store.local_store import LocalStore, MemoryStore

_FILE_NAME = "copy.nq"


@dataclass(frozen=True, slots=True)
class _CopyRequest:
    """What the new process gets, pickled."""

    settings: HostSettings
    nquads: Path
    version: str
    prefixes: Mapping[str, str]
    make_after_write: Callable[[], AfterWrite] | None


class EngineCopy:
    """A running engine over a copy of a store."""

    def __init__(self, settings: HostSettings, store: LocalStore, data: HostedData) -> None:
        """Start the engine; raises UserError when it does not start.

        `data.make_after_write` must be a function of a module, so that it can be pickled.
        """
        with tempfile.TemporaryDirectory(prefix=f"{settings.PRODUCT}-copy-") as folder:
            nquads = Path(folder, _FILE_NAME)
            nquads.write_bytes(b"".join(f"{quad} .\n".encode() for quad in store.oxigraph))
            request = _CopyRequest(
                settings, nquads, store.version, dict(data.prefixes), data.make_after_write
            )
            self._process = subprocess.Popen(  # noqa: S603 - this module
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C reaches the caller only, which ends this one
                env={**os.environ, "PYTHONPATH": os.pathsep.join(path or "." for path in sys.path)},
            )
            self.directory = self._exchange(pickle.dumps(request))

    def _exchange(self, request: bytes) -> Path:
        """Send the request; return the directory of the engine, or raise the error of its start."""
        assert self._process.stdin is not None  # noqa: S101 - a pipe was asked for
        assert self._process.stdout is not None  # noqa: S101
        _write_block(self._process.stdin, request)
        answer = _read_block(self._process.stdout)
        result: Path | UserError = pickle.loads(answer)  # noqa: S301 - of the process that was started here
        if isinstance(result, UserError):
            self.stop()
            raise result
        return result

    def stop(self) -> None:
        """End the engine."""
        assert self._process.stdin is not None  # noqa: S101 - a pipe was asked for
        self._process.stdin.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process.wait()


def _write_block(pipe: IO[bytes], block: bytes) -> None:
    pipe.write(len(block).to_bytes(8, "big") + block)
    pipe.flush()


def _read_block(pipe: IO[bytes]) -> bytes:
    """Return a block; not all until the end, since the engine keeps the pipe open."""
    return pipe.read(int.from_bytes(pipe.read(8), "big"))


def _run_engine(caller: IO[bytes], answer: IO[bytes]) -> None:
    """Start the engine that `caller` describes, answer with its directory, and stop it when `caller` ends."""
    request: _CopyRequest = pickle.loads(_read_block(caller))  # noqa: S301 - of the process that started this one
    data = HostedData(
        prefixes=MappingProxyType(dict(request.prefixes)), make_after_write=request.make_after_write
    )
    store = MemoryStore(request.nquads, version=request.version, prefixes=data.prefixes)
    try:
        engine = start_engine(request.settings, lambda: store, data)
    except UserError as error:
        _write_block(answer, pickle.dumps(error))
        return
    with engine:
        _write_block(answer, pickle.dumps(engine.directory))
        caller.read()


if __name__ == "__main__":
    from sparqlhost.pool import engine_copy  # pickle names the classes of that module, not of `__main__`

    engine_copy._run_engine(sys.stdin.buffer, sys.stdout.buffer)
