"""Write OBO frames as N-Triples in the one shape every import has (docs/imports.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import fastobo
from fastobo import header, term, typedef
from fastobo.pv import ResourcePropertyValue

from kg.external.lines import BOOLEAN, TYPE, iri, literal
from kg.external.obo import documents
from kg.external.obo_ids import Ids, datatype, shorthands
from kg.external.reading import Problem, Reading
from kg.namespaces import DCTERMS, OBO, OBOINOWL, OWL, RDF, RDFS

Clause = Any  # fastobo's classes carry no types
Writer = Callable[[str, Clause, Ids], str]


def _n(term_: Any) -> str:
    """Return `<IRI>` of a namespace's term."""
    return f"<{term_.value}>"


LABEL, COMMENT, SUBCLASS = _n(RDFS["label"]), _n(RDFS["comment"]), _n(RDFS["subClassOf"])
SUBPROPERTY = _n(RDFS["subPropertyOf"])
DEFINITION, REPLACED = _n(OBO["IAO_0000115"]), _n(OBO["IAO_0100001"])
DEPRECATED, CLASS, RESTRICTION = _n(OWL["deprecated"]), _n(OWL["Class"]), _n(OWL["Restriction"])
ON, SOME = _n(OWL["onProperty"]), _n(OWL["someValuesFrom"])
XREF, ALTERNATIVE = _n(OBOINOWL["hasDbXref"]), _n(OBOINOWL["hasAlternativeId"])
SUBSET, CONSIDER, SPACE = _n(OBOINOWL["inSubset"]), _n(OBOINOWL["consider"]), _n(OBOINOWL["hasOBONamespace"])
SYNONYM = {
    scope: _n(OBOINOWL[f"has{scope.title()}Synonym"]) for scope in ("EXACT", "BROAD", "NARROW", "RELATED")
}
TRUE = f'"true"^^{BOOLEAN}'


def triples(reading: Reading) -> Iterator[bytes]:
    """Yield an OBO file as blocks of N-Triples."""
    with reading.open(silent=True) as stream:
        ids = Ids(shorthands(stream))
    with reading.open() as stream:
        yield from written(reading, documents(reading, stream), ids)


def written(reading: Reading, docs: Iterator[fastobo.doc.OboDoc], ids: Ids) -> Iterator[bytes]:
    """Yield documents as blocks of N-Triples; the first one holds the header."""
    blank = iter(range(1 << 62))
    relate = _edge if reading.options.edges else _restriction(blank)
    for number, doc in enumerate(docs):
        if number == 0:
            yield _header(reading, doc.header, ids).encode()
        lines: list[str] = []
        for frame in doc:
            if isinstance(frame, fastobo.instance.InstanceFrame):
                reading.problems.append(Problem(0, 0, f"Instance {frame.id}: fastobo gives its name only."))
            else:
                _frame(lines, frame, ids, relate, blank)
        yield "".join(lines).encode()


def _header(reading: Reading, head: header.HeaderFrame, ids: Ids) -> str:
    """Note what the header says about the file, and return it as triples."""
    for clause in head:
        if isinstance(clause, header.IdspaceClause):
            ids.declare(clause.prefix, str(clause.url))
        elif isinstance(clause, header.OntologyClause):
            ids.name_ontology(clause.ontology)
            reading.note("id", clause.ontology)
        elif isinstance(clause, header.DataVersionClause):
            reading.note("version", clause.version)
        elif isinstance(clause, header.PropertyValueClause):
            _about(reading, clause.property_value, ids)
    subject = iri(f"{OBO}{reading.about.get('id') or 'unnamed'}.owl")
    version = reading.about.get("version")
    lines = f"{subject} {TYPE} {_n(OWL['Ontology'])} .\n"
    return lines + (f"{subject} {_n(OWL['versionInfo'])} {literal(version)} .\n" if version else "")


def _about(reading: Reading, value: Clause, ids: Ids) -> None:
    """Note title and licence from a header's property value."""
    relation = ids(value.relation)
    text = ids(value.value)[1:-1] if isinstance(value, ResourcePropertyValue) else value.value
    if relation in (_n(DCTERMS["license"]), "<http://purl.org/dc/elements/1.1/license>"):
        reading.note("licence", text)
    elif relation in (_n(DCTERMS["title"]), "<http://purl.org/dc/elements/1.1/title>"):
        reading.note("title", text)


def _frame(lines: list[str], frame: Any, ids: Ids, relate: Writer, blank: Iterator[int]) -> None:
    """Append one Term or Typedef frame's triples."""
    subject = ids(frame.id)
    is_term = isinstance(frame, fastobo.term.TermFrame)
    lines.append(f"{subject} {TYPE} {CLASS if is_term else _property(frame)} .\n")
    parts: list[str] = []
    for clause in frame:
        kind = type(clause)
        if kind is term.RelationshipClause:
            lines.append(relate(subject, clause, ids))
        elif kind is term.IntersectionOfClause:
            parts.append(_part(lines, clause, ids, blank))
        elif write := _WRITERS.get(kind):
            lines.append(write(subject, clause, ids))
    if parts:
        lines.append(_intersection(subject, parts, blank))


def _property(frame: typedef.TypedefFrame) -> str:
    """Return the OWL type of a Typedef."""
    annotation = any(isinstance(c, typedef.IsMetadataTagClause) and c.metadata_tag for c in frame)
    return _n(OWL["AnnotationProperty" if annotation else "ObjectProperty"])


def _edge(subject: str, clause: Clause, ids: Ids) -> str:
    """Return a relationship as one plain triple (`--edges`)."""
    return f"{subject} {ids(clause.typedef)} {ids(clause.term)} .\n"


def _restriction(blank: Iterator[int]) -> Writer:
    """Return a writer of relationships as `subClassOf (property some class)`, four triples each."""

    def write(subject: str, clause: Clause, ids: Ids) -> str:
        node = f"_:r{next(blank)}"
        return (
            f"{subject} {SUBCLASS} {node} .\n{node} {TYPE} {RESTRICTION} .\n"
            f"{node} {ON} {ids(clause.typedef)} .\n{node} {SOME} {ids(clause.term)} .\n"
        )

    return write


def _part(lines: list[str], clause: Clause, ids: Ids, blank: Iterator[int]) -> str:
    """Return the node of one `intersection_of` line, its restriction appended to `lines`."""
    if clause.typedef is None:
        return ids(clause.term)
    node = f"_:r{next(blank)}"
    lines.append(
        f"{node} {TYPE} {RESTRICTION} .\n"
        f"{node} {ON} {ids(clause.typedef)} .\n{node} {SOME} {ids(clause.term)} .\n"
    )
    return node


def _intersection(subject: str, parts: list[str], blank: Iterator[int]) -> str:
    """Return `subject owl:equivalentClass [ owl:intersectionOf ( parts ) ]`."""
    node = f"_:e{next(blank)}"
    cells = [f"_:l{next(blank)}" for _ in parts]
    lines = [
        f"{subject} {_n(OWL['equivalentClass'])} {node} .\n{node} {TYPE} {CLASS} .\n",
        f"{node} {_n(OWL['intersectionOf'])} {cells[0]} .\n",
    ]
    for cell, part, after in zip(cells, parts, [*cells[1:], _n(RDF["nil"])], strict=True):
        lines.append(f"{cell} {_n(RDF['first'])} {part} .\n{cell} {_n(RDF['rest'])} {after} .\n")
    return "".join(lines)


def _synonym(subject: str, clause: Clause, ids: Ids) -> str:
    """Return a synonym under its scope; no scope means RELATED (OBO 1.4 section 3.2)."""
    synonym = clause.synonym
    return f"{subject} {SYNONYM[synonym.scope or 'RELATED']} {literal(synonym.desc)} .\n"


def _value(subject: str, clause: Clause, ids: Ids) -> str:
    """Return a `property_value` line."""
    value = clause.property_value
    if isinstance(value, ResourcePropertyValue):
        return f"{subject} {ids(value.relation)} {ids(value.value)} .\n"
    return f"{subject} {ids(value.relation)} {literal(value.value, datatype(ids, value.datatype))} .\n"


def _replacement(subject: str, clause: Clause, ids: Ids) -> str:
    """Return `replaced_by`, whose target is named `term` or `typedef` by fastobo."""
    target = clause.term if isinstance(clause, term.ReplacedByClause) else clause.typedef
    return f"{subject} {REPLACED} {ids(target)} .\n"


def _flag(subject: str, clause: Clause, ids: Ids) -> str:
    """Return `owl:deprecated true` for `is_obsolete: true`, nothing for false."""
    return f"{subject} {DEPRECATED} {TRUE} .\n" if clause.obsolete else ""


#: clause class -> writer; what is not here (dates, authors, qualifiers) is not kept.
_WRITERS: dict[type, Writer] = {
    term.IsAClause: lambda s, c, ids: f"{s} {SUBCLASS} {ids(c.term)} .\n",
    typedef.IsAClause: lambda s, c, ids: f"{s} {SUBPROPERTY} {ids(c.typedef)} .\n",
    term.EquivalentToClause: lambda s, c, ids: f"{s} {_n(OWL['equivalentClass'])} {ids(c.term)} .\n",
    term.DisjointFromClause: lambda s, c, ids: f"{s} {_n(OWL['disjointWith'])} {ids(c.term)} .\n",
    term.ConsiderClause: lambda s, c, ids: f"{s} {CONSIDER} {ids(c.term)} .\n",
    typedef.InverseOfClause: lambda s, c, ids: f"{s} {_n(OWL['inverseOf'])} {ids(c.typedef)} .\n",
} | {
    kind: write
    for name, write in {
        "NameClause": lambda s, c, ids: f"{s} {LABEL} {literal(c.name)} .\n",
        "DefClause": lambda s, c, ids: f"{s} {DEFINITION} {literal(str(c.definition))} .\n",
        "CommentClause": lambda s, c, ids: f"{s} {COMMENT} {literal(c.raw_value())} .\n",
        "SynonymClause": _synonym,
        "XrefClause": lambda s, c, ids: f"{s} {XREF} {literal(ids.curie(c.xref.id))} .\n",
        "AltIdClause": lambda s, c, ids: f"{s} {ALTERNATIVE} {literal(ids.curie(c.alt_id))} .\n",
        "SubsetClause": lambda s, c, ids: f"{s} {SUBSET} {ids(c.subset)} .\n",
        "NamespaceClause": lambda s, c, ids: f"{s} {SPACE} {literal(str(c.namespace))} .\n",
        "PropertyValueClause": _value,
        "IsObsoleteClause": _flag,
        "ReplacedByClause": _replacement,
    }.items()
    for kind in (getattr(term, name), getattr(typedef, name))
}
