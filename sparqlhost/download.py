"""Fetch one file from the one address the user gave: http or https, bounded, and never from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urljoin, urlsplit

import requests

from sparqlhost.errors import BadData, StoreUnavailable, TooLarge

#: seconds to connect, and seconds without a byte.
TIMEOUTS = (10.0, 30.0)
_BLOCK_SIZE = 1 << 18
_MAX_REDIRECTS = 5


def download_file(
    address: str,
    folder: Path,
    max_bytes: int,
    on_size: Callable[[int], None],
    on_block: Callable[[int], None],
) -> Path:
    """Save what `address` serves below `folder`; `size` hears the announced length, `seen` each block's.

    Raises StoreUnavailable, BadData or TooLarge; a redirect to another host is refused, for the user
    did not name it.
    """
    _require_http_address(address)
    try:
        with _open_on_same_host(address) as answer:
            announced = int(answer.headers.get("Content-Length") or 0)
            if announced > max_bytes:
                raise _too_large_error(address, announced, max_bytes)
            on_size(announced)
            return _save_body(answer, folder / _file_name(address), max_bytes, on_block)
    except requests.RequestException as error:
        raise StoreUnavailable(
            f"The file could not be fetched ({_describe_failure(error)}).",
            location=address,
            hint="Check the address and the connection, or fetch it yourself and import the file.",
        ) from error


def _require_http_address(address: str) -> None:
    """Raise BadData for anything but an http or https address."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadData(
            "Only http and https addresses can be fetched.", location=address, hint="Give the file itself."
        )


def _open_on_same_host(address: str) -> requests.Response:
    """Return the answer to GET; follows redirects on the same host only."""
    host = urlsplit(address).hostname
    here = address
    for _ in range(_MAX_REDIRECTS):
        answer = requests.get(here, stream=True, timeout=TIMEOUTS, allow_redirects=False)
        if not answer.is_redirect:
            break
        there = urljoin(here, answer.headers["Location"])
        answer.close()
        if urlsplit(there).hostname != host:
            raise BadData(
                f"The server sends us on to another host, {there}.",
                location=address,
                hint=f"If you trust it: kg import '{there}'.",
            )
        _require_http_address(there)
        here = there
    else:
        raise StoreUnavailable(
            "The server redirects in a circle.", location=address, hint="Check the address."
        )
    if not answer.ok:
        answer.close()
        raise StoreUnavailable(
            f"The server answered {answer.status_code} {answer.reason}.",
            location=address,
            hint="Check the address.",
        )
    return answer


def _save_body(
    answer: requests.Response, target: Path, max_bytes: int, on_block: Callable[[int], None]
) -> Path:
    """Write the body as sent (a packed file stays packed); raises when it is too long or cut off."""
    got = 0
    with target.open("wb") as out:
        for block in answer.iter_content(_BLOCK_SIZE):
            got += len(block)
            if got > max_bytes:
                raise _too_large_error(answer.url, got, max_bytes)
            out.write(block)
            on_block(len(block))
    announced = int(answer.headers.get("Content-Length") or 0)
    if "Content-Encoding" not in answer.headers and announced and got < announced:
        raise StoreUnavailable(
            f"The connection ended after {got:,} of {announced:,} bytes.",
            location=answer.url,
            hint="Try again.",
        )
    return target


def _too_large_error(address: str, size: int, limit: int) -> TooLarge:
    """Return the error of a file over the limit."""
    return TooLarge(
        f"The file has at least {size:,} bytes, the limit is {limit:,}.",
        location=address,
        hint="Raise it with --max-size.",
    )


def _file_name(address: str) -> str:
    """Return the last part of an address as a file name."""
    return PurePosixPath(unquote(urlsplit(address).path)).name or "download"


def _describe_failure(error: requests.RequestException) -> str:
    """Return why a request failed, in a few words."""
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return type(error).__name__
