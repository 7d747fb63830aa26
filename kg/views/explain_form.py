"""The form that asks why a statement holds: what may be named in it, and examples out of the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kg.pipeline.answers import Choice
from kg.views.edges import why
from kg.views.reading import Reader, terms_of
from kg.views.terms import Ref


@dataclass(frozen=True, slots=True)
class Example:
    """A derived statement, and where its proof stands."""

    subject: Ref
    predicate: Ref
    object: Ref
    href: str


@dataclass(frozen=True, slots=True)
class ExplainForm:
    """The names that fields of the form suggest, and worked examples."""

    things: tuple[str, ...]
    properties: tuple[str, ...]
    examples: tuple[Example, ...]


def explain_form(reader: Reader, things: Sequence[Choice], properties: Sequence[Choice]) -> ExplainForm:
    """Return the form."""
    rows = reader.rows("edges-explained")
    naming = reader.naming(terms_of(rows))
    examples = [
        Example(naming.ref(s), naming.ref(p), naming.ref(o), why(s, p, o))
        for s, p, o in ((row["s"], row["p"], row["o"]) for row in rows)
    ]
    return ExplainForm(_names(things), _names(properties), tuple(examples))


def _names(choices: Sequence[Choice]) -> tuple[str, ...]:
    """Return labels, each once."""
    return tuple(dict.fromkeys(choice.label for choice in choices))
