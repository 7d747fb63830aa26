"""`/metrics` for Prometheus: requests, latencies, rows, timeouts, kills, queue and store size.

Behind several processes the client library adds them up (its multi-process mode, switched on by
`kg.serving`); what the engine counts is read from the engine at the moment of asking.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, Response, current_app, jsonify
from flask.blueprints import BlueprintSetupState
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from sparqlhost.errors import UserError
from sparqlhost.settings import HostSettings
from sparqlhost.store.interface import Store

metrics_blueprint = Blueprint("metrics", __name__)

LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

#: what the engine reports -> kind of metric and help.
ENGINE_METRICS = {
    "running": ("gauge", "Queries that run now."),
    "waiting": ("gauge", "Queries that wait for a slot."),
    "slots": ("gauge", "Queries that may run at a time."),
    "queue": ("gauge", "Queries that may wait."),
    "quads": ("gauge", "Quads in the store."),
    "kills": ("counter", "Query processes that were killed."),
    "timeouts": ("counter", "Queries stopped at their deadline."),
    "writes": ("counter", "Writes acknowledged."),
}


STORE_SIZE_QUERY = "SELECT (COUNT(*) AS ?n) { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }"


class RequestMetrics:
    """The counters of one process."""

    def __init__(self) -> None:
        """Register them in a registry of their own, so that two applications never collide."""
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "kg_requests",
            "Requests answered.",
            ("route", "method", "status", "cache"),
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "kg_request_seconds",
            "From request to last byte.",
            ("route",),
            buckets=LATENCY_BUCKETS,
            registry=self.registry,
        )
        self.rows = Counter("kg_rows", "Rows sent as answers to queries.", registry=self.registry)
        self.queries_in_flight = Gauge(
            "kg_queries_in_flight",
            "Requests for queries that are not yet answered.",
            multiprocess_mode="livesum",
            registry=self.registry,
        )
        self._children_by_labels: dict[tuple[str, str, int, str], Any] = {}

    def observe_request(self, route: str, method: str, status: int, seconds: float, cache: str) -> None:
        """Count one request; `labels()` is dear, so each combination is looked up once."""
        key = (route, method, status, cache)
        pair = self._children_by_labels.get(key)
        if pair is None:
            known = method if method in _KNOWN_METHODS else "other"
            pair = (
                self.requests.labels(route, known, str(status), cache or "miss"),
                self.request_seconds.labels(route),
            )
            self._children_by_labels[key] = pair
        pair[0].inc()
        pair[1].observe(seconds)


_KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})


class EngineCollector(Collector):
    """The engine's own numbers, asked for when Prometheus asks."""

    def __init__(self, status: Mapping[str, Any]) -> None:
        """Show `status`, name to number; what is not a known number is left out."""
        self.status = status

    def collect(self) -> Iterator[Metric]:
        """Yield one family a number."""
        for name, (kind, text) in ENGINE_METRICS.items():
            if name not in self.status:
                continue
            made = CounterMetricFamily if kind == "counter" else GaugeMetricFamily
            yield made(f"kg_engine_{name}", text, value=float(self.status[name]))


def read_engine_status(store: object) -> dict[str, Any]:
    """Return what the store's engine tells of itself, {} when it has none."""
    status = getattr(store, "read_status", None)
    return dict(status()) if callable(status) else {}


@metrics_blueprint.record_once
def _install_metrics(state: BlueprintSetupState) -> None:
    """Give the application its counters."""
    state.app.extensions.setdefault("kg_metrics", RequestMetrics())


@metrics_blueprint.get("/metrics")
def get_metrics() -> Response:
    """Answer the numbers of all server processes in the Prometheus text format."""
    registry: CollectorRegistry = current_app.extensions["kg_metrics"].registry
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    text = generate_latest(registry) + generate_latest(
        _make_engine_registry(_count_queries_in_flight(registry))
    )
    return Response(text, content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


def _count_queries_in_flight(registry: CollectorRegistry) -> float:
    """Return how many requests for queries all processes have in hand."""
    return registry.get_sample_value("kg_queries_in_flight") or 0.0


def _make_engine_registry(in_flight: float) -> CollectorRegistry:
    """Return a registry of the engine's numbers; what is in hand and does not run waits."""
    store = current_app.extensions["kg_store"]
    status = read_engine_status(store)
    if "running" in status:
        status["waiting"] = max(0.0, in_flight - status["running"])
    try:
        status["quads"] = _count_quads(store)
    except UserError:
        pass
    registry = CollectorRegistry()
    registry.register(EngineCollector(status))
    return registry


def _count_quads(store: Store) -> int:
    """Return the number of statements in the store, counted once a version of the data."""
    known: dict[str, int] = current_app.extensions.setdefault("kg_size", {})
    version = store.version
    if version not in known:
        row = next(iter(store.select(STORE_SIZE_QUERY)))
        known.clear()
        known[version] = int(getattr(row["n"], "value", "0"))
    return known[version]


#: MERGED kg.web.health
#: MERGED `/health/live`: the process answers. `/health/ready`: it can answer questions.


health_blueprint = Blueprint("health", __name__, url_prefix="/health")


@health_blueprint.get("/live")
def report_liveness() -> Response:
    """Answer as long as the process does."""
    return jsonify({"status": "live"})


@health_blueprint.get("/ready")
def report_readiness() -> tuple[Response, int]:
    """Answer 200 when the store is open, the build is there and the queue has room; else 503 and why."""
    settings: HostSettings = current_app.extensions["kg_settings"]
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


def _is_build_present(settings: HostSettings) -> bool:
    """Say whether there is a build to serve; a store that needs none has it."""
    needs_none = settings.empty or settings.store != "memory:"
    return needs_none or (settings.build_dir / "current").exists()


def _is_queue_open(store: Store) -> bool:
    """Say whether one more query would be taken; a store without a queue always has room."""
    has_room = getattr(store, "can_accept_query", None)
    return bool(has_room()) if callable(has_room) else True
