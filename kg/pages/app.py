"""The Flask application: `create_app(settings, store)`, nothing opened at import.

It is the SPARQL host (`sparqlhost.host_app`) with the pages of this project.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

from flask import Blueprint, Flask, render_template

from kg.build.hosted_data import describe_hosted_data
from kg.errors import InvalidFiles, UserError
from kg.namespaces import BASE, ENTITY_KINDS, KG
from kg.pages import layout, openapi
from kg.pages.dataset_description import describe_dataset
from kg.pages.results.handler import make_results_response
from kg.settings import Settings
from sparqlhost.host_app import make_host_app
from sparqlhost.protocol.app_context import HostedPages
from sparqlhost.protocol.endpoint_table import check_endpoint_table
from sparqlhost.protocol.problem_types import ProblemType
from sparqlhost.protocol.service_description import LIMITS
from sparqlhost.settings import StoreKind
from sparqlhost.store.interface import Store

#: programs compare slugs, so these stay although the classes were renamed since.
_PROBLEM_TYPES: Mapping[type[UserError], ProblemType] = {
    UserError: ProblemType(400, "Bad request", "kg-error"),
    InvalidFiles: ProblemType(400, "The data cannot be read", "bad-files"),
}


def create_app(settings: Settings, store: Store) -> Flask:
    """Return the application over an open store."""
    app = make_host_app(
        settings,
        store,
        describe_hosted_data(settings),
        _describe_pages(settings),
        Flask("kg.pages", template_folder="."),
    )
    for blueprint in (layout.blueprint, openapi.blueprint, *find_page_blueprints()):
        app.register_blueprint(blueprint)
    check_endpoint_table(app)
    return app


def find_page_blueprints() -> Iterator[Blueprint]:
    """Yield `blueprint` of the handler of each page folder, so that a new folder needs no entry in a list."""
    for path in sorted(Path(__file__).parent.glob("*/handler.py")):
        module = importlib.import_module(f"{__package__}.{path.parent.name}.handler")
        if hasattr(module, "blueprint"):  # the page of query results has none: /sparql is the host's
            yield module.blueprint


def _describe_pages(settings: Settings) -> HostedPages:
    """Return what this project adds to the HTTP interface of the host."""

    def is_build_present() -> bool:
        needs_build = settings.store_kind is StoreKind.MEMORY and not settings.empty
        return not needs_build or (settings.build_dir / "current").exists()

    return HostedPages(
        html_results=make_results_response,
        html_query_form=lambda: render_template("sparql.html"),
        html_problem=lambda problem: render_template("error.html", problem=problem),
        suggested_addresses=tuple(f"/{kind}/" for kind in ENTITY_KINDS if kind != "scenario"),
        problem_namespace=f"{BASE}problem/",
        problem_types=_PROBLEM_TYPES,
        describe_dataset=None if settings.empty else describe_dataset,
        limit_terms={name: KG[name] for name in LIMITS},
        health_checks={"build": is_build_present},
        code_version=version("rrall-kg"),
    )
