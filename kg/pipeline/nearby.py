"""Where else a question about one situation has an answer: the broader and the narrower situations with rows.

An answer speaks of exactly one situation; what the text says of another is pointed to, never mixed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kg.namespaces import KG, SKOS
from kg.pipeline.answers import (
    ParameterChoice,
    ParameterChoices,
    QuestionAnswer,
    list_given_values,
    make_choice,
    resolve_value,
    run_question,
)
from kg.questions import Question, QuestionParameter
from kg.questions.model import GivenValue, ParameterValue
from kg.store.protocol import Store

_SITUATION_TYPE = "situation"


@dataclass(frozen=True, slots=True)
class RelatedSituations:
    """The parameter that holds the situation, and the other situations for which there are rows."""

    parameter: str = ""
    broader: tuple[ParameterChoice, ...] = ()
    narrower: tuple[ParameterChoice, ...] = ()

    def __bool__(self) -> bool:
        """Say whether there is anywhere else to look."""
        return bool(self.broader or self.narrower)


def find_related_situations(
    store: Store,
    question: Question,
    values: Mapping[str, GivenValue],
    choices: ParameterChoices,
    answer: QuestionAnswer,
) -> RelatedSituations:
    """Return where `question` has rows besides those `found` shows; only where it asks of one situation."""
    parameter = _find_situation_parameter(question)
    if parameter is None:
        return RelatedSituations()
    asked = _resolve_asked_situation(parameter, values, choices)
    others = {name: given for name, given in values.items() if name != parameter.name}
    bound = {
        each.name: tuple(resolve_value(each, item, choices) for item in list_given_values(others[each.name]))
        for each in question.params
        if each.name in others
    }
    shown = {term for row in answer.rows for term in row}

    def find_answered(inverse: str) -> tuple[ParameterChoice, ...]:
        return tuple(
            other
            for other in _select_related(store, asked, inverse)
            if other.value not in shown
            and run_question(
                store, question, question.bind_values({**bound, parameter.name: other.value})
            ).rows
        )

    return RelatedSituations(parameter.name, find_answered(""), find_answered("^"))


def _find_situation_parameter(question: Question) -> QuestionParameter | None:
    """Return the parameter that holds the one situation asked about."""
    found = [parameter for parameter in question.params if parameter.type == _SITUATION_TYPE]
    return (
        found[0]
        if len(found) == 1 and not found[0].is_repeatable and question.query_form == "SELECT"
        else None
    )


def _resolve_asked_situation(
    parameter: QuestionParameter, values: Mapping[str, GivenValue], choices: ParameterChoices
) -> ParameterValue:
    """Return the situation that was asked about: the one given, or else the file's example."""
    return resolve_value(
        parameter, list_given_values(values.get(parameter.name, parameter.example))[0], choices
    )


def _select_related(store: Store, situation: ParameterValue, inverse: str) -> tuple[ParameterChoice, ...]:
    """Return the broader situations of one, or with `^` the narrower, by label."""
    rows = store.select(
        f"SELECT DISTINCT ?value ?label WHERE {{ {situation} {inverse}{KG['broaderSituation']} ?value . "
        f"?value {SKOS['prefLabel']} ?label }} ORDER BY LCASE(?label)"
    )
    return tuple(make_choice(row["value"], row.get("label")) for row in rows)
