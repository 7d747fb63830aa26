"""Parameters are decoded strictly: what is not UTF-8 is an error."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import BadQuery
from sparqlhost.protocol.request_facts import parse_form

PAIRS = st.lists(st.tuples(st.text(min_size=1), st.text()), max_size=5)


@given(PAIRS)
def test_any_text_survives_the_way_there(pairs: list[tuple[str, str]]) -> None:
    try:
        text = urlencode(pairs)
    except UnicodeEncodeError:
        return
    found = [(name, value) for name, values in parse_form(text).items() for value in values]
    assert sorted(found) == sorted(pairs)


@given(st.text(alphabet="ab%2+&=F;\n é~", max_size=30))
def test_odd_texts_are_read_as_the_standard_library_reads_them(text: str) -> None:
    try:
        wanted = parse_qsl(text, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        with pytest.raises(BadQuery):
            parse_form(text)
        return
    assert sorted(wanted) == sorted(
        (name, value) for name, values in parse_form(text).items() for value in values
    )


def test_line_ends_and_signs_in_a_query_stay() -> None:
    query = "SELECT * #=20 =\r\n{ ?s ?p 'a=b&c+d%41 \t' } \r\n"
    assert parse_form("query=" + quote(query, safe="")) == {"query": [query]}
