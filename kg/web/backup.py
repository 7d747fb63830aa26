"""`/backup`: the whole store as N-Quads of one moment (GET), and another in its place (PUT)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from kg.settings import Settings
from kg.store.backups import (
    make_dump_job,
    make_restore_update,
    parse_backup,
    parse_dump_answer,
    serialize_backup,
)
from kg.store.jobs import WriteJob
from kg.web.parameters import read_body
from kg.web.writing import require_update_token

blueprint = Blueprint("backup", __name__)

#: a whole store may take so many query deadlines to write out or to take in.
BACKUP_DEADLINE_FACTOR = 20


@blueprint.get("/backup")
def download_backup() -> Response:
    """Answer everything, as it is at one moment."""
    settings: Settings = current_app.extensions["kg_settings"]
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
    settings: Settings = current_app.extensions["kg_settings"]
    quads = parse_backup(read_body(request, settings.body_size), "body")
    job = WriteJob(
        "restore", text=make_restore_update(quads), deadline=settings.query_deadline * BACKUP_DEADLINE_FACTOR
    )
    current_app.extensions["kg_store"].write(job)
    return jsonify({"restored": len(quads), "version": current_app.extensions["kg_store"].version})
