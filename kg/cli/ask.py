"""`kg ask`: a named question, its parameters, its answer."""

from __future__ import annotations

import os
from collections.abc import Sequence
from shlex import quote

import click

from kg.cli.ask_column import answer_column, parse_column
from kg.cli.output import OUTPUT_FORMATS, format_term, print_solutions
from kg.model.questions import Question, group_questions
from kg.namespaces import get_local_name
from kg.questions.question_answers import (
    QuestionLibrary,
    QuestionVocabulary,
    RelatedSituations,
    answer_question,
    describe_choices,
    find_related_situations,
    load_library,
)
from kg.settings import Settings
from sparqlhost.store.interface import Solutions


@click.command(
    context_settings={"ignore_unknown_options": True},
    epilog="""\b
Examples:
  kg ask --list
  kg ask --list codes
  kg ask raised-for
  kg ask raised-for --situation NAME
  kg ask option-where --intervention "A NAME" --format csv
  kg ask for-codes --file list.csv --column ndc --system NDC
  kg ask for-text --text "ASA 81 mg EC tab" --text allo-SCT
  kg ask case-claims --feature NAME --feature "ANOTHER NAME"

\b
A value is a local name, a label, a CURIE or an IRI. Parameters not given keep the question's example.
Exit codes: 0 answered, 1 no such question or value, 2 wrong use.""",
)
@click.option(
    "--list", "list_questions", is_flag=True, help="List the questions by group; words after it select."
)
@click.option(
    "--format", "output_format", type=click.Choice(OUTPUT_FORMATS), default="table", show_default=True
)
@click.option("--show-query", is_flag=True, help="Print the SPARQL query that would be run, and stop.")
@click.option("--iri", "show_iris", is_flag=True, help="Show identifiers instead of labels in the table.")
@click.argument("name", required=False)
@click.argument("parameters", nargs=-1, type=click.UNPROCESSED, metavar="[--PARAM VALUE]...")
def ask(
    name: str | None,
    parameters: tuple[str, ...],
    list_questions: bool,
    output_format: str,
    show_query: bool,
    show_iris: bool,
) -> None:
    """Answer a named question."""
    from kg.build.opening import open_build

    settings = Settings.from_environment(os.environ)
    library = load_library(settings.root)
    if list_questions:
        _print_questions(library, " ".join(filter(None, (name, *parameters))))
        return
    if name is None:
        raise click.UsageError("Name a question; `kg ask --list` shows them.")
    question = library.find(name)
    column = parse_column(question, parameters)
    values = {} if column else _parse_parameters(question, parameters)
    store = open_build(settings)
    vocabulary = library.make_vocabulary(store)
    if column:
        answer_column(question, vocabulary, column)
        return
    _reject_empty_values(question, values, vocabulary)
    answer = answer_question(store, question, values, vocabulary)
    _print_examples_used(question, values, vocabulary)
    if show_query:
        click.echo(answer.query, nl=False)
        return
    solutions = Solutions(answer.variables, answer.rows)
    print_solutions(solutions, output_format, format_term if show_iris else answer.format_term)
    _print_related_situations(
        question, values, find_related_situations(store, question, values, vocabulary, answer)
    )


def _print_related_situations(
    question: Question, values: dict[str, list[str]], related: RelatedSituations
) -> None:
    """Print on stderr the broader and narrower situations with rows, and the command for the first."""
    for relation, others in (("broader", related.broader), ("narrower", related.narrower)):
        if others:
            command_values = {**values, related.parameter: [get_local_name(others[0].value.value)]}
            options = "".join(
                f" --{key} {quote(item)}" for key, items in command_values.items() for item in items
            )
            labels = ", ".join(other.label for other in others)
            subject = (
                f"A {relation} situation also has results"
                if len(others) == 1
                else (f"{relation.capitalize()} situations also have results")
            )
            click.echo(f"{subject}: {labels} (kg ask {question.name}{options})", err=True)


def _print_questions(library: QuestionLibrary, filter_text: str) -> None:
    """Print the questions that contain some words with their parameters, by group."""
    groups = group_questions(library.questions, filter_text)
    if not groups:
        raise click.UsageError(f"No question contains {filter_text!r}; `kg ask --list` shows them all.")
    numbers = {question.name: number for number, question in enumerate(library.questions, start=1)}
    for group, questions in groups.items():
        click.echo(group)
        for question in questions:
            needs = "".join(f" [needs the import {name}]" for name in question.needed_imports)
            click.echo(f"{numbers[question.name]:2}  {question.name}: {question.question}{needs}")
            for parameter in question.params:
                many = ", may be repeated" if parameter.is_repeatable else ""
                example = f"{parameter.type}{many}; {parameter.example}"
                click.echo(f"      --{parameter.name}  {parameter.help} ({example})")


def _parse_parameters(question: Question, arguments: Sequence[str]) -> dict[str, list[str]]:
    """Return parameter values from `--name value` and `--name=value`; an empty list where none follows."""
    values: dict[str, list[str]] = {}
    rest = list(arguments)
    while rest:
        option = rest.pop(0)
        if not option.startswith("--"):
            raise click.UsageError(f"Expected --PARAMETER, found {option!r}. {_format_usage(question)}")
        name, equals, value = option[2:].partition("=")
        if name not in {parameter.name for parameter in question.params}:
            raise click.UsageError(f"{question.name} has no parameter --{name}. {_format_usage(question)}")
        values_of_option = values.setdefault(name, [])
        if equals:
            values_of_option.append(value)
        elif rest and not rest[0].startswith("--"):
            values_of_option.append(rest.pop(0))
    return values


def _reject_empty_values(
    question: Question, values: dict[str, list[str]], vocabulary: QuestionVocabulary
) -> None:
    """Raise UsageError for a parameter without a value, listing the possible values."""
    for parameter in question.params:
        if values.get(parameter.name) == []:
            listed = describe_choices(parameter, vocabulary)
            raise click.UsageError(
                f"--{parameter.name} needs a value. {_format_usage(question)} {listed}".strip()
            )


def _print_examples_used(
    question: Question, values: dict[str, list[str]], vocabulary: QuestionVocabulary
) -> None:
    """Print on stderr the parameters that keep the question's example, and how to list their values."""
    for parameter in question.params:
        if parameter.name not in values:
            count = len(vocabulary.list_choices(parameter))
            hint = (
                f"It takes {count} values; `kg ask {question.name} --{parameter.name}` lists them."
                if count
                else ""
            )
            click.echo(f"{parameter.name}: {parameter.example} (the example). {hint}".strip(), err=True)


def _format_usage(question: Question) -> str:
    """Return how the command for a question is written."""
    options = " ".join(f"--{p.name} {p.type.upper()}" for p in question.params)
    return f"Use: kg ask {question.name} {options}".rstrip() + "."
