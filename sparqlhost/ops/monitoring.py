"""Monitoring: `/metrics` for Prometheus, `/health/live` and `/health/ready` for a load balancer.

Each server process counts its own requests; the Prometheus client adds the processes up (its multi-process
mode, switched on by `PROMETHEUS_MULTIPROC_DIR`). What the engine counts is read from the engine on each
request. For a page of the application: what could leave this machine while the page is made.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Any, cast

import psutil
from flask import Blueprint, Flask, Response, current_app, jsonify
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
from sparqlhost.pool.engine_store import EngineStore
from sparqlhost.protocol.app_context import get_host_context, get_settings, get_store
from sparqlhost.protocol.endpoint_table import CachePolicy, Endpoint, route
from sparqlhost.settings import HostSettings, StoreKind
from sparqlhost.store.interface import Store

metrics_blueprint = Blueprint("metrics", __name__)
_EXTENSION = "sparqlhost_metrics"

LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

#: number that the engine reports -> kind of metric and help.
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
    """The counters of one process, in a registry of their own, so that two applications do not collide."""

    def __init__(self, prefix: str) -> None:
        """Register the metrics; their names begin with `prefix`."""
        self.registry = CollectorRegistry()
        self.requests = Counter(
            f"{prefix}requests",
            "Requests answered.",
            ("route", "method", "status", "cache"),
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            f"{prefix}request_seconds",
            "From request to last byte.",
            ("route",),
            buckets=LATENCY_BUCKETS,
            registry=self.registry,
        )
        self.rows = Counter(f"{prefix}rows", "Rows sent as answers to queries.", registry=self.registry)
        self.queries_in_flight = Gauge(
            f"{prefix}queries_in_flight",
            "Requests for queries that are not yet answered.",
            multiprocess_mode="livesum",
            registry=self.registry,
        )
        self._children_by_labels: dict[tuple[str, str, int, str], Any] = {}

    def observe_request(self, route: str, method: str, status: int, seconds: float, cache: str) -> None:
        """Count one request that took `seconds`; `cache` is "hit" or ""."""
        method_label = method if method in _KNOWN_METHODS else "other"
        key = (route, method_label, status, cache)
        children = self._children_by_labels.get(key)  # `labels()` is slow, so its results are kept
        if children is None:
            children = (
                self.requests.labels(route, method_label, str(status), cache or "miss"),
                self.request_seconds.labels(route),
            )
            self._children_by_labels[key] = children
        children[0].inc()
        children[1].observe(seconds)


_KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})


class EngineCollector(Collector):
    """The numbers of the engine, as a collector of one scrape."""

    def __init__(self, prefix: str, status: Mapping[str, Any]) -> None:
        """Report those of `status` (name -> number) that ENGINE_METRICS knows."""
        self.prefix = prefix
        self.status = status

    def collect(self) -> Iterator[Metric]:
        """Yield a metric for each number."""
        for name, (kind, text) in ENGINE_METRICS.items():
            if name not in self.status:
                continue
            made = CounterMetricFamily if kind == "counter" else GaugeMetricFamily
            yield made(f"{self.prefix}engine_{name}", text, value=float(self.status[name]))


def read_engine_status(store: object) -> dict[str, Any]:
    """Return the numbers of the store's engine, {} when it has none."""
    return dict(store.read_status()) if isinstance(store, EngineStore) else {}


@metrics_blueprint.record_once
def _install_metrics(state: BlueprintSetupState) -> None:
    get_request_metrics(cast(Flask, state.app))


def get_request_metrics(app: Flask) -> RequestMetrics:
    """Return the counters of an application, made at the first call."""
    if _EXTENSION not in app.extensions:
        app.extensions[_EXTENSION] = RequestMetrics(get_metric_prefix(get_host_context(app).settings))
    metrics: RequestMetrics = app.extensions[_EXTENSION]
    return metrics


def get_metric_prefix(settings: HostSettings) -> str:
    """Return what the names of metrics begin with: `kg_` where environment variables begin with `KG_`."""
    return settings.PREFIX.lower()


@route(
    metrics_blueprint,
    Endpoint("/metrics", "Metrics for Prometheus", formats=("text/plain",), cache=CachePolicy.NO_STORE),
)
def get_metrics() -> Response:
    """Answer the numbers of all server processes in the Prometheus text format."""
    registry = get_request_metrics(current_app).registry
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    text = generate_latest(registry) + generate_latest(
        _make_engine_registry(_count_queries_in_flight(registry))
    )
    return Response(text, content_type=CONTENT_TYPE_LATEST)


def _count_queries_in_flight(registry: CollectorRegistry) -> float:
    """Return how many requests for queries are not yet answered, in all processes."""
    return registry.get_sample_value(f"{get_metric_prefix(get_settings())}queries_in_flight") or 0.0


def _make_engine_registry(in_flight: float) -> CollectorRegistry:
    """Return a registry of the engine's numbers; a query in flight that does not run is waiting."""
    store = get_store()
    status = read_engine_status(store)
    if "running" in status:
        status["waiting"] = max(0.0, in_flight - status["running"])
    try:
        status["quads"] = _count_quads(store)
    except UserError:
        pass
    registry = CollectorRegistry()
    registry.register(EngineCollector(get_metric_prefix(get_settings()), status))
    return registry


def _count_quads(store: Store) -> int:
    """Return the number of statements in the store, counted once a version of the data."""
    count_by_version: dict[str, int] = current_app.extensions.setdefault("sparqlhost_quad_count", {})
    version = store.version
    if version not in count_by_version:
        row = next(iter(store.select(STORE_SIZE_QUERY)))
        count_by_version.clear()
        count_by_version[version] = int(getattr(row["n"], "value", "0"))
    return count_by_version[version]


health_blueprint = Blueprint("health", __name__)


@route(
    health_blueprint,
    Endpoint(
        "/health/live",
        "The process answers",
        formats=("application/json",),
        response_schema={
            "type": "object",
            "required": ["status"],
            "properties": {"status": {"const": "live"}},
        },
        cache=CachePolicy.NO_STORE,
    ),
)
def report_liveness() -> Response:
    """Answer as long as the process does."""
    return jsonify({"status": "live"})


@route(
    health_blueprint,
    Endpoint(
        "/health/ready",
        "Ready to answer queries",
        formats=("application/json",),
        statuses=(200, 503),
        response_schema={"type": "object", "required": ["status", "checks", "version"]},
        cache=CachePolicy.NO_STORE,
    ),
)
def report_readiness() -> tuple[Response, int]:
    """Answer 200 when the store answers and takes more, and the application's checks pass; else 503."""
    store = get_store()
    engine = store if isinstance(store, EngineStore) else None
    checks = {
        "store": _is_store_open(store),
        "queue": engine is None or engine.can_accept_query(),
        "writes": engine is None or engine.is_writable(),
    }
    checks |= {name: check() for name, check in get_host_context().pages.health_checks.items()}
    is_ready = all(checks.values())
    status = "ready" if is_ready else "not ready"
    body = {"status": status, "checks": checks, "version": _read_version(store)}
    return jsonify(body), 200 if is_ready else 503


def _read_version(store: Store) -> str:
    """Return the version of the data, "" when the store does not answer."""
    try:
        return store.version
    except UserError:
        return ""


def _is_store_open(store: Store) -> bool:
    """Return whether the store answers the smallest query."""
    try:
        return store.ask("ASK {}")
    except UserError:
        return False


_OWN_SOURCES = frozenset({"'none'", "'self'", "data:"})


@dataclass(frozen=True, slots=True)
class NetworkCheck:
    """One check: what it looked at, whether nothing is wrong, and what it found."""

    name: str
    passed: bool
    detail: str


def run_network_checks(
    settings: HostSettings, content_security_policy: str, own_port: int
) -> tuple[NetworkCheck, ...]:
    """Return the checks; `content_security_policy` is that of the pages, `own_port` that of this server."""
    return (
        _check_policy(content_security_policy),
        _check_service_hosts(settings),
        _check_store_location(settings),
        _check_connections(own_port),
    )


def _check_policy(content_security_policy: str) -> NetworkCheck:
    sources = {word for directive in content_security_policy.split(";") for word in directive.split()[1:]}
    foreign = sorted(sources - _OWN_SOURCES)
    return NetworkCheck(
        "Your browser may load scripts, fonts and pictures from",
        not foreign,
        f"also {', '.join(foreign)}"
        if foreign
        else "this server's own address only (Content-Security-Policy)",
    )


def _check_service_hosts(settings: HostSettings) -> NetworkCheck:
    return NetworkCheck("Hosts a query may call (SERVICE)", True, ", ".join(settings.service_allow) or "none")


def _check_store_location(settings: HostSettings) -> NetworkCheck:
    is_remote = settings.store_kind is StoreKind.REMOTE
    return NetworkCheck(
        "The data are kept",
        True,
        f"at {settings.store}, which sees every query" if is_remote else "on this machine",
    )


def _check_connections(own_port: int) -> NetworkCheck:
    name = "Connections this process has opened to other machines"
    try:
        addresses = sorted(set(_list_outgoing_addresses(own_port)))
    except (psutil.Error, OSError):
        return NetworkCheck(name, True, "cannot be seen on this system; see the policy above")
    return NetworkCheck(name, not addresses, ", ".join(addresses) or "none")


def _list_outgoing_addresses(own_port: int) -> Iterator[str]:
    """Yield the remote ends of this process's TCP connections, without loopback and `own_port`."""
    for connection in psutil.Process().net_connections("tcp"):
        is_own = connection.laddr and connection.laddr.port == own_port
        if connection.status != psutil.CONN_ESTABLISHED or not connection.raddr or is_own:
            continue
        address = ip_address(connection.raddr.ip)
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        if not address.is_loopback:
            yield str(address)
