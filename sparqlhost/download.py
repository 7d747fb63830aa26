"""Save one file from the address that the user gave; size and origin are checked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from sparqlhost.errors import BadData, StoreUnavailable, TooLarge
from sparqlhost.http import BLOCK_SIZE, Peer, RequestLimits, Response, remove_credentials, send_request
from sparqlhost.settings import HostSettings

#: seconds for a whole file, and without a byte.
_MAX_SECONDS, _IDLE_SECONDS = 6 * 3600.0, 30.0
_MAX_REDIRECTS = 5
#: a server may compress on the way; the file is saved as it was before.
_HEADERS = {"Accept-Encoding": "gzip, deflate"}


def download_file(
    address: str,
    folder: Path,
    max_bytes: int,
    on_size: Callable[[int], None],
    on_block: Callable[[int], None],
    product: str = HostSettings.PRODUCT,
) -> Path:
    """Save what `address` serves in `folder` and return the path.

    `on_size` is called with the announced number of bytes (0 where there is none), `on_block` with that of
    each block. Redirects are followed on the same host only: the user named no other. Raises
    StoreUnavailable, BadData or TooLarge.
    """
    location = remove_credentials(address)
    if not address.lower().startswith(("http://", "https://")):
        raise BadData(
            "Only http and https addresses can be fetched.", location=location, hint="Give the file itself."
        )
    peer = Peer(
        "The file",
        location=location,
        hint="Check the address and the connection, or download it yourself and import the file.",
        timeout_hint="Try again, or download it yourself and import the file.",
        timeout_error=StoreUnavailable,
        size_hint="Raise the limit with --max-size.",
        size_error=TooLarge,
    )
    limits = RequestLimits(_MAX_SECONDS, max_bytes, None, _IDLE_SECONDS, product)
    with _open_on_same_host(address, peer, limits) as response:
        announced = response.headers.get("Content-Length", "0")
        size = int(announced) if announced.isdecimal() else 0
        if size > max_bytes:
            raise peer.too_large(max_bytes)
        on_size(size)
        target = folder / _choose_file_name(address)
        with target.open("wb") as file:
            while block := response.read(BLOCK_SIZE):
                file.write(block)
                on_block(len(block))
    return target


def _open_on_same_host(address: str, peer: Peer, limits: RequestLimits) -> Response:
    """Return the response to GET with a status of success; follows redirects on the same host only."""
    host = urlsplit(address).hostname
    for _ in range(_MAX_REDIRECTS):
        response = send_request("GET", address, peer, limits, _HEADERS)
        target = response.redirect_target
        if target is None:
            response.require_success()
            return response
        response.close()
        if urlsplit(target).hostname != host:
            raise BadData(
                f"The server redirects to another host, {target}.",
                location=peer.location,
                hint="If you trust it, give that address.",
            )
        address = target
    raise peer.unavailable("is behind redirects that go in a circle")


def _choose_file_name(address: str) -> str:
    """Return the last part of the path; a name that would leave the folder is replaced."""
    name = PurePosixPath(unquote(urlsplit(address).path)).name
    return "download" if name in ("", "..") or "\0" in name else name
