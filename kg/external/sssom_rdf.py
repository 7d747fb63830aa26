"""Read SSSOM TSV with sssom-pydantic: the mapping, and an owl:Axiom with its justification."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator

import sssom_pydantic
from curies import Converter, Reference
from pydantic import ValidationError
from sssom_pydantic import SemanticMapping
from yaml import YAMLError

from kg.external.lines import TYPE, iri, literal
from kg.external.reading import Problem, Reading
from kg.namespaces import OWL, RDFS, SSSOM

Expand = Callable[[str], str]


def triples(reading: Reading, expand: Expand) -> Iterator[bytes]:
    """Yield an SSSOM file as N-Triples; `expand` gives a CURIE's IRI, or "" when it knows none."""
    try:
        with reading.open() as stream:
            text = io.TextIOWrapper(stream, "utf-8-sig")
            mappings, converter, about, errors = sssom_pydantic.read(text, return_errors=True)
    except (ValidationError, YAMLError, ValueError, KeyError, csv.Error) as error:
        reading.skip(Problem(1, 1, f"Not SSSOM: {_sentence(error)}."), mendable=False)
        return
    reading.note("version", about.version or "")
    reading.note("licence", str(about.license or ""))
    reading.note("title", about.title or "")
    for problem in errors:
        reading.skip(Problem(problem.line_number, 1, f"Not SSSOM: {_sentence(problem.exception)}."))
    yield "".join(
        _mapping(number, mapping, converter, expand) for number, mapping in enumerate(mappings)
    ).encode()


def _sentence(error: Exception) -> str:
    """Return a validation error's first finding: the field and what is wrong with it."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return str(error).splitlines()[0][:200]


def _mapping(number: int, mapping: SemanticMapping, converter: Converter, expand: Expand) -> str:
    """Return one mapping's triples (SSSOM, "OWL reified axioms")."""

    def full(reference: Reference) -> str:
        found = expand(reference.curie) or converter.expand(reference.curie)
        return iri(found or f"https://bioregistry.io/{reference.curie}")

    subject, predicate, target = full(mapping.subject), full(mapping.predicate), full(mapping.object)
    node = f"_:m{number}"
    negative = mapping.predicate_modifier == "Not"
    lines = [] if negative else [f"{subject} {predicate} {target} ."]
    lines += [
        f"{node} {TYPE} <{OWL['Axiom'].value}> .",
        f"{node} <{OWL['annotatedSource'].value}> {subject} .",
        f"{node} <{OWL['annotatedProperty'].value}> {predicate} .",
        f"{node} <{OWL['annotatedTarget'].value}> {target} .",
        f"{node} <{SSSOM['mapping_justification'].value}> {full(mapping.justification)} .",
    ]
    if negative:
        lines.append(f"{node} <{SSSOM['predicate_modifier'].value}> {literal('Not')} .")
    if mapping.confidence is not None:
        lines.append(f"{node} <{SSSOM['confidence'].value}> {literal(str(mapping.confidence))} .")
    for term, named in ((subject, mapping.subject), (target, mapping.object)):
        if name := getattr(named, "name", None):
            lines.append(f"{term} <{RDFS['label'].value}> {literal(name)} .")
    return "\n".join(lines) + "\n"
