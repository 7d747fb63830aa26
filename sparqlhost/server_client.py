"""A running server of ours, asked to give or take a backup; the address is the one the user named."""

from __future__ import annotations

from collections.abc import Iterator

import requests

from sparqlhost.errors import BadData, StoreUnavailable, TooLarge, Unauthorized, UserError

_BLOCK_SIZE = 1 << 16
#: seconds to connect, and to wait for each piece.
_TIMEOUTS = (3.0, 600.0)
_ERROR_OF_STATUS: dict[int, type[UserError]] = {
    400: BadData,
    401: Unauthorized,
    403: Unauthorized,
    413: TooLarge,
}


def is_server_running(address: str) -> bool:
    """Say whether a server of ours answers at `address`."""
    try:
        answer = requests.get(f"{address.rstrip('/')}/health/live", timeout=3, allow_redirects=False)
    except requests.RequestException:
        return False
    return answer.status_code == 200 and "status" in answer.text


def fetch_backup(address: str) -> Iterator[bytes]:
    """Yield the backup that the server gives; raises StoreUnavailable when it does not."""
    try:
        where = f"{address.rstrip('/')}/backup"
        with requests.get(where, stream=True, timeout=_TIMEOUTS, allow_redirects=False) as answer:
            _raise_for_refusal(answer, address)
            yield from answer.iter_content(_BLOCK_SIZE)
    except requests.RequestException as error:
        raise _connection_error(address, error) from error


def send_backup(address: str, body: bytes, token: str) -> int:
    """Have the server put `body` in the place of what it holds; return the number of quads it took."""
    head = {"Content-Type": "application/n-quads"} | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        answer = requests.put(
            f"{address.rstrip('/')}/backup", data=body, headers=head, timeout=_TIMEOUTS, allow_redirects=False
        )
    except requests.RequestException as error:
        raise _connection_error(address, error) from error
    _raise_for_refusal(answer, address)
    return int(answer.json()["restored"])


def _raise_for_refusal(answer: requests.Response, address: str) -> None:
    """Raise what a refusal says."""
    if answer.status_code == 200:
        return
    try:
        told = answer.json()
        what, todo = str(told.get("detail", "")), str(told.get("next", ""))
    except ValueError:
        what, todo = "", ""
    kind = _ERROR_OF_STATUS.get(answer.status_code, StoreUnavailable)
    raise kind(what or f"The server answered {answer.status_code}.", location=address, hint=todo)


def _connection_error(address: str, error: requests.RequestException) -> StoreUnavailable:
    """Return the error of a server that cannot be reached, or broke off."""
    kind = "did not answer in time" if isinstance(error, requests.Timeout) else "went away or is not there"
    return StoreUnavailable(f"The server {kind}.", location=address, hint="Start it, then try again.")
