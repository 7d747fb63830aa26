"""The Flask application of a host: `make_host_app(settings, store)`; nothing is opened at import."""

from __future__ import annotations

from flask import Flask

from sparqlhost.hosting import PLAIN_STORE, HostedData
from sparqlhost.ops import backup_restore, monitoring, request_log
from sparqlhost.protocol import (
    endpoint_table,
    graph_store,
    problem_details,
    query_operation,
    response_headers,
    service_description,
    update_operation,
)
from sparqlhost.protocol.app_context import HostContext, HostedPages
from sparqlhost.protocol.request_facts import max_form_bytes
from sparqlhost.settings import HostSettings
from sparqlhost.store.interface import Store

#: Flask runs their before-request functions in this order and their after-request functions in reverse:
#: response_headers sees what a handler returned.
_BLUEPRINTS = (
    problem_details.blueprint,
    endpoint_table.blueprint,
    query_operation.blueprint,
    update_operation.blueprint,
    graph_store.blueprint,
    service_description.blueprint,
    request_log.blueprint,
    monitoring.metrics_blueprint,
    monitoring.health_blueprint,
    backup_restore.blueprint,
    response_headers.blueprint,
)


def make_host_app(
    settings: HostSettings,
    store: Store,
    data: HostedData = PLAIN_STORE,
    pages: HostedPages | None = None,
    app: Flask | None = None,
) -> Flask:
    """Return an application that serves `store` over the SPARQL protocols.

    `app` is the application to add them to, by default a new one; its user registers blueprints of pages on
    what is returned.
    """
    app = app or Flask("sparqlhost", static_folder=None)
    # For bodies that a page reads by itself; read_body sets its own limit.
    app.config["MAX_CONTENT_LENGTH"] = max_form_bytes(settings)
    HostContext(settings, store, data, pages or HostedPages()).install(app)
    for blueprint in _BLUEPRINTS:
        app.register_blueprint(blueprint)
    return app
