"""OBO and OBO Graphs as N-Triples, by the mapping of OBO 1.4 to OWL 2 (section 5 of the specification).

Section 5.1: a Term is an owl:Class, a Typedef an owl:ObjectProperty (an owl:AnnotationProperty if it is a
`metadata_tag`). 5.2: `is_a` is rdfs:subClassOf, `relationship` is rdfs:subClassOf of a restriction, the lines
of `intersection_of` together are one owl:equivalentClass of an owl:intersectionOf. 5.4: axioms of properties.
5.6 and 5.8: names, definitions, synonyms and cross-references are annotations. Qualifiers in braces (5.7) and
header macros (4.4) are left out, and so are dates, authors and the individuals of Instance frames (5.5), of
which fastobo gives only the names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import fastobo
from fastobo import header, term, typedef
from fastobo.pv import ResourcePropertyValue

from kg.linking.readers.obo_parsing import OboIdentifiers, format_datatype, parse_frames, read_shorthands
from kg.linking.readers.source_reading import (
    RDF_TYPE,
    XSD_BOOLEAN,
    ReadProblem,
    SourceReading,
    format_iri,
    format_literal,
)
from kg.namespaces import DC, DCTERMS, OBO, OBOINOWL, OWL, RDF, RDFS

OboClause = Any  # fastobo's classes carry no types
ClauseWriter = Callable[[str, OboClause, OboIdentifiers], str]


# `<IRI>` of the terms that the lines below contain; str() of a NamedNode adds the brackets
LABEL, COMMENT = str(RDFS["label"]), str(RDFS["comment"])
SUBCLASS, SUBPROPERTY = str(RDFS["subClassOf"]), str(RDFS["subPropertyOf"])
DEFINITION, REPLACED_BY = str(OBO["IAO_0000115"]), str(OBO["IAO_0100001"])
CLASS, RESTRICTION, DEPRECATED = str(OWL["Class"]), str(OWL["Restriction"]), str(OWL["deprecated"])
ON_PROPERTY, SOME_VALUES_FROM = str(OWL["onProperty"]), str(OWL["someValuesFrom"])
EQUIVALENT_CLASS, INTERSECTION_OF = str(OWL["equivalentClass"]), str(OWL["intersectionOf"])
DISJOINT_WITH, INVERSE_OF = str(OWL["disjointWith"]), str(OWL["inverseOf"])
XREF, ALTERNATIVE_ID = str(OBOINOWL["hasDbXref"]), str(OBOINOWL["hasAlternativeId"])
SUBSET, CONSIDER = str(OBOINOWL["inSubset"]), str(OBOINOWL["consider"])
OBO_NAMESPACE = str(OBOINOWL["hasOBONamespace"])
SYNONYM_OF_SCOPE = {
    scope: str(OBOINOWL[f"has{scope.title()}Synonym"]) for scope in ("EXACT", "BROAD", "NARROW", "RELATED")
}
FIRST, REST, NIL = str(RDF["first"]), str(RDF["rest"]), str(RDF["nil"])
TRUE = f'"true"^^{XSD_BOOLEAN}'
_LICENCE_RELATIONS = frozenset({str(DCTERMS["license"]), str(DC["license"])})
_TITLE_RELATIONS = frozenset({str(DCTERMS["title"]), str(DC["title"])})


def read_obo(reading: SourceReading) -> Iterator[bytes]:
    """Yield an OBO file as blocks of N-Triples; raises BadData with line and column."""
    with reading.open_stream(silent=True) as stream:
        ids = OboIdentifiers(read_shorthands(stream))
    with reading.open_stream() as stream:
        yield from write_documents(reading, parse_frames(reading, stream), ids)


def write_documents(
    reading: SourceReading, docs: Iterator[fastobo.doc.OboDoc], ids: OboIdentifiers
) -> Iterator[bytes]:
    """Yield documents as blocks of N-Triples; the first document has the header."""
    blank_numbers = iter(range(1 << 62))  # one series for the file, so that blank nodes of blocks differ
    write_relationship = _write_edge if reading.options.edges else _make_restriction_writer(blank_numbers)
    for number, doc in enumerate(docs):
        if number == 0:
            yield _write_header(reading, doc.header, ids).encode()
        lines: list[str] = []
        for frame in doc:
            if isinstance(frame, fastobo.instance.InstanceFrame):
                # listed, not an error: the file is valid, and its terms are complete without the instances
                reading.problems.append(
                    ReadProblem(0, 0, f"Instance {frame.id}: fastobo gives its name only.")
                )
            else:
                _write_frame(lines, frame, ids, write_relationship, blank_numbers)
        yield "".join(lines).encode()


def _write_header(reading: SourceReading, frame: header.HeaderFrame, ids: OboIdentifiers) -> str:
    """Note the facts and id spaces of the header, and return the owl:Ontology (section 5.0)."""
    for clause in frame:
        if isinstance(clause, header.IdspaceClause):
            ids.declare_prefix(clause.prefix, str(clause.url))
        elif isinstance(clause, header.OntologyClause):
            ids.set_ontology(clause.ontology)
            reading.note_fact("id", clause.ontology)
        elif isinstance(clause, header.DataVersionClause):
            reading.note_fact("version", clause.version)
        elif isinstance(clause, header.PropertyValueClause):
            _note_header_property(reading, clause.property_value, ids)
    subject = format_iri(f"{OBO}{reading.facts.get('id') or 'unnamed'}.owl")
    version = reading.facts.get("version")
    lines = f"{subject} {RDF_TYPE} {OWL['Ontology']} .\n"
    return lines + (f"{subject} {OWL['versionInfo']} {format_literal(version)} .\n" if version else "")


def _note_header_property(reading: SourceReading, value: OboClause, ids: OboIdentifiers) -> None:
    """Note the title or the licence of a `property_value` in the header."""
    relation = ids(value.relation)
    text = ids(value.value)[1:-1] if isinstance(value, ResourcePropertyValue) else value.value
    if relation in _LICENCE_RELATIONS:
        reading.note_fact("licence", text)
    elif relation in _TITLE_RELATIONS:
        reading.note_fact("title", text)


def _write_frame(
    lines: list[str],
    frame: Any,
    ids: OboIdentifiers,
    write_relationship: ClauseWriter,
    blank_numbers: Iterator[int],
) -> None:
    """Append the triples of one Term or Typedef frame."""
    subject = ids(frame.id)
    is_term = isinstance(frame, fastobo.term.TermFrame)
    lines.append(f"{subject} {RDF_TYPE} {CLASS if is_term else _choose_property_type(frame)} .\n")
    parts: list[str] = []  # the lines of `intersection_of` make one axiom, so they are collected
    for clause in frame:
        kind = type(clause)
        if kind is term.RelationshipClause:
            lines.append(write_relationship(subject, clause, ids))
        elif kind is term.IntersectionOfClause:
            parts.append(_write_intersection_part(lines, clause, ids, blank_numbers))
        elif write := _CLAUSE_WRITERS.get(kind):
            lines.append(write(subject, clause, ids))
    if parts:
        lines.append(_write_intersection(subject, parts, blank_numbers))


def _choose_property_type(frame: typedef.TypedefFrame) -> str:
    """Return the OWL type of a Typedef."""
    is_annotation = any(isinstance(c, typedef.IsMetadataTagClause) and c.metadata_tag for c in frame)
    return str(OWL["AnnotationProperty" if is_annotation else "ObjectProperty"])


def _write_edge(subject: str, clause: OboClause, ids: OboIdentifiers) -> str:
    """Return a relationship as one plain triple (`--edges`)."""
    return f"{subject} {ids(clause.typedef)} {ids(clause.term)} .\n"


def _make_restriction_writer(blank_numbers: Iterator[int]) -> ClauseWriter:
    """Return a writer of relationships as `subClassOf (property some class)`, four triples each."""

    def write_restriction(subject: str, clause: OboClause, ids: OboIdentifiers) -> str:
        node, lines = _write_restriction_node(clause, ids, blank_numbers)
        return f"{subject} {SUBCLASS} {node} .\n{lines}"

    return write_restriction


def _write_restriction_node(
    clause: OboClause, ids: OboIdentifiers, blank_numbers: Iterator[int]
) -> tuple[str, str]:
    """Return a blank node and the triples that make it `property some class` (section 5.3)."""
    node = f"_:r{next(blank_numbers)}"
    return node, (
        f"{node} {RDF_TYPE} {RESTRICTION} .\n"
        f"{node} {ON_PROPERTY} {ids(clause.typedef)} .\n{node} {SOME_VALUES_FROM} {ids(clause.term)} .\n"
    )


def _write_intersection_part(
    lines: list[str], clause: OboClause, ids: OboIdentifiers, blank_numbers: Iterator[int]
) -> str:
    """Return the node of one `intersection_of`: a class, or a restriction, which is appended to `lines`."""
    if clause.typedef is None:
        return ids(clause.term)
    node, restriction = _write_restriction_node(clause, ids, blank_numbers)
    lines.append(restriction)
    return node


def _write_intersection(subject: str, parts: list[str], blank_numbers: Iterator[int]) -> str:
    """Return `subject owl:equivalentClass [ a owl:Class ; owl:intersectionOf ( parts ) ]`."""
    node = f"_:e{next(blank_numbers)}"
    cells = [f"_:l{next(blank_numbers)}" for _ in parts]
    lines = [
        f"{subject} {EQUIVALENT_CLASS} {node} .\n{node} {RDF_TYPE} {CLASS} .\n",
        f"{node} {INTERSECTION_OF} {cells[0]} .\n",
    ]
    for cell, part, rest in zip(cells, parts, [*cells[1:], NIL], strict=True):
        lines.append(f"{cell} {FIRST} {part} .\n{cell} {REST} {rest} .\n")
    return "".join(lines)


def _write_synonym(subject: str, clause: OboClause, ids: OboIdentifiers) -> str:
    """Return a synonym with the property of its scope (section 5.8.1); no scope means RELATED."""
    synonym = clause.synonym
    return f"{subject} {SYNONYM_OF_SCOPE[synonym.scope or 'RELATED']} {format_literal(synonym.desc)} .\n"


def _write_property_value(subject: str, clause: OboClause, ids: OboIdentifiers) -> str:
    """Return a `property_value` line, whose value is a term or a literal."""
    value = clause.property_value
    if isinstance(value, ResourcePropertyValue):
        target = ids(value.value)
    else:
        target = format_literal(value.value, format_datatype(ids, value.datatype))
    return f"{subject} {ids(value.relation)} {target} .\n"


def _write_replacement(subject: str, clause: OboClause, ids: OboIdentifiers) -> str:
    """Return `replaced_by`; fastobo names its target `term` in a Term, `typedef` in a Typedef."""
    target = clause.term if isinstance(clause, term.ReplacedByClause) else clause.typedef
    return f"{subject} {REPLACED_BY} {ids(target)} .\n"


def _write_deprecation(subject: str, clause: OboClause, ids: OboIdentifiers) -> str:
    """Return `owl:deprecated true` for `is_obsolete: true`, nothing for false."""
    return f"{subject} {DEPRECATED} {TRUE} .\n" if clause.obsolete else ""


#: class of a clause -> its writer; clauses of other classes (dates, authors) are left out
_CLAUSE_WRITERS: dict[type, ClauseWriter] = {
    term.IsAClause: lambda s, c, ids: f"{s} {SUBCLASS} {ids(c.term)} .\n",
    typedef.IsAClause: lambda s, c, ids: f"{s} {SUBPROPERTY} {ids(c.typedef)} .\n",
    term.EquivalentToClause: lambda s, c, ids: f"{s} {EQUIVALENT_CLASS} {ids(c.term)} .\n",
    term.DisjointFromClause: lambda s, c, ids: f"{s} {DISJOINT_WITH} {ids(c.term)} .\n",
    term.ConsiderClause: lambda s, c, ids: f"{s} {CONSIDER} {ids(c.term)} .\n",
    typedef.InverseOfClause: lambda s, c, ids: f"{s} {INVERSE_OF} {ids(c.typedef)} .\n",
} | {
    kind: write
    for name, write in {
        "NameClause": lambda s, c, ids: f"{s} {LABEL} {format_literal(c.name)} .\n",
        "DefClause": lambda s, c, ids: f"{s} {DEFINITION} {format_literal(str(c.definition))} .\n",
        "CommentClause": lambda s, c, ids: f"{s} {COMMENT} {format_literal(c.raw_value())} .\n",
        "SynonymClause": _write_synonym,
        "XrefClause": lambda s, c, ids: f"{s} {XREF} {format_literal(ids.format_curie(c.xref.id))} .\n",
        "AltIdClause": lambda s, c, ids: (
            f"{s} {ALTERNATIVE_ID} {format_literal(ids.format_curie(c.alt_id))} .\n"
        ),
        "SubsetClause": lambda s, c, ids: f"{s} {SUBSET} {ids(c.subset)} .\n",
        "NamespaceClause": lambda s, c, ids: f"{s} {OBO_NAMESPACE} {format_literal(str(c.namespace))} .\n",
        "PropertyValueClause": _write_property_value,
        "IsObsoleteClause": _write_deprecation,
        "ReplacedByClause": _write_replacement,
    }.items()
    for kind in (getattr(term, name), getattr(typedef, name))
}


def read_obo_graphs(reading: SourceReading) -> Iterator[bytes]:
    """Yield the first graph of an OBO Graphs JSON file as blocks of N-Triples; raises BadData.

    fastobo turns the graph into an OBO document and holds all of it in memory: about 10 bytes for each of
    text.
    """
    try:
        with reading.open_stream() as stream:
            document = fastobo.load_graph(stream)
    except (ValueError, SyntaxError) as error:
        line, column = getattr(error, "lineno", 0) or 0, getattr(error, "offset", 0) or 0
        reading.skip_or_raise(
            ReadProblem(line, column, f"Not an OBO graph: {str(error)[:200]}."), skippable=False
        )
        return
    yield from write_documents(reading, iter([document]), OboIdentifiers({}))
