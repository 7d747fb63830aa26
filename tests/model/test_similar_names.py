"""One function proposes names, for all messages that say "Did you mean"."""

from __future__ import annotations

import pytest

from kg.model.term_names import find_similar_names, suggest_similar_names

NAMES = ["raised-for", "option-where", "Blinatumomab", "blinatumomab-rituximab", "MONDO", "text"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("blinatumomap", ["Blinatumomab"]),
        ("option", ["option-where"]),
        ("raised_for", ["raised-for"]),
        ("mondo", ["MONDO"]),
        ("rituxi", ["blinatumomab-rituximab"]),
        ("on", []),
        ("", []),
        ("xyzzy", []),
        ("treats", []),
    ],
)
def test_similar_names_are_found_whatever_their_case(text: str, found: list[str]) -> None:
    assert find_similar_names(text, NAMES)[:1] == found


def test_at_most_so_many_are_proposed_and_none_makes_no_sentence() -> None:
    assert len(find_similar_names("name", [f"name{n}" for n in range(9)], limit=4)) == 4
    assert suggest_similar_names("xyzzy", NAMES) == ""
    assert suggest_similar_names("raisedfor", NAMES) == "Did you mean raised-for? "
