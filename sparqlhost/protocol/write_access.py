"""Who may write: named tokens, what the log says of their use, and the brake on guessing."""

from __future__ import annotations

import hmac
import time
from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock

from flask import current_app, request

from sparqlhost.errors import Forbidden, StoreUnavailable, TooManyRequests, Unauthorized
from sparqlhost.pool.clients import CURRENT_CLIENT
from sparqlhost.protocol.app_context import get_settings
from sparqlhost.protocol.request_facts import WRITE_ACCESS
from sparqlhost.settings import HostSettings

#: characters of a token; `openssl rand -hex 16` gives 32.
MIN_TOKEN_LENGTH = 16
#: the name of a token that is given without one.
UNNAMED_TOKEN = "default"  # noqa: S105 - a name, not a token


def require_update_token() -> None:
    """Return if the request carries a token, and note its name for the log.

    Raises Forbidden while writing is off, Unauthorized for a wrong token, and TooManyRequests for a client
    that has to wait after wrong ones.
    """
    settings = get_settings()
    tokens = read_write_tokens(settings)
    if not tokens:
        raise Forbidden(
            "Writing is switched off on this server.",
            hint="The operator switches it on with "
            f"{settings.name_variable('update_token')} or {settings.name_variable('update_token_file')}.",
        )
    client = CURRENT_CLIENT.get().name
    failed_tries: FailedTries = current_app.extensions.setdefault("failed_tries", FailedTries())
    failed_tries.require_no_wait(client)
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    # all are compared, so that the time does not tell which one is close
    matching = [
        name for name, token in tokens.items() if hmac.compare_digest(given.strip().encode(), token.encode())
    ]
    name = matching[0] if matching and scheme.lower() == "bearer" else ""
    request.environ[WRITE_ACCESS] = {"token": name, "client": client}
    failed_tries.note(client, failed=not name and bool(given))
    if not name:
        raise Unauthorized(
            "Writing needs the token of this server.", hint="Send it as: Authorization: Bearer TOKEN."
        )


def read_write_tokens(settings: HostSettings) -> Mapping[str, str]:
    """Return name -> token, nothing while writing is off; the file is read each time, so removed lines count.

    The setting holds words `TOKEN` or `NAME:TOKEN`, the file likewise. Raises StoreUnavailable if the file
    cannot be read, a token is too short or a name stands twice.
    """
    variable, text = settings.name_variable("update_token"), settings.update_token
    if settings.update_token_file is not None:
        variable = settings.name_variable("update_token_file")
        try:
            text = settings.update_token_file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise StoreUnavailable(
                "The file with the update tokens cannot be read.", hint=f"Check {variable}."
            ) from error
    tokens: dict[str, str] = {}
    for word in text.split():
        name, _, token = word.rpartition(":")
        name = name or UNNAMED_TOKEN
        if len(token) < MIN_TOKEN_LENGTH:
            raise StoreUnavailable(
                f"The update token {name!r} has {len(token)} characters; it needs {MIN_TOKEN_LENGTH}.",
                location=variable,
                hint="Make one with: openssl rand -hex 16.",
            )
        if name in tokens:
            raise StoreUnavailable(
                f"There are two update tokens called {name!r}.", location=variable, hint="Write NAME:TOKEN."
            )
        tokens[name] = token
    return tokens


def is_writing_enabled(settings: HostSettings) -> bool:
    """Return whether writing is on."""
    return bool(settings.update_token or settings.update_token_file)


class FailedTries:
    """The wrong tokens of each client in this process: after a few, the next try has to wait, ever longer."""

    FREE_TRIES = 5
    MAX_WAIT_SECONDS = 30
    MAX_CLIENTS = 1_000

    def __init__(self) -> None:
        self._lock = Lock()
        self._tries: OrderedDict[str, tuple[int, float]] = OrderedDict()  # client -> count, end of its wait

    def require_no_wait(self, client: str) -> None:
        """Raise TooManyRequests while `client` has to wait: its token is not looked at."""
        _, wait_ends = self._tries.get(client, (0, 0.0))
        seconds = wait_ends - time.monotonic()
        if seconds > 0:
            error = TooManyRequests(
                "Too many wrong tokens came from this address.", hint=f"Wait {seconds:.0f} seconds."
            )
            error.retry_after = int(seconds) + 1
            raise error

    def note(self, client: str, *, failed: bool) -> None:
        """Count a wrong token of `client`; a right one clears the count."""
        with self._lock:
            count, _ = self._tries.pop(client, (0, 0.0))
            if failed:
                wait = min(2.0 ** (count - self.FREE_TRIES), self.MAX_WAIT_SECONDS)
                ends = time.monotonic() + wait if count >= self.FREE_TRIES else 0.0
                self._tries[client] = (min(count + 1, 100), ends)
                while len(self._tries) > self.MAX_CLIENTS:
                    self._tries.popitem(last=False)
