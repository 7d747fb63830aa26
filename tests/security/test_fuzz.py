"""A small part of `make fuzz`, so that every test run throws something at the server."""

from __future__ import annotations

from pathlib import Path

import requests

from tests.security.fuzz import fuzz
from tests.serving.servers import TOKEN, running


def test_hostile_inputs_get_an_answer_and_no_5xx_but_503(built: Path, tmp_path: Path) -> None:
    settings = {"KG_BUILD_DIR": str(built), "KG_UPDATE_TOKEN": TOKEN, "KG_QUERY_DEADLINE": "2"}
    with running(tmp_path, **settings) as server:
        found = fuzz(server.address, 600, seed=5, threads=4)
        assert requests.get(f"{server.address}/health/ready", timeout=30).status_code == 200
        assert "Traceback" not in server.printed()
    assert found.statuses.total() == 600
    assert found.broken == []
