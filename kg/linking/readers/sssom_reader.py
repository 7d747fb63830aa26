"""SSSOM TSV with sssom-pydantic: each mapping as a triple, and as an owl:Axiom with its justification.

This is the RDF that the SSSOM specification calls "OWL reified axioms": the triple can be queried like any
other, and the axiom says where it is from. A negative mapping (predicate_modifier `Not`) has the axiom only:
its triple would state the opposite.
"""

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
from kg.namespaces import BIOREGISTRY, OWL, RDFS, SSSOM

CurieExpander = Callable[[str], str]


def read_sssom(reading: SourceReading, expand_curie: CurieExpander) -> Iterator[bytes]:
    """Yield an SSSOM file as N-Triples; `expand_curie` returns the IRI of a CURIE, or "". Raises BadData.

    The project's own prefixes come before those of the file's curie_map, so that the same term has one IRI in
    all imports.
    """
    try:
        with reading.open_stream() as stream:
            text = io.TextIOWrapper(stream, "utf-8-sig")
            mappings, converter, metadata, errors = sssom_pydantic.read(text, return_errors=True)
    except (ValidationError, YAMLError, ValueError, KeyError, csv.Error) as error:
        reading.skip_or_raise(
            ReadProblem(1, 1, f"Not SSSOM: {_describe_sssom_error(error)}."), skippable=False
        )
        return
    reading.note_fact("version", metadata.version or "")
    reading.note_fact("licence", str(metadata.license or ""))
    reading.note_fact("title", metadata.title or "")
    for problem in errors:
        reading.skip_or_raise(
            ReadProblem(problem.line_number, 1, f"Not SSSOM: {_describe_sssom_error(problem.exception)}.")
        )
    yield "".join(
        _write_mapping(number, mapping, converter, expand_curie) for number, mapping in enumerate(mappings)
    ).encode()


def _describe_sssom_error(error: Exception) -> str:
    """Return the first field and message of a validation error, or the first line of any other error."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return str(error).splitlines()[0][:200]


def _write_mapping(
    number: int, mapping: SemanticMapping, converter: Converter, expand_curie: CurieExpander
) -> str:
    """Return the lines of one mapping."""

    def expand_reference(reference: Reference) -> str:
        iri = expand_curie(reference.curie) or converter.expand(reference.curie)
        return format_iri(iri or BIOREGISTRY + reference.curie)

    subject, predicate, target = (
        expand_reference(mapping.subject),
        expand_reference(mapping.predicate),
        expand_reference(mapping.object),
    )
    node = f"_:m{number}"
    is_negative = mapping.predicate_modifier == "Not"
    lines = [] if is_negative else [f"{subject} {predicate} {target} ."]
    lines += [
        f"{node} {RDF_TYPE} {OWL['Axiom']} .",
        f"{node} {OWL['annotatedSource']} {subject} .",
        f"{node} {OWL['annotatedProperty']} {predicate} .",
        f"{node} {OWL['annotatedTarget']} {target} .",
        f"{node} {SSSOM['mapping_justification']} {expand_reference(mapping.justification)} .",
    ]
    if is_negative:
        lines.append(f"{node} {SSSOM['predicate_modifier']} {format_literal('Not')} .")
    if mapping.confidence is not None:
        lines.append(f"{node} {SSSOM['confidence']} {format_literal(str(mapping.confidence))} .")
    for term, reference in ((subject, mapping.subject), (target, mapping.object)):
        if name := getattr(reference, "name", None):
            lines.append(f"{term} {RDFS['label']} {format_literal(name)} .")
    return "\n".join(lines) + "\n"
