"""The form that asks why a statement holds: what may be named in it, and examples out of the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kg.pipeline.answers import ParameterChoice
from kg.views.edges import proof_address
from kg.views.reading import PageQueryReader, terms_in_rows
from kg.views.terms import TermRef


@dataclass(frozen=True, slots=True)
class ExampleStatement:
    """A derived statement, and where its proof stands."""

    subject: TermRef
    predicate: TermRef
    object: TermRef
    href: str


@dataclass(frozen=True, slots=True)
class ExplainForm:
    """The names that fields of the form suggest, and worked examples."""

    things: tuple[str, ...]
    properties: tuple[str, ...]
    examples: tuple[ExampleStatement, ...]


def build_explain_form(
    reader: PageQueryReader, things: Sequence[ParameterChoice], properties: Sequence[ParameterChoice]
) -> ExplainForm:
    """Return the form."""
    rows = reader.select_rows("edges-explained")
    naming = reader.load_labels(terms_in_rows(rows))
    examples = [
        ExampleStatement(naming.ref(s), naming.ref(p), naming.ref(o), proof_address(s, p, o))
        for s, p, o in ((row["s"], row["p"], row["o"]) for row in rows)
    ]
    return ExplainForm(_unique_labels(things), _unique_labels(properties), tuple(examples))


def _unique_labels(choices: Sequence[ParameterChoice]) -> tuple[str, ...]:
    """Return labels, each once."""
    return tuple(dict.fromkeys(choice.label for choice in choices))
