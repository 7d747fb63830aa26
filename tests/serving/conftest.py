"""Servers that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.serving.servers import TOKEN, Running, running


@pytest.fixture(scope="session")
def writable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Return a server over an empty store that takes writes and tells every query as slow."""
    folder = tmp_path_factory.mktemp("writable")
    with running(
        folder, "--empty", KG_UPDATE_TOKEN=TOKEN, KG_SLOW_QUERY="0", KG_QUERY_DEADLINE="5"
    ) as server:
        yield server
