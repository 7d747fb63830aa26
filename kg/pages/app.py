"""The Flask application: `create_app(settings, store)`, nothing opened at import."""

from __future__ import annotations

import importlib

from flask import Flask

from kg.settings import Settings
from sparqlhost.protocol.app_context import SparqlServiceHolder
from sparqlhost.store.interface import Store

#: module and name of each flask.Blueprint; Flask runs their after-request functions last to first.
BLUEPRINTS: tuple[tuple[str, str], ...] = (
    ("sparqlhost.protocol.problem_details", "blueprint"),
    ("sparqlhost.protocol.endpoint_table", "blueprint"),
    ("sparqlhost.protocol.query_operation", "blueprint"),
    ("sparqlhost.protocol.query_control", "cancel_blueprint"),
    ("sparqlhost.protocol.update_operation", "blueprint"),
    ("sparqlhost.protocol.graph_store", "blueprint"),
    ("sparqlhost.protocol.query_control", "validate_blueprint"),
    ("sparqlhost.protocol.service_description", "blueprint"),
    ("kg.pages.questions.sparql_examples", "blueprint"),
    ("kg.pages.layout", "blueprint"),
    ("kg.pages.search.handler", "blueprint"),
    ("kg.pages.questions.handler", "blueprint"),
    ("kg.pages.source.handler", "blueprint"),
    ("kg.pages.ontology.handler", "blueprint"),
    ("kg.pages.about.handler", "blueprint"),
    ("kg.pages.explain.handler", "blueprint"),
    ("kg.pages.case.handler", "blueprint"),
    ("kg.pages.mappings.handler", "blueprint"),
    ("kg.pages.review.handler", "blueprint"),
    ("kg.pages.resolve.handler", "blueprint"),
    ("kg.pages.exports.handler", "blueprint"),
    ("kg.pages.entity.handler", "blueprint"),
    ("sparqlhost.ops.request_log", "blueprint"),
    ("sparqlhost.ops.monitoring", "metrics_blueprint"),
    ("kg.pages.page_endpoints", "blueprint"),
    ("sparqlhost.ops.monitoring", "health_blueprint"),
    ("sparqlhost.ops.backup_restore", "blueprint"),
    ("sparqlhost.protocol.security", "blueprint"),
    ("sparqlhost.ops.http_cache", "blueprint"),
)


def create_app(settings: Settings, store: Store) -> Flask:
    """Return the application over an open store."""
    app = Flask("kg.pages")
    app.extensions["kg_settings"] = settings
    app.extensions["kg_store"] = store
    app.extensions["kg_endpoints"] = SparqlServiceHolder(store, settings)
    for module, name in BLUEPRINTS:
        app.register_blueprint(getattr(importlib.import_module(module), name))
    return app
