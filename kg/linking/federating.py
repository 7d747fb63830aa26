"""A query of the command line that calls remotes: those that were named answer, no other host is reached."""

from __future__ import annotations

from kg.errors import Forbidden
from kg.external.federation import inline_service_calls
from kg.external.remote_endpoint import REMOTE_DEADLINE
from kg.external.remotes import list_allowed_addresses
from kg.settings import Settings
from kg.store.lexer import find_outgoing_calls, locate_offset


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
