"""Candidates and questions at a real second SPARQL server with a sample of drugs, as a user asks for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg.namespaces import IMPORT_GRAPH
from kg.settings import Settings
from sparqlhost.store.staging import open_readonly
from tests.oxigraph import free_port, serving

Kg = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def drugs(linked: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The query address of an Oxigraph server that holds the sample of PharmGKB."""
    with open_readonly(linked.locate_import_store()) as imports:
        body = ox.serialize(list(imports.read_graph(IMPORT_GRAPH["pharmgkb"])), format=ox.RdfFormat.N_TRIPLES)
    with serving(tmp_path_factory.mktemp("ox"), body or b"") as address:
        yield address


@pytest.fixture
def kg(linked: Settings, tmp_path: Path) -> Kg:
    """Return a function that runs `kg` with a folder of remotes of its own."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        own = {"KG_IMPORTS_DIR": str(tmp_path), "KG_BUILD_DIR": str(linked.build_dir)}
        command = [sys.executable, "-m", "kg", *words]
        return subprocess.run(
            command, env=os.environ | own, capture_output=True, text=True, check=False, timeout=90
        )

    return run


def test_a_named_remote_is_asked_for_candidates_and_forgotten(kg: Kg, drugs: str) -> None:
    assert kg("remote", "add", "lab", drugs).returncode == 0
    assert drugs in kg("remote", "list").stdout
    done = kg("link", "imatinib", "--remote", "lab", "--json")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)
    best = found["candidates"][0]
    assert (best["label"], best["import"]) == ("imatinib", "remote-lab")
    assert kg("remote", "remove", "lab").returncode == 0
    gone = kg("link", "imatinib", "--remote", "lab")
    assert gone.returncode == 1
    assert "lab" in gone.stderr


def test_of_two_remotes_the_one_that_answers_is_used(kg: Kg, drugs: str) -> None:
    kg("remote", "add", "lab", drugs)
    kg("remote", "add", "down", f"http://127.0.0.1:{free_port()}/sparql")
    done = kg("link", "imatinib", "--remote", "down", "--remote", "lab")
    assert done.returncode == 0
    assert "(remote-lab)" in done.stdout
    assert "The remote down" in done.stderr


def test_when_no_remote_answers_the_exit_code_says_so(kg: Kg) -> None:
    kg("remote", "add", "down", f"http://127.0.0.1:{free_port()}/sparql")
    done = kg("link", "imatinib", "--remote", "down")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "No remote answered." in done.stderr


def test_a_federated_question_joins_what_the_remote_knows(kg: Kg, drugs: str, tmp_path: Path) -> None:
    kg("remote", "add", "lab", drugs)
    query = tmp_path / "labels.rq"
    query.write_text(
        f"""PREFIX int: <https://w3id.org/rrall-kg/intervention/>
        PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
        PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
        SELECT ?drug ?there ?label {{
          VALUES ?drug {{ int:Imatinib int:Nelarabine }}
          ?drug skos:prefLabel ?name . BIND(STR(?name) AS ?label)
          SERVICE <{drugs}> {{ ?there rdfs:label ?given FILTER(isIRI(?there)) BIND(STR(?given) AS ?label) }}
        }}""",
        "utf-8",
    )
    done = kg("query", str(query), "--format", "csv")
    assert done.returncode == 0, done.stderr
    assert "Imatinib" in done.stdout
    assert "PA10804" in done.stdout, "PharmGKB's imatinib"
    kg("remote", "remove", "lab")
    refused = kg("query", str(query))
    assert refused.returncode == 1
    assert "SERVICE" in refused.stderr
