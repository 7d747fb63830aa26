"""`kg ask`: a named question, its parameters, its answer."""

from __future__ import annotations

import os
from collections.abc import Sequence
from shlex import quote

import click

from kg.build.question_library import (
    ParameterChoices,
    QuestionAnswer,
    QuestionLibrary,
    RelatedSituations,
    describe_choices,
    find_related_situations,
    load_library,
)
from kg.cli.output import OUTPUT_FORMATS, format_term, print_solutions
from kg.model.questions import Question
from kg.settings import Settings
from sparqlhost.store.interface import Solutions


@click.command(
    context_settings={"ignore_unknown_options": True},
    epilog="""\b
Examples:
  kg ask --list
  kg ask raised-for
  kg ask raised-for --situation RelapsedALL
  kg ask option-where --intervention blinatumomab --format csv
  kg ask case-claims --feature ALL --feature "B-cell lineage" --feature shorterInterval

\b
A value is a local name, a label, a CURIE or an IRI. Parameters not given keep the question's example.
Exit codes: 0 answered, 1 no such question or value, 2 wrong use.""",
)
@click.option("--list", "listed", is_flag=True, help="List the questions with their parameters.")
@click.option("--format", "format_", type=click.Choice(OUTPUT_FORMATS), default="table", show_default=True)
@click.option("--show-query", is_flag=True, help="Print the SPARQL query that would be run, and stop.")
@click.option("--iri", is_flag=True, help="Show identifiers instead of labels in the table.")
@click.argument("name", required=False)
@click.argument("parameters", nargs=-1, type=click.UNPROCESSED, metavar="[--PARAM VALUE]...")
def ask(
    name: str | None, parameters: tuple[str, ...], listed: bool, format_: str, show_query: bool, iri: bool
) -> None:
    """Answer a named question."""
    from kg.build.publishing import open_build

    settings = Settings.from_environment(os.environ)
    questions = load_library(settings.root)
    if listed:
        return _print_questions(questions)
    if name is None:
        raise click.UsageError("Name a question; `kg ask --list` shows them.")
    question = questions.find(name)
    values = _parse_parameters(question, parameters)
    store = open_build(settings)
    choices = questions.make_choices(store)
    _reject_empty_values(question, values, choices)
    found = questions.ask(store, name, values)
    _print_examples_used(question, values, choices)
    if show_query:
        click.echo(found.query, nl=False)
        return None
    _print_answer(found, format_, iri)
    _print_related_situations(
        question, values, find_related_situations(store, question, values, choices, found)
    )
    return None


def _print_answer(answer: QuestionAnswer, format_: str, iri: bool) -> None:
    """Print an answer, with labels in the table unless identifiers are wanted."""
    print_solutions(
        Solutions(answer.variables, answer.rows), format_, format_term if iri else answer.format_term
    )


def _print_related_situations(
    question: Question, values: dict[str, list[str]], related: RelatedSituations
) -> None:
    """Say on stderr for which broader and narrower situations there are rows, and how to ask of the first."""
    for how, others in (("broader", related.broader), ("narrower", related.narrower)):
        if others:
            name = others[0].value.value.rsplit("/", 1)[-1]
            given = {**values, related.parameter: [name]}
            options = "".join(f" --{key} {quote(item)}" for key, items in given.items() for item in items)
            labels = ", ".join(other.label for other in others)
            of = f"a {how} situation" if len(others) == 1 else f"{how} situations"
            click.echo(f"Of {of} there are rows too: {labels} (kg ask {question.name}{options})", err=True)


def _print_questions(questions: QuestionLibrary) -> None:
    """Print each question with its parameters."""
    for number, question in enumerate(questions.questions, start=1):
        click.echo(f"{number:2}  {question.name}: {question.question}")
        for parameter in question.params:
            many = ", may be repeated" if parameter.is_repeatable else ""
            click.echo(
                f"      --{parameter.name}  {parameter.help} ({parameter.type}{many}; {parameter.example})"
            )


def _parse_parameters(question: Question, given: Sequence[str]) -> dict[str, list[str]]:
    """Return parameter values from `--name value` and `--name=value`; an empty list where none follows."""
    values: dict[str, list[str]] = {}
    rest = list(given)
    while rest:
        option = rest.pop(0)
        if not option.startswith("--"):
            raise click.UsageError(f"Expected --PARAMETER, found {option!r}. {_format_usage(question)}")
        name, equals, value = option[2:].partition("=")
        if name not in {parameter.name for parameter in question.params}:
            raise click.UsageError(f"{question.name} has no parameter --{name}. {_format_usage(question)}")
        found = values.setdefault(name, [])
        if equals:
            found.append(value)
        elif rest and not rest[0].startswith("--"):
            found.append(rest.pop(0))
    return values


def _reject_empty_values(question: Question, values: dict[str, list[str]], choices: ParameterChoices) -> None:
    """Refuse a parameter without a value, and say which values there are."""
    for parameter in question.params:
        if values.get(parameter.name) == []:
            there = describe_choices(parameter, choices)
            raise click.UsageError(
                f"--{parameter.name} needs a value. {_format_usage(question)} {there}".strip()
            )


def _print_examples_used(question: Question, values: dict[str, list[str]], choices: ParameterChoices) -> None:
    """Say on stderr which parameters keep the question's example, and where the other values are listed."""
    for parameter in question.params:
        if parameter.name not in values:
            count = len(choices.list_choices(parameter))
            there = (
                f"It takes {count} values; `kg ask {question.name} --{parameter.name}` lists them."
                if count
                else ""
            )
            click.echo(f"{parameter.name}: {parameter.example} (the example). {there}".strip(), err=True)


def _format_usage(question: Question) -> str:
    """Return how a question is asked."""
    options = " ".join(f"--{p.name} {p.type.upper()}" for p in question.params)
    return f"Use: kg ask {question.name} {options}".rstrip() + "."
