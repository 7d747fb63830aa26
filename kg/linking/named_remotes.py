"""The remote SPARQL endpoints that the user named: a JSON file of name and address.

Nothing outside this list and the setting `service_allow` is ever called: neither by `kg link --remote` nor by
SERVICE in a query.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from urllib.parse import urlsplit

from kg.errors import BadData, NotFound
from kg.settings import Settings
from kg.text_files import read_text, write_atomically
from sparqlhost.remote import service_calls
from sparqlhost.remote.remote_endpoint import limit_remote_requests
from sparqlhost.remote.service_calls import OutgoingPolicy

_NAME_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_FILE_NAME = "remotes.json"


def read_remotes(settings: Settings) -> dict[str, str]:
    """Return name -> address of every remote, by name; raises BadData when the file is broken."""
    path = settings.imports_dir / _FILE_NAME
    if not path.exists():
        return {}
    try:
        remotes = json.loads(read_text(path))
        return {str(name): str(address) for name, address in sorted(remotes.items())}
    except (ValueError, AttributeError) as error:
        raise BadData(
            "The list of remotes is not a JSON object.", location=str(path), hint="Fix or remove it."
        ) from error


def add_remote(settings: Settings, name: str, address: str) -> None:
    """Store an address under a name; raises BadData for an invalid name or address, or a name in use."""
    if not _NAME_PATTERN.fullmatch(name):
        raise BadData(f"{name!r} cannot name a remote.", hint="Use letters, digits, '.', '_' and '-'.")
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or any(c.isspace() for c in address):
        raise BadData(
            f"{address!r} is not the address of a SPARQL endpoint.",
            hint="Give http://HOST/PATH or https://...",
        )
    known = read_remotes(settings)
    if known.get(name, address) != address:
        raise BadData(
            f"There is a remote {name!r} at {known[name]} already.",
            hint=f"Remove it first: kg remote remove {name}.",
        )
    _write_remotes(settings, known | {name: address})


def remove_remote(settings: Settings, name: str) -> None:
    """Remove a remote; raises NotFound when there is none of that name."""
    get_remote_address(settings, name)
    remotes = read_remotes(settings)
    _write_remotes(settings, {other: remotes[other] for other in remotes if other != name})


def get_remote_address(settings: Settings, name: str) -> str:
    """Return the address of a remote; raises NotFound, which lists the names there are."""
    known = read_remotes(settings)
    if name not in known:
        raise NotFound(
            f"There is no remote {name!r}.",
            hint=f"Remotes: {', '.join(known) or 'none yet (kg remote add)'}.",
        )
    return known[name]


def list_allowed_addresses(settings: Settings) -> tuple[str, ...]:
    """Return the exact addresses that SERVICE may call: those of `service_allow` and of the remotes."""
    return tuple(dict.fromkeys((*settings.service_allow, *read_remotes(settings).values())))


def allow_remotes(settings: Settings) -> Settings:
    """Return the settings with the remotes added to `service_allow`."""
    return replace(settings, service_allow=list_allowed_addresses(settings))


def _write_remotes(settings: Settings, addresses: dict[str, str]) -> None:
    """Replace the file in one step."""
    with write_atomically(settings.imports_dir / _FILE_NAME) as partial:
        partial.write_text(json.dumps(dict(sorted(addresses.items())), indent=1) + "\n", "utf-8")


def answer_service_calls(text: str, settings: Settings) -> tuple[str, tuple[str, ...]]:
    """Return a query with the rows of its SERVICE calls inlined, and a sentence for each remote that failed.

    For the command line, which has no server to make the calls. Raises Forbidden for a call to any address
    that is not allowed: such a call is left in the text, and the engine would make it.
    """
    allowed = list_allowed_addresses(settings)
    policy = OutgoingPolicy(
        allowed,
        limit_remote_requests(settings),
        leaves_silent_calls=False,
        refusal=f"can call named remotes only; these are named: {', '.join(allowed) or 'none'}.",
        hint="Name it with kg remote add NAME URL.",
    )
    answered = service_calls.answer_service_calls(text, policy)
    return answered.text, answered.failures
