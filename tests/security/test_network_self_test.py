"""Nothing is loaded from elsewhere, and the about page sees a connection that is open to another machine."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from kg.settings import Settings
from sparqlhost.ops.monitoring import run_network_checks
from sparqlhost.protocol.response_headers import CONTENT_SECURITY_POLICY

_EXTERNAL_LOAD = re.compile(r"""(?:src=["']|@import\s+["']|url\(["']?)(?:https?:)?//""")


def test_no_template_or_style_sheet_loads_anything_from_elsewhere(root: Path) -> None:
    pages = root / "kg" / "pages"
    templates, style_sheets = [*pages.rglob("*.html")], [*(pages / "static").glob("*.css")]
    assert len(templates) >= 20
    assert style_sheets
    assert not [path for path in templates + style_sheets if _EXTERNAL_LOAD.search(path.read_text("utf-8"))]


@pytest.fixture
def own_address() -> Iterator[tuple[str, int]]:
    """Return an address of this machine that is not loopback, and a port that listens there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1 (RFC 5737); a datagram socket sends nothing here
        except OSError:
            pytest.skip("this machine has no network interface but loopback")
        address = probe.getsockname()[0]
    with socket.create_server((address, 0)) as listener:
        yield listener.getsockname()[:2]


def test_an_open_connection_is_found_and_that_of_the_server_is_not(own_address: tuple[str, int]) -> None:
    with socket.create_connection(own_address):
        checks = {check.name: check for check in run_network_checks(Settings(), CONTENT_SECURITY_POLICY, 1)}
        connections = checks["Connections this process has opened to other machines"]
        assert not connections.passed
        assert own_address[0] in connections.detail


def test_a_policy_that_allows_another_host_does_not_pass() -> None:
    policy = CONTENT_SECURITY_POLICY.replace("font-src 'self'", "font-src 'self' https://fonts.example")
    checks = run_network_checks(Settings(), policy, 1)
    assert not checks[0].passed
    assert "https://fonts.example" in checks[0].detail
