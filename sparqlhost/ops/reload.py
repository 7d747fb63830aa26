"""The engine in force, and how a server replaces it: new data are served without a restart.

    main process     EngineReloader: starts an engine over the new data, names it in the file `engine`
    server process   follow_active_engine: reads that file, swaps its application when the name changed

A replaced engine is stopped when the requests that it may still run have had their time. Everything here that
forks runs in the main thread of the main process, which has no other thread (a child of a process with
threads may inherit a lock that nobody will release).
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from sparqlhost.errors import UserError
from sparqlhost.hosting import HostedApplication, open_engine_store
from sparqlhost.ops.cache_middleware import AnswerCache, CacheMiddleware, ServedApplication
from sparqlhost.ops.connections import guard_requests, limit_slow_bodies
from sparqlhost.ops.request_log import BufferedLineLog, get_recorder
from sparqlhost.pool.engine_dir import WRITTEN_MARKER
from sparqlhost.pool.engine_store import EngineStore
from sparqlhost.pool.supervisor import SparqlEngineProcess, start_engine
from sparqlhost.remote.remote_store import RemoteStore
from sparqlhost.settings import HostSettings, StoreKind
from sparqlhost.store.interface import Store
from sparqlhost.store.staging import remove_stale_stages

log = logging.getLogger(__name__)

_Settings = TypeVar("_Settings", bound=HostSettings)

#: times in a row that an engine may fail to start, a second apart, before the main process ends.
MAX_ENGINE_STARTS = 30
#: seconds between two looks at the name of the engine in force.
ENGINE_CHECK_SECONDS = 0.1


def open_application(
    settings: _Settings, application: HostedApplication[_Settings], engine_directory: Path
) -> ServedApplication:
    """Return the application over the engine in a directory; raises UserError when there is none."""
    engine = EngineStore(engine_directory, settings)
    store: Store = engine
    if settings.store_kind is StoreKind.REMOTE:
        prefixes = application.describe_data(settings).prefixes
        store = RemoteStore(settings.store, settings, engine, engine_directory / WRITTEN_MARKER, prefixes)
    app = application.make_app(settings, store)
    recorder = get_recorder(app)
    recorder.line_log = BufferedLineLog(sys.stderr.fileno())
    wsgi_app = guard_requests(limit_slow_bodies(app.wsgi_app, settings.body_patience), settings)
    return ServedApplication(wsgi_app, lambda: store.version, recorder, store.close)


def open_middleware(
    settings: _Settings, application: HostedApplication[_Settings], engine_directory: Path
) -> CacheMiddleware:
    """Return the outermost WSGI callable of a server process; raises as `open_application`."""
    return CacheMiddleware(
        open_application(settings, application, engine_directory),
        AnswerCache(settings.cache_bytes // max(1, settings.workers)),
    )


@dataclass(frozen=True, slots=True)
class ActiveEngine:
    """Which engine is in force: a file that the main process writes and the server processes read."""

    run_directory: Path

    @property
    def path(self) -> Path:
        """The file that names the directory of the engine."""
        return self.run_directory / "engine"

    def read_directory(self) -> Path:
        """Return the directory of the engine in force."""
        return Path(self.path.read_text())

    def set_directory(self, directory: Path) -> None:
        """Name another engine, atomically."""
        replacement = self.run_directory / "engine.new"
        replacement.write_text(str(directory))
        replacement.replace(self.path)


def follow_active_engine(
    middleware: CacheMiddleware,
    settings: _Settings,
    application: HostedApplication[_Settings],
    active_engine: ActiveEngine,
) -> None:
    """In a server process: swap the application whenever another engine is named; never returns."""
    serving = active_engine.read_directory()
    while True:
        time.sleep(ENGINE_CHECK_SECONDS)
        named = active_engine.read_directory()
        if named == serving:
            continue
        try:
            current = application.refresh_settings(settings)
            replaced = middleware.swap_application(open_application(current, application, named))
        except UserError as error:
            log.error("The new data cannot be served, the old ones stay: %s", error)
        else:
            threading.Timer(_drain_seconds(settings), replaced.close).start()
        serving = named


def _drain_seconds(settings: HostSettings) -> float:
    """Return the seconds after which no request of a replaced engine can still run."""
    return settings.query_deadline + 5


class EngineReloader(Generic[_Settings]):
    """In the main process: starts an engine for each new version of the data and names it."""

    def __init__(
        self,
        settings: _Settings,
        application: HostedApplication[_Settings],
        active_engine: ActiveEngine,
    ) -> None:
        """Start the first engine; raises UserError when it cannot."""
        self.settings = settings
        self.application = application
        self.active_engine = active_engine
        before = self._name_data()
        self.engine = self._start_engine()
        self._served_data = before or self._name_data()  # a directory is made when it is first opened
        self._served_kind = settings.store_kind
        self._retired_engines: list[tuple[float, SparqlEngineProcess]] = []
        self._failed_starts = 0
        self._reported_error = ""
        active_engine.set_directory(self.engine.directory)

    def serve_newest_data(self) -> None:
        """Stop the replaced engines that are done; put an engine over new data, if any, in force."""
        self._stop_retired_engines()
        self._restart_dead_engine()
        self.settings = self.application.refresh_settings(self.settings)
        if self._name_data() != self._served_data:
            self._replace_engine()

    def stop_engines(self) -> None:
        """Stop every engine."""
        engines = (self.engine, *(old for _, old in self._retired_engines))
        for engine in engines:
            engine.request_stop()
        for engine in engines:
            engine.stop()
        self._remove_stale_stages()

    def _start_engine(self) -> SparqlEngineProcess:
        """Fork an engine over the data that the settings name; raises UserError when they do not open."""
        data = self.application.describe_data(self.settings)
        settings = self.settings
        return start_engine(settings, lambda: open_engine_store(settings, data), data)

    def _restart_dead_engine(self) -> None:
        """Start another engine when the supervisor of the one in force has ended, for whatever reason.

        Raises StoreUnavailable when none can be started MAX_ENGINE_STARTS times in a row: the main process
        ends with it, so that what started the server can start it again.
        """
        if not self.engine.has_ended():
            return
        try:
            engine = self._start_engine()
        except UserError as error:
            self._failed_starts += 1
            if self._failed_starts >= MAX_ENGINE_STARTS:
                raise
            log.error("The engine ended and does not start again yet: %s", error)
            return
        log.error("The engine ended and was started again.")
        self._failed_starts = 0
        self.engine.stop()
        self.engine = engine
        self.active_engine.set_directory(engine.directory)

    def _name_data(self) -> str:
        """Return a name of the data that would be served, "" if there are none.

        A write does not change it; an import does, since it puts another directory in the place of the old
        one.
        """
        if self.settings.store_kind is StoreKind.REMOTE:
            return ""
        if self.settings.store_kind is StoreKind.MEMORY:
            return self.application.read_data_version(self.settings)
        path = Path(self.settings.store)
        return f"{path} ({path.stat().st_ino})" if path.exists() else ""

    def _replace_engine(self) -> None:
        """Put an engine over the newest data in force; a failure leaves the old one and is logged."""
        self._served_data = self._name_data()
        if self._served_kind is StoreKind.MEMORY and (self.engine.directory / WRITTEN_MARKER).exists():
            log.error("There are new data, which lack the writes to the served ones: restart to serve them.")
            return
        try:
            engine = self._start_engine()
        except UserError as error:
            if self._reported_error != str(error):
                log.error("The new data cannot be served, the old ones stay: %s", error)
            self._reported_error = str(error)
            if self.settings.store_kind is StoreKind.DIRECTORY:  # another import may have it open: try again
                self._served_data = ""
            return
        self._reported_error = ""
        self._retired_engines.append((time.monotonic() + _drain_seconds(self.settings) + 2, self.engine))
        self.engine = engine
        self._served_kind = self.settings.store_kind
        self.active_engine.set_directory(engine.directory)
        log.warning("Serving the new data %s.", self._served_data)

    def _stop_retired_engines(self) -> None:
        """Stop the replaced engines whose requests have all had their time."""
        now = time.monotonic()
        for item in [item for item in self._retired_engines if item[0] < now]:
            item[1].stop()
            self._retired_engines.remove(item)
            self._remove_stale_stages()

    def _remove_stale_stages(self) -> None:
        """Remove the directories that imports replaced, once no engine has them open."""
        if self.settings.store_kind is StoreKind.DIRECTORY:
            remove_stale_stages(Path(self.settings.store))
