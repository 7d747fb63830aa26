"""A running server of this software, asked to give or take a backup; the user named its address."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sparqlhost.errors import BadData, StoreUnavailable, TooLarge, Unauthorized, UserError
from sparqlhost.http import BLOCK_SIZE, Peer, RequestLimits, Response, remove_credentials, send_request

#: to see whether a server runs at all.
_PROBE_LIMITS = RequestLimits(3.0, max_bytes=10_000, private_hosts=None)
#: a backup of a large store takes long to write or to load, and the server says nothing meanwhile.
_BACKUP_LIMITS = RequestLimits(6 * 3600.0, idle_seconds=600.0, private_hosts=None)
_ERROR_OF_STATUS: dict[int, type[UserError]] = {
    400: BadData,
    401: Unauthorized,
    403: Unauthorized,
    413: TooLarge,
}


def is_server_running(address: str) -> bool:
    """Return whether a server of this software answers at `address`."""
    try:
        with _send(address, "GET", "/health/live", _PROBE_LIMITS) as response:
            return response.status == 200 and b"status" in response.readall()
    except UserError:
        return False


def fetch_backup(address: str) -> Iterator[bytes]:
    """Yield the backup that the server gives; raises StoreUnavailable when it does not."""
    with _send(address, "GET", "/backup", _BACKUP_LIMITS) as response:
        _raise_for_refusal(response, address)
        while block := response.read(BLOCK_SIZE):
            yield block


def send_backup(address: str, body: bytes, token: str) -> int:
    """Have the server replace its data by `body` (N-Quads); return the number of quads it restored."""
    headers = {"Content-Type": "application/n-quads"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    with _send(address, "PUT", "/backup", _BACKUP_LIMITS, headers=headers, body=body) as response:
        _raise_for_refusal(response, address)
        restored = _parse_json(response).get("restored")
    if not isinstance(restored, int):
        raise StoreUnavailable(
            "The server did not say how much it restored.", location=remove_credentials(address)
        )
    return restored


def _send(address: str, method: str, path: str, limits: RequestLimits, **content: Any) -> Response:
    """Send a request with `headers` and `body` as `content`; the address is the server's own."""
    start = "Start it, then try again."
    peer = Peer("The server", "", remove_credentials(address), start, start, timeout_error=StoreUnavailable)
    return send_request(method, address.rstrip("/") + path, peer, limits, **content)


def _raise_for_refusal(response: Response, address: str) -> None:
    """Raise the error that a response other than 200 describes (RFC 9457)."""
    if response.status == 200:
        return
    problem = _parse_json(response)
    error_class = _ERROR_OF_STATUS.get(response.status, StoreUnavailable)
    raise error_class(
        str(problem.get("detail") or f"The server answered {response.status}."),
        location=remove_credentials(address),
        hint=str(problem.get("next", "")),
    )


def _parse_json(response: Response) -> dict[str, Any]:
    """Return the object in the body, an empty one where there is none."""
    try:
        content = json.loads(response.readall())
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
