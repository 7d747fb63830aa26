"""Accepted mappings as RDF for `graph/mappings`: the SKOS triple, and a node with author, date and proof.

Never `owl:sameAs`, and no reasoner reads that graph: outside hierarchies must not add claims to the text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Dictionary
from types import MappingProxyType

from pyoxigraph import Literal, NamedNode, Triple

from kg.errors import BadData
from kg.model.identifiers import PrefixTable
from kg.model.mapping_sets import MappingRow
from kg.namespaces import (
    BASE,
    BIOREGISTRY_PREFIX,
    DCTERMS,
    KG,
    OWL,
    PREFIXES,
    RDF,
    RDFS,
    SH,
    SKOS,
    SSSOM,
    XSD,
    expand_curie,
)

#: prefixes that mapping files use for vocabularies and for the files that prove a row
_SOURCE_NAMESPACES = MappingProxyType({"bioregistry": str(BIOREGISTRY_PREFIX), "proof": BASE + "proof/"})


def mappings_to_triples(rows: Iterable[MappingRow], prefixes: PrefixTable) -> Iterator[Triple]:
    """Yield the triples of accepted `rows`; raises BadData or NotFound for an invalid identifier."""
    for row in rows:
        yield from _row_to_triples(row, prefixes)


def vocabularies_to_triples(prefixes: PrefixTable) -> Iterator[Triple]:
    """Yield the names of each vocabulary's prefix, so that a query can read a code in any spelling."""
    for vocabulary in prefixes.vocabularies.values():
        node = BIOREGISTRY_PREFIX[vocabulary.prefix.lower()]
        yield Triple(node, RDF["type"], SH["PrefixDeclaration"])
        yield Triple(node, RDFS["label"], Literal(vocabulary.name))
        yield Triple(node, SH["prefix"], Literal(vocabulary.prefix))
        yield Triple(node, SH["namespace"], Literal(vocabulary.iri_prefix, datatype=XSD["anyURI"]))
        for name in sorted(prefixes.fold_prefix_names(vocabulary)):
            yield Triple(node, SKOS["hiddenLabel"], Literal(name))


def unmapped_to_triples(reasons: Dictionary[str, str]) -> Iterator[Triple]:
    """Yield why entities have no counterpart outside; `reasons` is CURIE -> reason."""
    for entity, reason in reasons.items():
        yield Triple(expand_project_curie(entity), KG["noMappingBecause"], Literal(reason, language="en"))


def mint_mapping_iri(row: MappingRow) -> NamedNode:
    """Return the IRI of a mapping, a hash of its CURIEs, so that a row has the same IRI in every build."""
    digest = hashlib.sha256("\t".join((row.subject_id, row.predicate_id, row.object_id)).encode()).hexdigest()
    return NamedNode(f"{BASE}mapping/{digest[:16]}")


def expand_project_curie(curie: str) -> NamedNode:
    """Return the IRI of a CURIE with a prefix of the project (`int:Name`, `skos:exactMatch`).

    Raises BadData for any other prefix.
    """
    if curie.partition(":")[0] not in PREFIXES:
        raise BadData(f"{curie!r} has no prefix of the project.", hint=f"Use one of {', '.join(PREFIXES)}.")
    return NamedNode(expand_curie(curie))


def make_curie_map(rows: Iterable[MappingRow], prefixes: PrefixTable) -> tuple[tuple[str, str], ...]:
    """Return the (prefix, IRI) pairs for the header of a file of `rows`."""
    used = {curie.split(":")[0] for row in rows for curie in (row.subject_id, row.object_id)}
    known = dict(PREFIXES) | {v.prefix: v.iri_prefix for v in prefixes.vocabularies.values()}
    in_every_file = dict(_SOURCE_NAMESPACES) | {prefix: PREFIXES[prefix] for prefix in ("skos", "semapv")}
    return tuple(sorted(in_every_file.items() | {(prefix, known[prefix]) for prefix in used}))


def _row_to_triples(row: MappingRow, prefixes: PrefixTable) -> Iterator[Triple]:
    """Yield the triples of one row."""
    curie = prefixes.parse_identifier(row.object_id)
    subject, predicate = expand_project_curie(row.subject_id), expand_project_curie(row.predicate_id)
    target, node = NamedNode(prefixes.expand_curie(curie)), mint_mapping_iri(row)
    yield Triple(subject, predicate, target)
    yield Triple(target, SKOS["notation"], Literal(str(curie)))
    yield Triple(target, RDFS["seeAlso"], NamedNode(prefixes.get_page_address(curie)))
    if row.object_label:
        yield Triple(target, RDFS["label"], Literal(row.object_label))
    yield Triple(node, RDF["type"], SSSOM["Mapping"])
    yield Triple(node, OWL["annotatedSource"], subject)
    yield Triple(node, OWL["annotatedProperty"], predicate)
    yield Triple(node, OWL["annotatedTarget"], target)
    yield Triple(node, SSSOM["mapping_justification"], expand_project_curie(row.mapping_justification))
    yield from _provenance_to_triples(node, row)


def _provenance_to_triples(node: NamedNode, row: MappingRow) -> Iterator[Triple]:
    """Yield author, date, confidence and sources of a mapping."""
    for value, predicate in (
        (row.author_label, SSSOM["author_label"]),
        (row.object_source_version, SSSOM["object_source_version"]),
        (row.comment, RDFS["comment"]),
    ):
        if value:
            yield Triple(node, predicate, Literal(value))
    if row.mapping_date:
        yield Triple(node, DCTERMS["created"], Literal(row.mapping_date, datatype=XSD["date"]))
    if row.confidence:
        yield Triple(node, SSSOM["confidence"], Literal(row.confidence, datatype=XSD["double"]))
    if row.object_source:
        yield Triple(node, SSSOM["object_source"], _expand_source(row.object_source))
    if row.mapping_source:
        yield Triple(node, SSSOM["mapping_source"], _expand_source(row.mapping_source))


def _expand_source(curie: str) -> NamedNode:
    """Return the IRI of a vocabulary or a proving file; raises BadData for another prefix."""
    prefix, _, local = curie.partition(":")
    if prefix not in _SOURCE_NAMESPACES:
        raise BadData(f"{curie!r} is not a source.", hint="Write bioregistry:PREFIX or proof:FILE.")
    return NamedNode(_SOURCE_NAMESPACES[prefix] + local)
