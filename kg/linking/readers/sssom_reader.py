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

from kg.linking.readers.ntriples_lines import RDF_TYPE, format_iri, format_literal
from kg.linking.readers.source_reading import ReadProblem, SourceReading
from kg.namespaces import OWL, RDFS, SSSOM

CurieExpander = Callable[[str], str]


def read_sssom(reading: SourceReading, expand_curie: CurieExpander) -> Iterator[bytes]:
    """Yield an SSSOM file as N-Triples; `expand` gives a CURIE's IRI, or "" when it knows none."""
    try:
        with reading.open_stream() as stream:
            text = io.TextIOWrapper(stream, "utf-8-sig")
            mappings, converter, about, errors = sssom_pydantic.read(text, return_errors=True)
    except (ValidationError, YAMLError, ValueError, KeyError, csv.Error) as error:
        reading.skip_or_raise(
            ReadProblem(1, 1, f"Not SSSOM: {_describe_sssom_error(error)}."), skippable=False
        )
        return
    reading.note_fact("version", about.version or "")
    reading.note_fact("licence", str(about.license or ""))
    reading.note_fact("title", about.title or "")
    for problem in errors:
        reading.skip_or_raise(
            ReadProblem(problem.line_number, 1, f"Not SSSOM: {_describe_sssom_error(problem.exception)}.")
        )
    yield "".join(
        _write_mapping(number, mapping, converter, expand_curie) for number, mapping in enumerate(mappings)
    ).encode()


def _describe_sssom_error(error: Exception) -> str:
    """Return a validation error's first finding: the field and what is wrong with it."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return str(error).splitlines()[0][:200]


def _write_mapping(
    number: int, mapping: SemanticMapping, converter: Converter, expand_curie: CurieExpander
) -> str:
    """Return one mapping's triples (SSSOM, "OWL reified axioms")."""

    def expand_reference(reference: Reference) -> str:
        found = expand_curie(reference.curie) or converter.expand(reference.curie)
        return format_iri(found or f"https://bioregistry.io/{reference.curie}")

    subject, predicate, target = (
        expand_reference(mapping.subject),
        expand_reference(mapping.predicate),
        expand_reference(mapping.object),
    )
    node = f"_:m{number}"
    negative = mapping.predicate_modifier == "Not"
    lines = [] if negative else [f"{subject} {predicate} {target} ."]
    lines += [
        f"{node} {RDF_TYPE} <{OWL['Axiom'].value}> .",
        f"{node} <{OWL['annotatedSource'].value}> {subject} .",
        f"{node} <{OWL['annotatedProperty'].value}> {predicate} .",
        f"{node} <{OWL['annotatedTarget'].value}> {target} .",
        f"{node} <{SSSOM['mapping_justification'].value}> {expand_reference(mapping.justification)} .",
    ]
    if negative:
        lines.append(f"{node} <{SSSOM['predicate_modifier'].value}> {format_literal('Not')} .")
    if mapping.confidence is not None:
        lines.append(f"{node} <{SSSOM['confidence'].value}> {format_literal(str(mapping.confidence))} .")
    for term, named in ((subject, mapping.subject), (target, mapping.object)):
        if name := getattr(named, "name", None):
            lines.append(f"{term} <{RDFS['label'].value}> {format_literal(name)} .")
    return "\n".join(lines) + "\n"
