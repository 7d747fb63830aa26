"""`/health/live`: the process answers. `/health/ready`: it can answer questions."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify

from kg.errors import UserError
from kg.settings import Settings
from kg.store.protocol import Store

health_blueprint = Blueprint("health", __name__, url_prefix="/health")


@health_blueprint.get("/live")
def report_liveness() -> Response:
    """Answer as long as the process does."""
    return jsonify({"status": "live"})


@health_blueprint.get("/ready")
def report_readiness() -> tuple[Response, int]:
    """Answer 200 when the store is open, the build is there and the queue has room; else 503 and why."""
    settings: Settings = current_app.extensions["kg_settings"]
    store: Store = current_app.extensions["kg_store"]
    checks = {
        "store": _is_store_open(store),
        "build": _is_build_present(settings),
        "queue": _is_queue_open(store),
    }
    fine = all(checks.values())
    body = {"status": "ready" if fine else "not ready", "checks": checks, "version": _read_version(store)}
    return jsonify(body), 200 if fine else 503


def _read_version(store: Store) -> str:
    """Return the version of the data, "" when the store is away."""
    try:
        return store.version
    except UserError:
        return ""


def _is_store_open(store: Store) -> bool:
    """Say whether the store answers the smallest of queries."""
    try:
        return store.ask("ASK {}")
    except UserError:
        return False


def _is_build_present(settings: Settings) -> bool:
    """Say whether there is a build to serve; a store that needs none has it."""
    needs_none = settings.empty or settings.store != "memory:"
    return needs_none or (settings.build_dir / "current").exists()


def _is_queue_open(store: Store) -> bool:
    """Say whether one more query would be taken; a store without a queue always has room."""
    has_room = getattr(store, "can_accept_query", None)
    return bool(has_room()) if callable(has_room) else True
