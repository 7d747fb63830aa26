"""The same rules on other servers, Oxigraph's own and Virtuoso where installed: the same closure."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from pyoxigraph import BlankNode, Literal, RdfFormat, Triple, parse

from kg.cli import cli
from kg.cli.reason_remote import RemoteStoreConnection, name_closure_graphs
from kg.model.graphs import REASON_INFERRED
from kg.settings import Settings
from rlreason import close, close_remotely
from tests.rlreason.test_agreement import our_ontology
from tests.rlreason.test_rules import FOUND, names, read

OXIGRAPH = Path(sys.executable).parent / "oxigraph"


@pytest.fixture(scope="module", params=["Oxigraph", "Virtuoso"])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return the query address of a server."""
    if request.param == "Virtuoso":
        yield request.getfixturevalue("virtuoso_address")
        return
    if not OXIGRAPH.exists():
        pytest.skip("the package oxigraph is not installed: no second server to prove it on")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [str(OXIGRAPH), "serve", "--bind", f"127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/query?query=ASK%20%7B%7D").close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/query"
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def server(address: str) -> Iterator[RemoteStoreConnection]:
    """Return a connection to the server."""
    found = RemoteStoreConnection(address, Settings())
    yield found
    found.close()


def shape(triples: frozenset[Triple]) -> set[str]:
    """Return triples with blank nodes all called the same: another server gives them other names."""
    return {re.sub(r"_:\w+", "_:x", str(triple)) for triple in triples}


def test_our_ontology_has_the_same_closure_there(server: RemoteStoreConnection) -> None:
    triples = our_ontology()
    server.replace_graph(triples)
    done = close_remotely(server, name_closure_graphs())
    here = close(triples)
    assert frozenset(server.read_graph(REASON_INFERRED)) == here.inferred
    assert done.inferred == len(here.inferred)
    assert done.inconsistencies == ()


def _remote(case: Path) -> bool:
    """Say whether a case can be put to an RDF store: no literal in front, no axiomatic output, no values."""
    text = (case / "given.ttl").read_text()
    literal = any(isinstance(t.object, Literal) for t in read(case / "given.ttl"))
    return "# axiomatic" not in text and not literal and "xsd:" not in text.replace("@prefix xsd:", "")


#: the shapes that differ on a server: list walks, chains of any length, conditions on all members, paths
CHOSEN = frozenset(
    "prp-spo2/fires-length-5 prp-spo2/fires-inverse-in-chain prp-key/fires-length-5 cls-int1/fires-length-5 "
    "prp-key/silent-last-key-differs cls-int1/silent-last-member-missing cls-oo/fires-last-member "
    "eq-diff2/fires-last-member prp-adp/fires-last-member cax-adc/silent-length-1 prp-trp/fires-cycle "
    "eq-rep-p/fires-predicate".split()
)
REMOTE = [case for case in FOUND if names(case) in CHOSEN and _remote(case)]


@pytest.mark.parametrize("case", REMOTE, ids=names)
def test_rule_cases_come_out_the_same_there(case: Path, server: RemoteStoreConnection) -> None:
    triples = read(case / "given.ttl")
    server.replace_graph(triples)
    done = close_remotely(server, name_closure_graphs())
    here = close(triples)
    assert shape(frozenset(server.read_graph(REASON_INFERRED))) == shape(here.inferred)
    assert bool(done.inconsistencies) == bool(here.inconsistencies)


def test_enough_cases_were_put_to_the_server() -> None:
    assert len(REMOTE) == len(CHOSEN)


def test_kg_reason_remote_writes_the_closure_and_gives_three_when_inconsistent(
    address: str, tmp_path: Path
) -> None:
    case = next(c for c in FOUND if names(c) == "cax-dw/fires-both")
    output = tmp_path / "out.nt"
    arguments = ["reason", str(case / "given.ttl"), "--remote", address, "--output", str(output)]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 3, result.output
    assert "cax-dw" in result.stderr
    assert list(parse(path=str(output), format=RdfFormat.N_TRIPLES)) == []


def test_equal_literals_stand_for_each_other_there(server: RemoteStoreConnection) -> None:
    """Oxigraph's store makes `01` into `1` when it loads; booleans keep their two forms."""
    case = next(c for c in FOUND if names(c) == "prp-key/fires-length-2")
    server.replace_graph(read(case / "given.ttl"))
    assert close_remotely(server, name_closure_graphs()).inferred == len(
        close(read(case / "given.ttl")).inferred
    )
    assert not [t for t in server.read_graph(REASON_INFERRED) if isinstance(t.subject, BlankNode)]
