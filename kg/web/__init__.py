"""The Flask application: `create_app(settings, store)`, nothing opened at import."""

from __future__ import annotations

import importlib

from flask import Flask

from kg.settings import Settings
from kg.store.protocol import Store
from kg.web.endpoint import SparqlServiceHolder

#: modules under kg.web that each offer `blueprint` (a flask.Blueprint).
BLUEPRINT_MODULES: tuple[str, ...] = (
    "errors",
    "strict",
    "sparql",
    "cancel",
    "update",
    "graph_store",
    "validate",
    "service_description",
    "examples",
    "layout",
    "search",
    "questions",
    "source",
    "ontology",
    "about",
    "explain",
    "case",
    "mappings",
    "review",
    "resolve",
    "exports",
    "pages",
    "logs",
    "metrics",
    "openapi",
    "health",
    "backup",
    "security",
    "caching",
)


def create_app(settings: Settings, store: Store) -> Flask:
    """Return the application over an open store."""
    app = Flask(__name__)
    app.extensions["kg_settings"] = settings
    app.extensions["kg_store"] = store
    app.extensions["kg_endpoints"] = SparqlServiceHolder(store, settings)
    for name in BLUEPRINT_MODULES:
        app.register_blueprint(importlib.import_module(f"kg.web.{name}").blueprint)
    return app
