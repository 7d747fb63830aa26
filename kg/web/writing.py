"""Who may write: whoever sends the token, once one is configured."""

from __future__ import annotations

import hmac

from flask import current_app, request

from kg.errors import Forbidden, StoreUnavailable, Unauthorized
from kg.settings import Settings


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


def read_update_token(settings: Settings) -> str:
    """Return the token that allows writes, '' for none; raises StoreUnavailable for a lost file."""
    if settings.update_token_file is None:
        return settings.update_token
    try:
        return settings.update_token_file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise StoreUnavailable(
            "The file with the update token cannot be read.", hint="Check KG_UPDATE_TOKEN_FILE."
        ) from error


def is_writing_enabled(settings: Settings) -> bool:
    """Say whether writing is on."""
    return bool(settings.update_token or settings.update_token_file)
