"""Headers that tell browsers what a page of ours may do: nothing but load its own files."""

from __future__ import annotations

from types import MappingProxyType

from flask import Blueprint, Response

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
