"""Where else a question about one situation has an answer: the broader and the narrower situations with rows.

An answer speaks of exactly one situation; what the text says of another is pointed to, never mixed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kg.namespaces import KG, SKOS
from kg.pipeline.answers import Answer, Choice, Choices, choice, items, resolve, solutions
from kg.questions import Parameter, Question
from kg.questions.model import Given, Value
from kg.store.protocol import Store

_TYPE = "situation"


@dataclass(frozen=True, slots=True)
class Nearby:
    """The parameter that holds the situation, and the other situations for which there are rows."""

    parameter: str = ""
    broader: tuple[Choice, ...] = ()
    narrower: tuple[Choice, ...] = ()

    def __bool__(self) -> bool:
        """Say whether there is anywhere else to look."""
        return bool(self.broader or self.narrower)


def nearby(
    store: Store, question: Question, values: Mapping[str, Given], choices: Choices, found: Answer
) -> Nearby:
    """Return where `question` has rows besides those `found` shows; only where it asks of one situation."""
    parameter = _situation(question)
    if parameter is None:
        return Nearby()
    asked = _asked(parameter, values, choices)
    others = {name: given for name, given in values.items() if name != parameter.name}
    bound = {
        each.name: tuple(resolve(each, item, choices) for item in items(others[each.name]))
        for each in question.params
        if each.name in others
    }
    shown = {term for row in found.rows for term in row}

    def answered(inverse: str) -> tuple[Choice, ...]:
        return tuple(
            other
            for other in _related(store, asked, inverse)
            if other.value not in shown
            and solutions(store, question, question.bind({**bound, parameter.name: other.value})).rows
        )

    return Nearby(parameter.name, answered(""), answered("^"))


def _situation(question: Question) -> Parameter | None:
    """Return the parameter that holds the one situation asked about."""
    found = [parameter for parameter in question.params if parameter.type == _TYPE]
    return found[0] if len(found) == 1 and not found[0].many and question.form == "SELECT" else None


def _asked(parameter: Parameter, values: Mapping[str, Given], choices: Choices) -> Value:
    """Return the situation that was asked about: the one given, or else the file's example."""
    return resolve(parameter, items(values.get(parameter.name, parameter.example))[0], choices)


def _related(store: Store, situation: Value, inverse: str) -> tuple[Choice, ...]:
    """Return the broader situations of one, or with `^` the narrower, by label."""
    rows = store.select(
        f"SELECT DISTINCT ?value ?label WHERE {{ {situation} {inverse}{KG['broaderSituation']} ?value . "
        f"?value {SKOS['prefLabel']} ?label }} ORDER BY LCASE(?label)"
    )
    return tuple(choice(row["value"], row.get("label")) for row in rows)
