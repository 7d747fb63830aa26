"""`kg backup` and `kg restore`: by the running server where there is one, else on the store itself."""

from __future__ import annotations

import contextlib
import errno
import gzip
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyoxigraph as ox
from flask import Blueprint, Response, current_app, jsonify, request

from sparqlhost.errors import BadData, StoreUnavailable, UserError
from sparqlhost.ops.backup_format import (
    load_quads_into_directory,
    make_dump_job,
    make_restore_update,
    parse_backup,
    parse_dump_answer,
    serialize_backup,
)
from sparqlhost.pool.jobs import WriteJob
from sparqlhost.protocol.request_parameters import read_body
from sparqlhost.protocol.security import require_update_token
from sparqlhost.remote.remote_store import RemoteStore
from sparqlhost.server_client import fetch_backup, is_server_running, send_backup
from sparqlhost.settings import HostSettings
from sparqlhost.store.interface import Store
from sparqlhost.store_opening import MEMORY_STORE, open_store

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
    """Return the address of the running server to ask, None when none runs; a named one must run."""
    candidate = address or f"http://{settings.host}:{settings.port}"
    if is_server_running(candidate):
        return candidate
    if address:
        raise StoreUnavailable(
            "No server of ours answers there.", location=address, hint="Start it, or leave --server."
        )
    return None


def write_backup(settings: HostSettings, target: Path, address: str | None = None) -> str:
    """Write a backup to `target`, whole or not at all; return where it came from."""
    server = find_running_server(settings, address)
    if server:
        write_backup_file(target, fetch_backup(server))
        return server
    with contextlib.closing(open_store(settings)) as store:
        write_backup_file(target, serialize_backup(_iterate_quads(store), store.version))
    return settings.store


def restore_backup(
    settings: HostSettings, source: Path, token: str, address: str | None = None
) -> tuple[int, str]:
    """Put a backup in the place of what is there, whole or not at all; return its size and where it went."""
    body = read_backup_file(source)
    quads = parse_backup(body, str(source))
    server = find_running_server(settings, address)
    if server:
        return send_backup(server, body, token), server
    if settings.store == MEMORY_STORE:
        raise StoreUnavailable(
            f"No server runs at http://{settings.host}:{settings.port}/ and the store is in memory.",
            hint="Name the server with --server, or a directory with --store.",
        )
    if settings.store.startswith(("http://", "https://")):
        RemoteStore(settings.store, settings).update(make_restore_update(quads))
    else:
        _replace_directory(Path(settings.store), source, body)
    return len(quads), settings.store


def _iterate_quads(store: Store) -> Iterator[ox.Quad]:
    """Yield every quad of a store that nobody else has open."""
    for triple in store.read_graph(None):
        yield ox.Quad(triple.subject, triple.predicate, triple.object)
    for graph in store.graph_names():
        for triple in store.read_graph(graph):
            yield ox.Quad(triple.subject, triple.predicate, triple.object, graph)


def write_backup_file(target: Path, blocks: Iterable[bytes]) -> None:
    """Write `blocks` beside `target`, then rename: a file of that name is kept until the new one is whole."""
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("wb") as raw:
            packed = gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) if _is_gzipped(target) else None
            with packed or contextlib.nullcontext(raw) as file:
                for block in blocks:
                    file.write(block)
            raw.flush()
            os.fsync(raw.fileno())
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
            "The file is cut or damaged: it cannot be unpacked.",
            location=str(source),
            hint="Take another backup; what was there is unchanged.",
        ) from error


def _is_gzipped(path: Path) -> bool:
    return path.suffix == ".gz"


def _replace_directory(folder: Path, source: Path, body: bytes) -> None:
    """Load `body` into a new store beside `folder`, then put it in its place."""
    if folder.exists():
        _check_not_in_use(folder)
    try:
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise _explain_os_error(folder, error) from error
    before = fresh.with_name(fresh.name + ".before")
    try:
        load_quads_into_directory(fresh, body)
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
    """Raise StoreUnavailable while another process has the store open; a damaged one may be replaced."""
    from sparqlhost.store.disk_store import DiskStore

    try:
        DiskStore(folder).close()
    except UserError as error:
        if "Another process" in error.message:
            raise


def _explain_os_error(path: Path, error: OSError) -> UserError:
    """Return the sentence for what the system refused."""
    known = _SENTENCE_BY_ERRNO.get(error.errno or 0) or next(
        (
            what
            for number, what in _SENTENCE_BY_ERRNO.items()
            if os.strerror(number).lower() in str(error).lower()
        ),
        "",
    )
    return StoreUnavailable(
        known or f"The file cannot be used: {error.strerror or error}.",
        location=str(path),
        hint="What was there is unchanged.",
    )


#: MERGED kg.web.backup
#: MERGED `/backup`: the whole store as N-Quads of one moment (GET), and another in its place (PUT).


blueprint = Blueprint("backup", __name__)

#: a whole store may take so many query deadlines to write out or to take in.
BACKUP_DEADLINE_FACTOR = 20


@blueprint.get("/backup")
def download_backup() -> Response:
    """Answer everything, as it is at one moment."""
    settings: HostSettings = current_app.extensions["kg_settings"]
    store: Any = current_app.extensions["kg_store"]
    version = store.version
    reply = store.answer(make_dump_job(settings.query_deadline * BACKUP_DEADLINE_FACTOR), "trusted")
    head = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="rrall-kg.nq"'}
    lines = serialize_backup(parse_dump_answer(reply.blocks), version)
    return Response(lines, content_type="application/n-quads; charset=utf-8", headers=head)


@blueprint.put("/backup")
def upload_backup() -> Response:
    """Put what the body holds in the place of everything, all or nothing."""
    require_update_token()
    settings: HostSettings = current_app.extensions["kg_settings"]
    quads = parse_backup(read_body(request, settings.body_size), "body")
    job = WriteJob(
        "restore", text=make_restore_update(quads), deadline=settings.query_deadline * BACKUP_DEADLINE_FACTOR
    )
    current_app.extensions["kg_store"].write(job)
    return jsonify({"restored": len(quads), "version": current_app.extensions["kg_store"].version})
