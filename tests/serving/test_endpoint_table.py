"""One declaration beside a handler gives its route, parameter check, cache header and description."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Blueprint, Flask
from openapi_spec_validator import OpenAPIV31SpecValidator

from sparqlhost.errors import BadQuery
from sparqlhost.protocol import endpoint_table
from sparqlhost.protocol.endpoint_table import (
    CachePolicy,
    Endpoint,
    EndpointParameter,
    check_endpoint_table,
    find_current_endpoint,
    get_endpoint_table,
    make_openapi_document,
    route,
)

Q = EndpointParameter("q", "a word")
NAME = EndpointParameter("name", "a name", location="path")


def make_app(*endpoints: Endpoint) -> Flask:
    """Return an application whose handlers answer with the policy of their endpoint."""
    app = Flask("small")
    app.register_blueprint(endpoint_table.blueprint)
    app.register_error_handler(BadQuery, lambda error: (f"{error.message} {error.hint}", 400))
    for number, endpoint in enumerate(endpoints):
        blueprint = Blueprint(f"part{number}", __name__)
        route(blueprint, endpoint)(answer)
        app.register_blueprint(blueprint)
    return app


def answer(**_: Any) -> str:
    """Answer with the cache policy of the endpoint that Flask chose."""
    endpoint = find_current_endpoint()
    assert endpoint is not None
    return endpoint.cache.name


def test_every_rule_has_an_endpoint_and_every_endpoint_a_rule(app: Flask) -> None:
    """The OpenAPI document, the checks and the about page came from four lists that had drifted apart."""
    rules = {
        (rule.rule, method)
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if rule.endpoint != "static"
    }
    declared = get_endpoint_table(app).keys()
    assert declared <= rules
    assert {(rule, method) for rule, method in rules if method not in ("HEAD", "OPTIONS")} <= declared
    assert len(declared) > 45


def test_a_rule_without_an_endpoint_is_an_error() -> None:
    app = make_app(Endpoint("/a", "A"))
    check_endpoint_table(app)
    app.add_url_rule("/b", "b", answer)
    with pytest.raises(ValueError, match=r"\('/b', 'GET'\)"):
        check_endpoint_table(app)


def test_an_endpoint_without_a_rule_is_an_error() -> None:
    app = make_app(Endpoint("/a", "A"))
    get_endpoint_table(app).add(Endpoint("/a", "A", methods=("PUT",)))
    with pytest.raises(ValueError, match=r"\('/a', 'PUT'\)"):
        check_endpoint_table(app)


def test_an_address_is_declared_once_and_its_variables_are_described() -> None:
    with pytest.raises(ValueError, match="GET /a is declared twice"):
        make_app(Endpoint("/a", "A"), Endpoint("/a", "again"))
    with pytest.raises(ValueError, match="variables"):
        Endpoint("/a/<path:name>", "A")
    with pytest.raises(ValueError, match="described"):
        Endpoint("/a", "A", parameters=(NAME,))


@pytest.mark.parametrize(
    ("endpoint", "status"),
    [
        (Endpoint("/a", "reads q", parameters=(Q,)), 400),
        (Endpoint("/a", "reads none"), 200),
        (Endpoint("/a", "checks", parameters=(Q,), allows_other_parameters=True), 200),
        (Endpoint("/a", "private", parameter_error=lambda: BadQuery("Not here.")), 400),
    ],
    ids=["reads q", "reads none", "allows others", "has an error of its own"],
)
def test_unknown_parameters_are_rejected_where_parameters_are_read(endpoint: Endpoint, status: int) -> None:
    client = make_app(endpoint).test_client()
    assert client.get("/a").status_code == 200
    for method in ("GET", "HEAD"):
        assert client.open("/a?x=secret", method=method).status_code == status
    said = client.get("/a?x=secret").get_data(as_text=True)
    assert "secret" not in said
    assert ("parameter x. Parameters here: q." in said) == (endpoint.summary == "reads q")


def test_head_has_the_endpoint_of_get_and_methods_have_their_own() -> None:
    app = make_app(
        Endpoint("/a", "read", cache=CachePolicy.NO_STORE), Endpoint("/a", "write", methods=("PUT",))
    )
    client = app.test_client()
    assert client.get("/a").get_data(as_text=True) == "NO_STORE"
    assert client.put("/a").get_data(as_text=True) == "REVALIDATE"
    assert client.head("/a").status_code == 200
    assert set(client.options("/a").allow) == {"GET", "HEAD", "OPTIONS", "PUT"}
    assert client.get("/none").status_code == 404


def test_the_document_is_valid_and_has_each_address_with_its_own_path_parameters() -> None:
    app = make_app(
        Endpoint("/a", "read", other_addresses=("/a/", "/a/<name>"), parameters=(Q, NAME)),
        Endpoint("/b", "state", cache=CachePolicy.NO_STORE, statuses=(200, 503)),
        Endpoint("/b", "write", methods=("PUT",), body=("text/turtle",), requires_token=True),
    )
    document = make_openapi_document({"title": "small", "version": "1"}, get_endpoint_table(app))
    OpenAPIV31SpecValidator(document).validate()
    assert sorted(document["paths"]) == ["/a", "/a/{name}", "/b"]
    read = [document["paths"][path]["get"] for path in ("/a", "/a/{name}")]
    assert [[p["name"] for p in operation["parameters"]] for operation in read] == [["q"], ["q", "name"]]
    assert set(read[0]["responses"]) == {"200", "304", "default"}
    assert set(document["paths"]["/b"]["get"]["responses"]) == {"200", "503", "default"}
    assert document["paths"]["/b"]["put"]["security"] == [{"token": []}]
