"""Backup and restore: `/backup` of a server, and the same for a command line.

A command uses the running server where there is one, else it opens the store itself. Either is all or
nothing. The server makes a dump at full speed and sends it from a file: a slow reader holds no worker of the
engine, an error comes before the answer begins, and its length tells a client of a truncated one. The client
of `/backup` stands below it.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import Lock
from typing import Any

import pyoxigraph as ox
from flask import Blueprint, Response, current_app, jsonify, request

from sparqlhost.errors import BadData, StoreLocked, StoreUnavailable, TooLarge, Unauthorized, UserError
from sparqlhost.hosting import PLAIN_STORE, HostedData, open_store
from sparqlhost.http import BLOCK_SIZE, Peer, RequestLimits, remove_credentials, send_request
from sparqlhost.http import Response as ServerAnswer
from sparqlhost.ops.backup_format import (
    make_dump_job,
    make_restore_update,
    parse_backup,
    parse_dump_answer,
    serialize_backup,
    verify_backup,
)
from sparqlhost.pool.jobs import WriteJob
from sparqlhost.protocol.app_context import get_settings, get_sparql_service, get_store
from sparqlhost.protocol.endpoint_table import CachePolicy, Endpoint, route
from sparqlhost.protocol.request_facts import read_body
from sparqlhost.protocol.write_access import require_update_token
from sparqlhost.remote.remote_store import RemoteStore
from sparqlhost.settings import HostSettings, StoreKind
from sparqlhost.store.disk_store import load_into_directory
from sparqlhost.store.interface import Store

_BLOCK_SIZE = 1 << 16
_SENTENCE_BY_ERRNO = {
    errno.ENOSPC: "The disk is full.",
    errno.EFBIG: "The file would be larger than files may be here.",
    errno.EDQUOT: "The disk quota is used up.",
    errno.EROFS: "The disk is read-only.",
    errno.EACCES: "You may not write or read there.",
    errno.EISDIR: "That is a directory.",
    errno.ENOENT: "There is no such file or directory.",
    errno.ENOTDIR: "A part of the path is a file.",
}


def find_running_server(settings: HostSettings, address: str | None) -> str | None:
    """Return the address of the running server, None when none runs at the configured address.

    Raises StoreUnavailable when none runs at an explicit `address`.
    """
    candidate = address or f"http://{settings.host}:{settings.port}"
    if is_server_running(candidate):
        return candidate
    if address:
        raise StoreUnavailable(
            "No server of this software answers there.", location=address, hint="Start it, or omit --server."
        )
    return None


def write_backup(
    settings: HostSettings, target: Path, address: str | None = None, data: HostedData = PLAIN_STORE
) -> str:
    """Write a complete backup to `target`, or nothing; return the server or store that it is of."""
    server = find_running_server(settings, address)
    if server:
        write_backup_file(target, fetch_backup(server))
        return server
    _refuse_memory_store(settings)
    with contextlib.closing(open_store(settings, data)) as store:
        write_backup_file(target, serialize_backup(_iterate_quads(store), store.version, settings.PRODUCT))
    return settings.store


def restore_backup(
    settings: HostSettings, source: Path, token: str, address: str | None = None
) -> tuple[int, str]:
    """Replace all data by a backup, or change nothing; return the number of quads and the server or store."""
    body = read_backup_file(source)
    quads = parse_backup(body, str(source))
    server = find_running_server(settings, address)
    if server:
        return send_backup(server, body, token), server
    _refuse_memory_store(settings)
    if settings.store_kind is StoreKind.REMOTE:
        RemoteStore(settings.store, settings).update(make_restore_update(quads))
    else:
        _replace_directory(Path(settings.store), source, body)
    return len(quads), settings.store


def _refuse_memory_store(settings: HostSettings) -> None:
    """Raise StoreUnavailable for a store in memory: only its server could read or replace what it holds."""
    if settings.store_kind is StoreKind.MEMORY:
        raise StoreUnavailable(
            f"No server runs at http://{settings.host}:{settings.port}/ and the store is in memory.",
            hint="Name the server with --server, or a directory with --store.",
        )


def _iterate_quads(store: Store) -> Iterator[ox.Quad]:
    """Yield every quad of a store that nobody else has open."""
    for triple in store.read_graph(None):
        yield ox.Quad(triple.subject, triple.predicate, triple.object)
    for graph in store.graph_names():
        for triple in store.read_graph(graph):
            yield ox.Quad(triple.subject, triple.predicate, triple.object, graph)


def write_backup_file(target: Path, blocks: Iterable[bytes]) -> None:
    """Write `blocks` beside `target`, read them back, rename: an older file stays until then."""
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("wb") as raw:
            packed = gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) if _is_gzipped(target) else None
            with packed or contextlib.nullcontext(raw) as file:
                file.writelines(blocks)
            raw.flush()
            os.fsync(raw.fileno())
        with gzip.open(part) if _is_gzipped(target) else part.open("rb") as written:
            verify_backup(iter(lambda: written.read(_BLOCK_SIZE), b""), str(target))
        part.replace(target)
    except OSError as error:
        raise _explain_os_error(target, error) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def read_backup_file(source: Path) -> bytes:
    """Return the content of a backup file; raises BadData where it cannot be read or unpacked."""
    try:
        body = source.read_bytes()
    except OSError as error:
        raise _explain_os_error(source, error) from error
    try:
        return gzip.decompress(body) if _is_gzipped(source) else body
    except (OSError, EOFError) as error:
        raise BadData(
            "The file is truncated or damaged: it cannot be unpacked.",
            location=str(source),
            hint="Use another backup; the store is unchanged.",
        ) from error


def _is_gzipped(path: Path) -> bool:
    return path.suffix == ".gz"


def _replace_directory(folder: Path, source: Path, body: bytes) -> None:
    """Load `body` into a new store beside `folder`, then rename it; on failure the old store is put back."""
    if folder.exists():
        _check_not_in_use(folder)
    try:
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise _explain_os_error(folder, error) from error
    before = fresh.with_name(fresh.name + ".before")
    try:
        load_into_directory(fresh, body)
        if folder.exists():
            folder.rename(before)
        fresh.rename(folder)
    except OSError as error:
        if before.exists() and not folder.exists():
            before.rename(folder)
        raise _explain_os_error(folder, error) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(before, ignore_errors=True)


def _check_not_in_use(folder: Path) -> None:
    """Raise StoreLocked while another process has the store open; a damaged one may be replaced."""
    from sparqlhost.store.disk_store import DiskStore

    try:
        DiskStore(folder).close()
    except StoreLocked:
        raise
    except UserError:
        return


def _explain_os_error(path: Path, error: OSError) -> UserError:
    """Return the error for what the system refused; RocksDB gives only the text of the errno."""
    text = str(error).lower()
    named = (
        sentence for number, sentence in _SENTENCE_BY_ERRNO.items() if os.strerror(number).lower() in text
    )
    known = _SENTENCE_BY_ERRNO.get(error.errno or 0) or next(named, "")
    return StoreUnavailable(
        known or f"The file cannot be used: {error.strerror or error}.",
        location=str(path),
        hint="What was there is unchanged.",
    )


class SharedFile:
    """An unnamed file that several threads read; it is gone when the last of them is."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        """Write `blocks` to it; raises OSError when there is no room."""
        with tempfile.TemporaryFile() as file:
            file.writelines(blocks)
            file.flush()
            self._descriptor = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._descriptor)

    @property
    def size(self) -> int:
        """The number of bytes in it."""
        return os.fstat(self._descriptor).st_size

    def __iter__(self) -> Iterator[bytes]:
        """Yield its content in blocks."""
        offset = 0
        while block := os.pread(self._descriptor, _BLOCK_SIZE, offset):
            offset += len(block)
            yield block


class BackupSpool:
    """Makes one backup for each version of the data."""

    def __init__(self) -> None:
        """Make no backup yet."""
        self._lock = Lock()
        self._version = ""
        self._file: SharedFile | None = None

    def open_backup(self, version: str, make_blocks: Callable[[], Iterable[bytes]]) -> SharedFile:
        """Return the backup of a version, which `make_blocks` makes if there is none."""
        with self._lock:
            if self._file is None or self._version != version:
                self._file = None  # makes room for the next one
                self._file, self._version = SharedFile(make_blocks()), version
            return self._file


blueprint = Blueprint("backup", __name__)

#: query deadlines that writing out or replacing a whole store may take.
BACKUP_DEADLINE_FACTOR = 20


@route(
    blueprint,
    Endpoint(
        "/backup",
        "All data, as of one moment",
        formats=("application/n-quads",),
        cache=CachePolicy.NO_STORE,
    ),
)
def download_backup() -> Response:
    """Answer all data, of one version."""
    settings, version = get_settings(), get_store().version
    service = get_sparql_service()

    def make_blocks() -> Iterator[bytes]:
        job = make_dump_job(settings.query_deadline * BACKUP_DEADLINE_FACTOR)
        quads = parse_dump_answer(service.answer(job, "bulk").blocks)
        return serialize_backup(quads, version, settings.PRODUCT)

    spool: BackupSpool = current_app.extensions.setdefault("sparqlhost_backup", BackupSpool())
    try:
        file = spool.open_backup(version, make_blocks)
    except OSError as error:
        raise _explain_os_error(Path(tempfile.gettempdir()), error) from error
    response = Response(iter(file), content_type="application/n-quads; charset=utf-8")
    response.content_length = file.size
    response.headers["Cache-Control"] = "no-store, no-transform"  # sent as it is, block by block
    response.headers["Content-Disposition"] = f'attachment; filename="{settings.PRODUCT}.nq"'
    return response


@route(
    blueprint,
    Endpoint(
        "/backup",
        "Replace all data with a backup",
        methods=("PUT",),
        body=("application/n-quads",),
        formats=("application/json",),
        response_schema={"type": "object", "required": ["restored", "version"]},
        requires_token=True,
    ),
)
def upload_backup() -> Response:
    """Replace all data by the backup in the body, or change nothing."""
    require_update_token()
    settings = get_settings()
    quads = parse_backup(read_body(request, settings.body_size), "body")
    job = WriteJob(
        "restore", text=make_restore_update(quads), deadline=settings.query_deadline * BACKUP_DEADLINE_FACTOR
    )
    get_sparql_service().write(job)
    return jsonify({"restored": len(quads), "version": get_store().version})


#: to see whether a server runs at all.
_PROBE_LIMITS = RequestLimits(3.0, max_bytes=10_000, private_hosts=None)
#: a backup of a large store takes long to write or to load, and the server says nothing meanwhile.
_BACKUP_LIMITS = RequestLimits(6 * 3600.0, idle_seconds=600.0, private_hosts=None)
_ERROR_OF_STATUS: dict[int, type[UserError]] = {
    400: BadData,
    401: Unauthorized,
    403: Unauthorized,
    413: TooLarge,
}


def is_server_running(address: str) -> bool:
    """Return whether a server of this software answers at `address`."""
    try:
        with _send(address, "GET", "/health/live", _PROBE_LIMITS) as response:
            return response.status == 200 and b"status" in response.readall()
    except UserError:
        return False


def fetch_backup(address: str) -> Iterator[bytes]:
    """Yield the backup that the server gives; raises StoreUnavailable when it does not."""
    with _send(address, "GET", "/backup", _BACKUP_LIMITS) as response:
        _raise_for_refusal(response, address)
        while block := response.read(BLOCK_SIZE):
            yield block


def send_backup(address: str, body: bytes, token: str) -> int:
    """Have the server replace its data by `body` (N-Quads); return the number of quads it restored."""
    headers = {"Content-Type": "application/n-quads"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    with _send(address, "PUT", "/backup", _BACKUP_LIMITS, headers=headers, body=body) as response:
        _raise_for_refusal(response, address)
        restored = _parse_json(response).get("restored")
    if not isinstance(restored, int):
        raise StoreUnavailable(
            "The server did not say how much it restored.", location=remove_credentials(address)
        )
    return restored


def _send(address: str, method: str, path: str, limits: RequestLimits, **content: Any) -> ServerAnswer:
    """Send a request with `headers` and `body` as `content`; the address is the server's own."""
    start = "Start it, then try again."
    peer = Peer("The server", "", remove_credentials(address), start, start, timeout_error=StoreUnavailable)
    return send_request(method, address.rstrip("/") + path, peer, limits, **content)


def _raise_for_refusal(response: ServerAnswer, address: str) -> None:
    """Raise the error that a response other than 200 describes (RFC 9457)."""
    if response.status == 200:
        return
    problem = _parse_json(response)
    error_class = _ERROR_OF_STATUS.get(response.status, StoreUnavailable)
    raise error_class(
        str(problem.get("detail") or f"The server answered {response.status}."),
        location=remove_credentials(address),
        hint=str(problem.get("next", "")),
    )


def _parse_json(response: ServerAnswer) -> dict[str, Any]:
    """Return the object in the body, an empty one where there is none."""
    try:
        content = json.loads(response.readall())
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
