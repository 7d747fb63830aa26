"""A query of the command line that calls remotes: those that were named answer, no other host is reached."""

from __future__ import annotations

from kg.errors import Forbidden
from kg.external.federation import joined
from kg.external.remote_endpoint import DEADLINE
from kg.external.remotes import allowed
from kg.settings import Settings
from kg.store.lexer import calls_out, place


def federated(text: str, settings: Settings) -> tuple[str, tuple[str, ...]]:
    """Return the query with its SERVICE calls answered, and a sentence for each remote that failed.

    Raises Forbidden for a call to any address that is not on the list.
    """
    found = joined(text, allowed(settings), min(settings.query_deadline, DEADLINE))
    for call in calls_out(found.text, "SERVICE"):
        line, column = place(found.text, call.keyword.start)
        known = ", ".join(allowed(settings)) or "none"
        raise Forbidden(
            f"SERVICE reaches named remotes only; named are: {known}.",
            line=line,
            column=column,
            todo="Name it with kg remote add NAME URL.",
        )
    return found.text, found.notes
