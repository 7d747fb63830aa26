"""Who may write: whoever sends the token, once one is configured."""

from __future__ import annotations

import hmac
from types import MappingProxyType

from flask import Blueprint, Response, current_app, request

from sparqlhost.errors import Forbidden, StoreUnavailable, Unauthorized
from sparqlhost.settings import HostSettings


def require_update_token() -> None:
    """Return when the request may write; raises Forbidden while writing is off, Unauthorized otherwise."""
    expected = read_update_token(current_app.extensions["kg_settings"])
    if not expected:
        raise Forbidden(
            "Writing is switched off on this server.",
            hint="The operator switches it on with KG_UPDATE_TOKEN or KG_UPDATE_TOKEN_FILE.",
        )
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), expected.encode()):
        raise Unauthorized(
            "Writing needs the token of this server.", hint="Send it as: Authorization: Bearer TOKEN."
        )


def read_update_token(settings: HostSettings) -> str:
    """Return the token that allows writes, '' for none; raises StoreUnavailable for a lost file."""
    if settings.update_token_file is None:
        return settings.update_token
    try:
        return settings.update_token_file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise StoreUnavailable(
            "The file with the update token cannot be read.", hint="Check KG_UPDATE_TOKEN_FILE."
        ) from error


def is_writing_enabled(settings: HostSettings) -> bool:
    """Say whether writing is on."""
    return bool(settings.update_token or settings.update_token_file)


#: MERGED kg.web.security
#: MERGED Headers that tell browsers what a page of ours may do: nothing but load its own files.


blueprint = Blueprint("security", __name__)

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
        # Empty: the server would name itself and so tell which advisories to try.
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
    """Add the headers to every answer, errors included."""
    response.headers.extend(SECURITY_HEADERS)
    return response
