"""Access: the token that writes need, and the headers that limit what browsers do with a page."""

from __future__ import annotations

import hmac
from types import MappingProxyType

from flask import Blueprint, Response, request

from sparqlhost.errors import Forbidden, StoreUnavailable, Unauthorized
from sparqlhost.protocol.app_context import get_settings
from sparqlhost.settings import HostSettings


def require_update_token() -> None:
    """Return if the request carries the token; raises Forbidden while writing is off, else Unauthorized."""
    settings = get_settings()
    expected = read_update_token(settings)
    if not expected:
        raise Forbidden(
            "Writing is switched off on this server.",
            hint="The operator switches it on with "
            f"{settings.name_variable('update_token')} or {settings.name_variable('update_token_file')}.",
        )
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), expected.encode()):
        raise Unauthorized(
            "Writing needs the token of this server.", hint="Send it as: Authorization: Bearer TOKEN."
        )


def read_update_token(settings: HostSettings) -> str:
    """Return the token that allows writes, "" for none; raises StoreUnavailable if its file is unreadable."""
    if settings.update_token_file is None:
        return settings.update_token
    try:
        return settings.update_token_file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise StoreUnavailable(
            "The file with the update token cannot be read.",
            hint=f"Check {settings.name_variable('update_token_file')}.",
        ) from error


def is_writing_enabled(settings: HostSettings) -> bool:
    """Return whether writing is on."""
    return bool(settings.update_token or settings.update_token_file)


blueprint = Blueprint("security", __name__)

#: A page may load files of this server only, and may not be framed (Content Security Policy Level 3).
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

SECURITY_HEADERS = MappingProxyType(
    {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        # Empty, since the name of the server would tell which vulnerabilities to try.
        "Server": "",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
)


@blueprint.after_app_request
def add_security_headers(response: Response) -> Response:
    """Add the headers to every response, errors included; a redirect never repeats the client's Host."""
    location = response.location or ""
    if 300 <= response.status_code < 400 and location.startswith(request.host_url):
        response.location = "/" + location.removeprefix(request.host_url).lstrip("/")
    response.headers.extend(SECURITY_HEADERS)
    return response
