"""The engine that the settings ask for: the process tree that owns the store."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from kg.serving.opening import make_store_opener
from kg.settings import Settings
from kg.store.engine import SparqlEngineProcess, start_engine


@dataclass(frozen=True, slots=True)
class EngineProcessTree:
    """A process tree of our own."""

    engine: SparqlEngineProcess

    @property
    def directory(self) -> Path:
        """Return the directory of its sockets."""
        return self.engine.directory

    def stop(self) -> None:
        """End it; server processes hold copies of the lifeline, so it is told, not only let go."""
        with contextlib.suppress(OSError):
            os.write(self.engine.shutdown_pipe, b".")
        self.engine.stop()


def start_configured_engine(settings: Settings) -> EngineProcessTree:
    """Start the engine that the settings ask for; raises UserError when its store does not open.

    Forks; the main process has idle threads at most.
    """
    return EngineProcessTree(start_engine(settings, make_store_opener(settings)))
