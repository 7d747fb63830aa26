"""The CSV of an answer: what a spreadsheet would run is escaped, and nothing else."""

from __future__ import annotations

import csv

from pyoxigraph import Literal, NamedNode

from kg.pages.questions.handler import format_csv
from kg.questions.question_answers import QuestionAnswer


def test_numbers_stay_numbers_and_formulas_are_escaped() -> None:
    """`-5` became `'-5` here, while `csv-excel` of the same query left it."""
    cells = {"-5": "-5", "+1.5e3": "+1.5e3", "=1+1": "'=1+1", "-5+cmd": "'-5+cmd", "@x": "'@x", "": ""}
    answer = QuestionAnswer(("value",), tuple((Literal(cell),) for cell in cells), {}, "")
    assert [*csv.reader(format_csv(answer).splitlines())] == [["value"], *([cell] for cell in cells.values())]


def test_a_column_of_iris_has_a_column_of_labels_beside_it() -> None:
    iri = "https://e.example/a"
    answer = QuestionAnswer(("term",), ((NamedNode(iri),), (None,)), {iri: "=label"}, "")
    assert [*csv.reader(format_csv(answer).splitlines())] == [
        ["term", "term_label"],
        [iri, "'=label"],
        ["", ""],
    ]
