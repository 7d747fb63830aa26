"""What must never follow: the text does not say it, so nothing in the closure may."""

from __future__ import annotations

import pytest

from tests.model.conftest import Ask, patterns

#: section 6 of the design, "must stay absent".
UNWANTED = patterns("unwanted.tsv")
#: section 8 of the inventory: each tempting false triple, in every shape it may take.
UNSAID = patterns("unsaid.tsv")


def test_all_of_what_is_unsaid_is_tried() -> None:
    assert len(UNWANTED) == 19
    assert {name[:2] for name in UNSAID} == {f"{number:02}" for number in range(1, 16)}


@pytest.mark.parametrize("name", UNWANTED)
def test_unwanted_inference_is_absent(ask: Ask, name: str) -> None:
    assert not ask(UNWANTED[name])


@pytest.mark.parametrize("name", UNSAID)
def test_what_the_text_does_not_say_is_absent(ask: Ask, name: str) -> None:
    assert not ask(UNSAID[name])


@pytest.mark.parametrize(
    ("absent", "looked_for", "present"),
    [
        ("06 allogeneic, autologous", "allogeneic|autologous", "blinatumomab"),
        ("12 drug classes of background knowledge", "NSAID", "targeted drug"),
        ("01 a drug treats", "treats", "raisedFor"),
        ("05 a targeted drug beside imatinib", "FILTER (?drug != int:Imatinib)", ""),
    ],
)
def test_the_searches_find_what_is_there(ask: Ask, absent: str, looked_for: str, present: str) -> None:
    """A pattern that can never match would pass for an absence."""
    assert looked_for in UNSAID[absent]
    assert ask(UNSAID[absent].replace(looked_for, present))
