"""Bind parameters of a query file: its `VALUES ?name { example }` is replaced by serialized terms.

Values enter a query as terms, never as pasted text, so no value can change what is asked; and each file
runs as it stands, with its example.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from kg.errors import BadData
from sparqlhost.store.interface import Term


def replace_values_line(query: str, name: str, terms: Iterable[Term]) -> str:
    """Return `query` with `terms` in each VALUES clause of ?name; raises BadData when it has none."""
    values = " ".join(str(term) for term in terms)
    clause = re.compile(rf"(?P<head>\bVALUES\s+\?{re.escape(name)}\s*)\{{[^{{}}]*\}}")
    bound, count = clause.subn(lambda found: f"{found['head']}{{ {values} }}", query)
    if not count:
        raise BadData(
            f"The query has no line `VALUES ?{name} {{ example }}`.",
            location=f"?{name}",
            hint="Add it inside WHERE.",
        )
    return bound


def find_examples(query: str, name: str) -> set[str]:
    """Return the examples in the `VALUES ?name { example }` lines of a query, each alone on its line."""
    line = re.compile(rf"^[ \t]*VALUES[ \t]+\?{re.escape(name)}[ \t]*\{{([^{{}}\n]*)\}}[ \t]*$", re.M)
    return {example.strip() for example in line.findall(query)}
