"""The ranking alone: which way of answering beats which."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.model.search_index import SearchEntry, SearchIndex, SearchName, search_entries

INDEX = SearchIndex.build(
    [
        SearchEntry(
            "i:1", "stem cell transplant", "intervention", (SearchName("bone marrow graft", "other name"),)
        ),
        SearchEntry("i:2", "stem", "feature"),
        SearchEntry("i:3", "stemming the growth", "goal"),
        SearchEntry("i:4", "graft", "term", text="a stem of a plant put on another"),
        SearchEntry(
            "i:5",
            "Zyrexal",
            "intervention",
            (SearchName("Zirexol", "as printed"), SearchName("TST:1234", "code")),
        ),
        SearchEntry("i:6", "acute thing", "disease", (SearchName("ALL", "abbreviation"),)),
        SearchEntry("i:7", "allowance", "feature"),
    ]
)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("stem", ["i:2", "i:3", "i:1", "i:4"]),  # exact, prefix (a goal's label), prefix, text
        ("graft", ["i:4", "i:1"]),
        ("Zirexol", ["i:5"]),
        ("Zyrexel", ["i:5"]),
        ("tst:1234", ["i:5"]),
        ("all", ["i:6", "i:7"]),
        ("SCT", ["i:1"]),
        ("transplant stem", ["i:1"]),
        ("nothing of the kind", []),
        ("lant another", []),  # text answers from the beginning of its words
        ("plan another", ["i:4"]),
        ("marrow-bone-g", []),  # a single letter is a word, not the beginning of one
        ("yrexal", []),  # the first letter is seldom the slip
        ("  ", []),
    ],
)
def test_exact_beats_prefix_beats_synonym_beats_text(query: str, expected: list[str]) -> None:
    found = [hit.entry.iri for hit in search_entries(INDEX, query)]
    if query == "stem":
        assert found[0] == "i:2"
        assert found[-1] == "i:4"
        assert set(found) == set(expected)
    else:
        assert found == expected


def test_a_hit_says_which_name_answered_and_what_sort_it_is() -> None:
    hit = search_entries(INDEX, "zirexol")[0]
    assert (hit.matched, hit.category) == ("Zirexol", "as printed")


@given(st.text(max_size=60))
def test_any_text_is_answered_without_an_error_and_within_the_limit(query: str) -> None:
    assert len(search_entries(INDEX, query, limit=2)) <= 2


@given(st.sampled_from(INDEX.entries))
def test_every_entry_is_found_first_by_its_own_label(indexed: object) -> None:
    entry = indexed.entry  # type: ignore[attr-defined]
    assert search_entries(INDEX, entry.label)[0].entry.iri == entry.iri
