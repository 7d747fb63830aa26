"""Beside an answer: broader and narrower situations with rows, for the other values that were given."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.questions.question_answers import answer_question, find_related_situations, load_library
from sparqlhost.store.interface import Store


@pytest.mark.parametrize(
    ("values", "broader", "narrower"),
    [
        ({"situation": "RelapsedALL"}, [], ["relapsed B-cell ALL"]),
        ({"situation": "RelapsedALL", "intervention": "Blinatumomab"}, [], ["relapsed B-cell ALL"]),
        ({"situation": "RelapsedBALL", "intervention": "MoreChemotherapy"}, ["relapsed ALL"], []),
        ({"situation": "RRALL", "intervention": "Antibiotics"}, [], []),
        ({"intervention": "MoreChemotherapy"}, ["relapsed ALL"], []),
    ],
)
def test_a_question_of_two_values_keeps_the_other_one(
    store: Store, root: Path, values: dict[str, str], broader: list[str], narrower: list[str]
) -> None:
    """Without it the example of the question file would be asked about, which is blinatumomab."""
    library = load_library(root)
    question, vocabulary = library.find("evidence"), library.make_vocabulary(store)
    answer = answer_question(store, question, values, vocabulary)
    related = find_related_situations(store, question, values, vocabulary, answer)
    assert related.parameter == "situation"
    assert [choice.label for choice in related.broader] == broader
    assert [choice.label for choice in related.narrower] == narrower
    assert bool(related) is bool(broader or narrower)
