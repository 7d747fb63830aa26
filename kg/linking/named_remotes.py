"""The remote endpoints the user named: a small JSON file of name and address."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from urllib.parse import urlsplit

from kg.errors import BadData, Forbidden, NotFound
from kg.settings import Settings
from sparqlhost.remote.service_calls import inline_service_calls
from sparqlhost.remote_endpoint import REMOTE_DEADLINE
from sparqlhost.sparql.lexer import find_outgoing_calls, locate_offset

_NAME_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_FILE_NAME = "remotes.json"


def read_remotes(settings: Settings) -> dict[str, str]:
    """Return name -> address of every remote; raises BadData when the file is broken."""
    path = settings.imports_dir / _FILE_NAME
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text("utf-8"))
        return {str(name): str(address) for name, address in sorted(found.items())}
    except (ValueError, AttributeError) as error:
        raise BadData(
            "The list of remotes is broken.", location=str(path), hint="Mend or remove it."
        ) from error


def add_remote(settings: Settings, name: str, address: str) -> None:
    """Keep an address under a name; raises BadData for what is neither."""
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
    """Forget a remote; raises NotFound."""
    get_remote_address(settings, name)
    _write_remotes(settings, {known: at for known, at in read_remotes(settings).items() if known != name})


def get_remote_address(settings: Settings, name: str) -> str:
    """Return the address of a remote; raises NotFound with the names there are."""
    known = read_remotes(settings)
    if name not in known:
        raise NotFound(
            f"There is no remote {name!r}.",
            hint=f"Remotes: {', '.join(known) or 'none yet (kg remote add)'}.",
        )
    return known[name]


def list_allowed_addresses(settings: Settings) -> tuple[str, ...]:
    """Return the exact addresses SERVICE may call: those of the setting and of the remotes."""
    return tuple(dict.fromkeys((*settings.service_allow, *read_remotes(settings).values())))


def allow_remotes(settings: Settings) -> Settings:
    """Return the settings with the remotes among the addresses SERVICE may call."""
    return replace(settings, service_allow=list_allowed_addresses(settings))


def _write_remotes(settings: Settings, addresses: dict[str, str]) -> None:
    """Write the file at once."""
    settings.imports_dir.mkdir(parents=True, exist_ok=True)
    beside = settings.imports_dir / f".{_FILE_NAME}.{os.getpid()}"
    beside.write_text(json.dumps(dict(sorted(addresses.items())), indent=1) + "\n", "utf-8")
    beside.replace(settings.imports_dir / _FILE_NAME)


#: MERGED kg.linking.federating
#: MERGED A query of the command line that calls remotes: those that were named answer, no other host is reached.


def answer_service_calls(text: str, settings: Settings) -> tuple[str, tuple[str, ...]]:
    """Return the query with its SERVICE calls answered, and a sentence for each remote that failed.

    Raises Forbidden for a call to any address that is not on the list.
    """
    found = inline_service_calls(
        text, list_allowed_addresses(settings), min(settings.query_deadline, REMOTE_DEADLINE)
    )
    for call in find_outgoing_calls(found.text, "SERVICE"):
        line, column = locate_offset(found.text, call.keyword.start)
        known = ", ".join(list_allowed_addresses(settings)) or "none"
        raise Forbidden(
            f"SERVICE reaches named remotes only; named are: {known}.",
            line=line,
            column=column,
            hint="Name it with kg remote add NAME URL.",
        )
    return found.text, found.failures
