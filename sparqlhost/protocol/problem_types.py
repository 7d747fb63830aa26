"""The one table of errors: class, HTTP status, title, and slug of the problem type (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sparqlhost import errors
from sparqlhost.errors import UserError


@dataclass(frozen=True, slots=True)
class ProblemType:
    """What HTTP clients see of a class of errors; programs compare the slug, so it never changes."""

    status: int
    title: str
    slug: str


#: a class stands for its subclasses that are not named; an application may add subclasses of its own.
PROBLEM_TYPES: Mapping[type[UserError], ProblemType] = MappingProxyType(
    {
        errors.Unauthorized: ProblemType(401, "Token missing or wrong", "unauthorized"),
        errors.Forbidden: ProblemType(403, "Not allowed here", "forbidden"),
        errors.NotFound: ProblemType(404, "Not found", "not-found"),
        errors.BadQuery: ProblemType(400, "The query cannot be run", "bad-query"),
        errors.BadData: ProblemType(400, "The data cannot be read", "bad-data"),
        errors.Inconsistent: ProblemType(409, "The data contradict the ontology", "inconsistent"),
        errors.NotAcceptable: ProblemType(406, "No such format", "not-acceptable"),
        errors.UnsupportedMedia: ProblemType(415, "Media type not understood", "unsupported-media"),
        errors.TooSlow: ProblemType(408, "Too slow", "too-slow"),
        errors.TooLarge: ProblemType(413, "Too large", "too-large"),
        errors.HeadersTooLarge: ProblemType(431, "Headers too large", "headers-too-large"),
        errors.TooExpensive: ProblemType(503, "Stopped at a limit", "too-expensive"),
        errors.Cancelled: ProblemType(409, "Stopped", "cancelled"),
        errors.TooManyRequests: ProblemType(429, "Too many queries of one client", "too-many-requests"),
        errors.Busy: ProblemType(503, "Busy", "busy"),
        errors.StoreUnavailable: ProblemType(503, "Store unavailable", "store-unavailable"),
        UserError: ProblemType(400, "Bad request", "error"),
    }
)


def find_problem_type(
    kind: type[UserError], added: Mapping[type[UserError], ProblemType] = MappingProxyType({})
) -> ProblemType:
    """Return the entry of the nearest class that has one; `added` entries replace those of the table."""
    table = {**PROBLEM_TYPES, **added}
    return next(table[parent] for parent in kind.__mro__ if parent in table)
