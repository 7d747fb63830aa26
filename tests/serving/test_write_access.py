"""Who may write: several tokens with names, what the log says, and the brake on guessing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests

from sparqlhost.errors import StoreUnavailable, TooManyRequests
from sparqlhost.protocol.write_access import FailedTries, read_write_tokens
from sparqlhost.settings import HostSettings
from tests.serving.servers import Running, running, wait_until

WARD, LAB = "the-token-of-a-ward", "the-token-of-the-lab"


def test_a_setting_holds_one_token_or_several_with_names() -> None:
    assert read_write_tokens(HostSettings(update_token=WARD)) == {"default": WARD}
    both = HostSettings(update_token=f"ward:{WARD} lab:{LAB}")
    assert read_write_tokens(both) == {"ward": WARD, "lab": LAB}
    assert read_write_tokens(HostSettings()) == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [("abc", "has 3 characters; it needs 16"), (f"a:{WARD} a:{LAB}", "two update tokens called 'a'")],
)
def test_tokens_that_are_short_or_of_one_name_are_refused(text: str, words: str) -> None:
    with pytest.raises(StoreUnavailable, match=words):
        read_write_tokens(HostSettings(update_token=text))


def test_a_server_with_a_short_token_does_not_start(tmp_path: Path) -> None:
    """Issue 17, finding 18: a token of three letters was taken."""
    with pytest.raises(AssertionError, match="has 3 characters"):
        running(tmp_path, "--empty", KG_UPDATE_TOKEN="abc").__enter__()  # noqa: S106


def test_failed_tries_have_to_wait_ever_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("sparqlhost.protocol.write_access.time.monotonic", lambda: now[0])
    tries = FailedTries()
    for _ in range(FailedTries.FREE_TRIES):
        tries.require_no_wait("a")
        tries.note("a", failed=True)
    tries.require_no_wait("a")
    waits = []
    for _ in range(8):
        tries.note("a", failed=True)
        with pytest.raises(TooManyRequests) as refusal:
            tries.require_no_wait("a")
        waits.append(refusal.value.retry_after - 1)
        now[0] += waits[-1] + 1
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]
    tries.require_no_wait("b")
    tries.note("a", failed=False)
    tries.require_no_wait("a")
    for number in range(2 * FailedTries.MAX_CLIENTS):
        tries.note(str(number), failed=True)
    assert len(tries._tries) == FailedTries.MAX_CLIENTS


def write_as(server: Running, token: str) -> requests.Response:
    headers = {"Content-Type": "application/sparql-update", "Authorization": f"Bearer {token}"}
    text = "INSERT DATA { <http://e/s> <http://e/p> 1 }"
    return requests.post(f"{server.address}/update", text, headers=headers, timeout=30)


def test_the_log_names_the_token_and_a_withdrawn_one_writes_no_more(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"ward:{WARD}\nlab:{LAB}\n")
    with running(tmp_path, "--empty", "--workers", "1", KG_UPDATE_TOKEN_FILE=str(file)) as server:
        assert [write_as(server, token).status_code for token in (WARD, LAB)] == [204, 204]
        file.write_text(f"ward:{WARD}\n")
        refused = [write_as(server, LAB) for _ in range(8)]
        assert [answer.status_code for answer in refused] == [401] * 6 + [429] * 2
        assert int(refused[-1].headers["Retry-After"]) >= 1
        assert write_as(server, WARD).status_code == 429  # a right guess in between must not pass either

        def list_events() -> list[tuple[str, str, int]]:
            lines = [json.loads(line) for line in server.printed().splitlines() if '"write-access"' in line]
            return [(line["token"], line["client"], line["status"]) for line in lines]

        wait_until(lambda: len(list_events()) == 8)
        named = [("ward", "127.0.0.1", 204), ("lab", "127.0.0.1", 204)]
        assert list_events() == named + [("", "127.0.0.1", 401)] * 6
        assert not any(token in server.printed() for token in (WARD, LAB))
