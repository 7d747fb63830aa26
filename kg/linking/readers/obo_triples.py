"""Write OBO frames as N-Triples in the one shape every import has (docs/imports.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import fastobo
from fastobo import header, term, typedef
from fastobo.pv import ResourcePropertyValue

from kg.linking.readers.ntriples_lines import RDF_TYPE, XSD_BOOLEAN, format_iri, format_literal
from kg.linking.readers.obo_frames import parse_frames
from kg.linking.readers.obo_identifiers import OboIdentifiers, format_datatype, read_shorthands
from kg.linking.readers.source_reading import ReadProblem, SourceReading
from kg.namespaces import DCTERMS, OBO, OBOINOWL, OWL, RDF, RDFS

OboClause = Any  # fastobo's classes carry no types
ClauseWriter = Callable[[str, OboClause, OboIdentifiers], str]


def _bracket_iri(term_: Any) -> str:
    """Return `<IRI>` of a namespace's term."""
    return f"<{term_.value}>"


LABEL, COMMENT, SUBCLASS = (
    _bracket_iri(RDFS["label"]),
    _bracket_iri(RDFS["comment"]),
    _bracket_iri(RDFS["subClassOf"]),
)
SUBPROPERTY = _bracket_iri(RDFS["subPropertyOf"])
DEFINITION, REPLACED_BY = _bracket_iri(OBO["IAO_0000115"]), _bracket_iri(OBO["IAO_0100001"])
DEPRECATED, CLASS, RESTRICTION = (
    _bracket_iri(OWL["deprecated"]),
    _bracket_iri(OWL["Class"]),
    _bracket_iri(OWL["Restriction"]),
)
ON_PROPERTY, SOME_VALUES_FROM = _bracket_iri(OWL["onProperty"]), _bracket_iri(OWL["someValuesFrom"])
XREF, ALTERNATIVE_ID = _bracket_iri(OBOINOWL["hasDbXref"]), _bracket_iri(OBOINOWL["hasAlternativeId"])
SUBSET, CONSIDER, OBO_NAMESPACE = (
    _bracket_iri(OBOINOWL["inSubset"]),
    _bracket_iri(OBOINOWL["consider"]),
    _bracket_iri(OBOINOWL["hasOBONamespace"]),
)
SYNONYM_OF_SCOPE = {
    scope: _bracket_iri(OBOINOWL[f"has{scope.title()}Synonym"])
    for scope in ("EXACT", "BROAD", "NARROW", "RELATED")
}
TRUE = f'"true"^^{XSD_BOOLEAN}'


def read_obo(reading: SourceReading) -> Iterator[bytes]:
    """Yield an OBO file as blocks of N-Triples."""
    with reading.open_stream(silent=True) as stream:
        ids = OboIdentifiers(read_shorthands(stream))
    with reading.open_stream() as stream:
        yield from write_documents(reading, parse_frames(reading, stream), ids)


def write_documents(
    reading: SourceReading, docs: Iterator[fastobo.doc.OboDoc], ids: OboIdentifiers
) -> Iterator[bytes]:
    """Yield documents as blocks of N-Triples; the first one holds the header."""
    blank = iter(range(1 << 62))
    relate = _write_edge if reading.options.edges else _make_restriction_writer(blank)
    for number, doc in enumerate(docs):
        if number == 0:
            yield _write_header(reading, doc.header, ids).encode()
        lines: list[str] = []
        for frame in doc:
            if isinstance(frame, fastobo.instance.InstanceFrame):
                reading.problems.append(
                    ReadProblem(0, 0, f"Instance {frame.id}: fastobo gives its name only.")
                )
            else:
                _write_frame(lines, frame, ids, relate, blank)
        yield "".join(lines).encode()


def _write_header(reading: SourceReading, head: header.HeaderFrame, ids: OboIdentifiers) -> str:
    """Note what the header says about the file, and return it as triples."""
    for clause in head:
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
    lines = f"{subject} {RDF_TYPE} {_bracket_iri(OWL['Ontology'])} .\n"
    return lines + (
        f"{subject} {_bracket_iri(OWL['versionInfo'])} {format_literal(version)} .\n" if version else ""
    )


def _note_header_property(reading: SourceReading, value: OboClause, ids: OboIdentifiers) -> None:
    """Note title and licence from a header's property value."""
    relation = ids(value.relation)
    text = ids(value.value)[1:-1] if isinstance(value, ResourcePropertyValue) else value.value
    if relation in (_bracket_iri(DCTERMS["license"]), "<http://purl.org/dc/elements/1.1/license>"):
        reading.note_fact("licence", text)
    elif relation in (_bracket_iri(DCTERMS["title"]), "<http://purl.org/dc/elements/1.1/title>"):
        reading.note_fact("title", text)


def _write_frame(
    lines: list[str],
    frame: Any,
    ids: OboIdentifiers,
    write_relationship: ClauseWriter,
    blank_numbers: Iterator[int],
) -> None:
    """Append one Term or Typedef frame's triples."""
    subject = ids(frame.id)
    is_term = isinstance(frame, fastobo.term.TermFrame)
    lines.append(f"{subject} {RDF_TYPE} {CLASS if is_term else _choose_property_type(frame)} .\n")
    parts: list[str] = []
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
    annotation = any(isinstance(c, typedef.IsMetadataTagClause) and c.metadata_tag for c in frame)
    return _bracket_iri(OWL["AnnotationProperty" if annotation else "ObjectProperty"])


def _write_edge(subject: str, clause: OboClause, ids: OboIdentifiers) -> str:
    """Return a relationship as one plain triple (`--edges`)."""
    return f"{subject} {ids(clause.typedef)} {ids(clause.term)} .\n"


def _make_restriction_writer(blank_numbers: Iterator[int]) -> ClauseWriter:
    """Return a writer of relationships as `subClassOf (property some class)`, four triples each."""

    def write_restriction(subject: str, clause: OboClause, ids: OboIdentifiers) -> str:
        node = f"_:r{next(blank_numbers)}"
        return (
            f"{subject} {SUBCLASS} {node} .\n{node} {RDF_TYPE} {RESTRICTION} .\n"
            f"{node} {ON_PROPERTY} {ids(clause.typedef)} .\n{node} {SOME_VALUES_FROM} {ids(clause.term)} .\n"
        )

    return write_restriction


def _write_intersection_part(
    lines: list[str], clause: OboClause, ids: OboIdentifiers, blank_numbers: Iterator[int]
) -> str:
    """Return the node of one `intersection_of` line, its restriction appended to `lines`."""
    if clause.typedef is None:
        return ids(clause.term)
    node = f"_:r{next(blank_numbers)}"
    lines.append(
        f"{node} {RDF_TYPE} {RESTRICTION} .\n"
        f"{node} {ON_PROPERTY} {ids(clause.typedef)} .\n{node} {SOME_VALUES_FROM} {ids(clause.term)} .\n"
    )
    return node


def _write_intersection(subject: str, parts: list[str], blank_numbers: Iterator[int]) -> str:
    """Return `subject owl:equivalentClass [ owl:intersectionOf ( parts ) ]`."""
    node = f"_:e{next(blank_numbers)}"
    cells = [f"_:l{next(blank_numbers)}" for _ in parts]
    lines = [
        f"{subject} {_bracket_iri(OWL['equivalentClass'])} {node} .\n{node} {RDF_TYPE} {CLASS} .\n",
        f"{node} {_bracket_iri(OWL['intersectionOf'])} {cells[0]} .\n",
    ]
    for cell, part, after in zip(cells, parts, [*cells[1:], _bracket_iri(RDF["nil"])], strict=True):
        lines.append(
            f"{cell} {_bracket_iri(RDF['first'])} {part} .\n{cell} {_bracket_iri(RDF['rest'])} {after} .\n"
        )
    return "".join(lines)


def _write_synonym(subject: str, clause: OboClause, ids: OboIdentifiers) -> str:
    """Return a synonym under its scope; no scope means RELATED (OBO 1.4 section 3.2)."""
    synonym = clause.synonym
    return f"{subject} {SYNONYM_OF_SCOPE[synonym.scope or 'RELATED']} {format_literal(synonym.desc)} .\n"


def _write_property_value(subject: str, clause: OboClause, ids: OboIdentifiers) -> str:
    """Return a `property_value` line."""
    value = clause.property_value
    if isinstance(value, ResourcePropertyValue):
        return f"{subject} {ids(value.relation)} {ids(value.value)} .\n"
    return f"{subject} {ids(value.relation)} {format_literal(value.value, format_datatype(ids, value.datatype))} .\n"


def _write_replacement(subject: str, clause: OboClause, ids: OboIdentifiers) -> str:
    """Return `replaced_by`, whose target is named `term` or `typedef` by fastobo."""
    target = clause.term if isinstance(clause, term.ReplacedByClause) else clause.typedef
    return f"{subject} {REPLACED_BY} {ids(target)} .\n"


def _write_deprecation(subject: str, clause: OboClause, ids: OboIdentifiers) -> str:
    """Return `owl:deprecated true` for `is_obsolete: true`, nothing for false."""
    return f"{subject} {DEPRECATED} {TRUE} .\n" if clause.obsolete else ""


#: clause class -> writer; what is not here (dates, authors, qualifiers) is not kept.
_CLAUSE_WRITERS: dict[type, ClauseWriter] = {
    term.IsAClause: lambda s, c, ids: f"{s} {SUBCLASS} {ids(c.term)} .\n",
    typedef.IsAClause: lambda s, c, ids: f"{s} {SUBPROPERTY} {ids(c.typedef)} .\n",
    term.EquivalentToClause: lambda s, c, ids: (
        f"{s} {_bracket_iri(OWL['equivalentClass'])} {ids(c.term)} .\n"
    ),
    term.DisjointFromClause: lambda s, c, ids: f"{s} {_bracket_iri(OWL['disjointWith'])} {ids(c.term)} .\n",
    term.ConsiderClause: lambda s, c, ids: f"{s} {CONSIDER} {ids(c.term)} .\n",
    typedef.InverseOfClause: lambda s, c, ids: f"{s} {_bracket_iri(OWL['inverseOf'])} {ids(c.typedef)} .\n",
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


#: MERGED kg.external.obographs
#: MERGED Read OBO Graphs JSON with fastobo, and write it like OBO.
#: MERGED
#: MERGED fastobo holds the whole document in memory (about ten bytes a byte of text).


def read_obo_graphs(reading: SourceReading) -> Iterator[bytes]:
    """Yield the first graph of an OBO Graphs file as blocks of N-Triples; raises BadData."""
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
