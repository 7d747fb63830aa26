"""The OpenAPI document is valid, names the real routes, and the server keeps what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from sparqlhost.protocol.endpoint_table import format_path_template, get_endpoint_table
from tests.serving.servers import environment


def test_the_document_is_valid_openapi_3_1(live_server: str) -> None:
    document = requests.get(f"{live_server}/openapi.json", timeout=10).json()
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()
    assert len(document["paths"]) >= 50


def test_every_described_path_is_a_route(app: Flask, live_server: str) -> None:
    document = requests.get(f"{live_server}/openapi.json", timeout=10).json()
    adapter = app.url_map.bind("localhost")
    for path, methods in document["paths"].items():
        concrete = re.sub(r"\{\w+\}", "x", path.replace("{kind}", "intervention"))
        for method in methods:
            adapter.match(concrete, method=method.upper())


def test_every_route_is_described(app: Flask, client: FlaskClient) -> None:
    """POST /mappings/review, the downloads and eight more were missing: the comparison went one way only."""
    described = client.get("/openapi.json").get_json()["paths"]
    for endpoint in get_endpoint_table(app):
        for path in endpoint.list_path_templates():
            assert {method.lower() for method in endpoint.methods} <= set(described[path]), path
    for rule in app.url_map.iter_rules():
        path = format_path_template(rule.rule)
        assert path.rstrip("/") in described or path in described or rule.endpoint == "static", path


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/resolve", {"curie", "format"}),
        ("/{kind}/", {"kind", "page"}),
        ("/claim/{name}", {"name", "without", "profile"}),
        ("/graph/{name}", {"name", "page"}),
    ],
)
def test_the_parameters_that_a_page_reads_are_described(
    client: FlaskClient, path: str, names: set[str]
) -> None:
    operation = client.get("/openapi.json").get_json()["paths"][path]["get"]
    assert {parameter["name"] for parameter in operation["parameters"]} == names


def test_the_body_and_the_answer_of_a_case_are_described(client: FlaskClient) -> None:
    described = client.get("/openapi.json").get_json()["paths"]["/case"]["post"]
    body = described["requestBody"]["content"]
    assert set(body) == {"application/json", "application/x-www-form-urlencoded"}
    accept = {"Accept": "application/json"}
    features = [
        choice["feature"]["curie"] for choice in client.get("/case", headers=accept).get_json()["choices"]
    ]
    found = client.post("/case", json={"yes": features[:1]}, headers=accept).get_json()
    answer = described["responses"]["200"]["content"]["application/json"]["schema"]
    assert set(answer["required"]) <= set(found)
    assert found["asked"]


@pytest.mark.parametrize("seed", [1])
def test_the_server_keeps_its_document_under_random_requests(
    live_server: str, tmp_path: Path, seed: int
) -> None:
    """Schemathesis: no 5xx, no status, type or schema that the document does not name."""
    command = [
        str(Path(sys.executable).parent / "schemathesis"),
        "run",
        f"{live_server}/openapi.json",
        "--checks=not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
        "--phases=examples,coverage,fuzzing",
        "--max-examples=4",
        f"--seed={seed}",
        "--generation-deterministic",
        "--request-timeout=20",
        "--exclude-path=/backup",
        "--no-color",
    ]
    ran = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment(HYPOTHESIS_STORAGE_DIRECTORY=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
