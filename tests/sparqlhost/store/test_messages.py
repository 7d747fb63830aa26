"""What a person reads when a query cannot be read: a sentence with a place, no list of tokens."""

from __future__ import annotations

import pytest

from sparqlhost.errors import BadQuery
from sparqlhost.store.local_store import MemoryStore

PREFIXES = {"kg": "https://w3id.org/rrall-kg/ont#"}
CASES = (
    ("SELECT *\n{ ?s ?p }", 2, 9, "needs an object before this `}`"),
    ("SELECT *\n{ ?s ?p ?o", 2, 1, "`{` here is not closed"),
    ("SELEC * {}", 1, 1, "`SELEC` does not begin a query"),
    ("SELECT * { ?s foo:bar ?o }", 1, 15, "prefix of `foo:bar` is not declared"),
    ("SELECT * { ?s kg:cue ?o }", 1, 15, "add `PREFIX kg: <https://w3id.org/rrall-kg/ont#>` at the start"),
    ('ASK { ?s ?p "abc }', 1, 13, "string that begins here is not closed"),
    ("SELECT * { ?s ?p ?o } }", 1, 23, "`}` closes a group that was not opened"),
    ("SELECT * { ?s ?p ?o FILTER(?o > ) }", 1, 31, "`>` has no right operand"),
    ("", 1, 1, "empty"),
    ("SELECT ?x (COUNT(*) AS ?n) { ?x ?y ?z }", 1, 40, "variable that is unbound"),
    ("SELECT * { ?s ?p ?o } LIMIT x", 1, 29, "does not parse at `x`"),
)


@pytest.mark.parametrize(("text", "line", "column", "sentence"), CASES)
def test_a_mistake_is_named_where_it_is(text: str, line: int, column: int, sentence: str) -> None:
    with pytest.raises(BadQuery) as caught:
        MemoryStore(prefixes=PREFIXES).select(text)
    assert sentence in caught.value.message
    assert (caught.value.line, caught.value.column) == (line, column)
    assert len(caught.value.message) < 200
    assert "\\u{" not in caught.value.message
