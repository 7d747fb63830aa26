"""Accepted mappings as RDF for `graph/mappings`: the SKOS triple, and a node of who, when and which proof.

Never `owl:sameAs`, never input of a reasoner.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Dictionary

from pyoxigraph import Literal, NamedNode, Triple

from kg.model.identifiers import PrefixTable
from kg.model.mapping_sets import MappingRow
from kg.namespaces import BASE, DCTERMS, KG, OWL, PREFIXES, RDF, RDFS, SH, SKOS, SSSOM, XSD

#: Prefixes of a mapping file beside those of the outside vocabularies.
BIOREGISTRY_NAMESPACE = "https://bioregistry.io/registry/"
PROOF_NAMESPACE = BASE + "proof/"


def mappings_to_triples(rows: Iterable[MappingRow], prefixes: PrefixTable) -> Iterator[Triple]:
    """Yield the triples of accepted `rows`; raises BadData or NotFound for an identifier that is none."""
    for row in rows:
        yield from _row_to_triples(row, prefixes)


def vocabularies_to_triples(prefixes: PrefixTable) -> Iterator[Triple]:
    """Yield by which names each vocabulary's prefix goes, so that a query reads a code in any spelling."""
    for vocabulary in prefixes.vocabularies.values():
        node = NamedNode(BIOREGISTRY_NAMESPACE + vocabulary.prefix.lower())
        yield Triple(node, RDF["type"], SH["PrefixDeclaration"])
        yield Triple(node, RDFS["label"], Literal(vocabulary.name))
        yield Triple(node, SH["prefix"], Literal(vocabulary.prefix))
        yield Triple(node, SH["namespace"], Literal(vocabulary.iri_prefix, datatype=XSD["anyURI"]))
        for name in sorted(prefixes.fold_prefix_names(vocabulary)):
            yield Triple(node, SKOS["hiddenLabel"], Literal(name))


def unmapped_to_triples(reasons: Dictionary[str, str]) -> Iterator[Triple]:
    """Yield why each entity (a CURIE of ours) has no counterpart outside."""
    for entity, reason in reasons.items():
        yield Triple(expand_project_curie(entity), KG["noMappingBecause"], Literal(reason, language="en"))


def mint_mapping_iri(row: MappingRow) -> NamedNode:
    """Return the IRI of a mapping: the same row has the same IRI in every build."""
    digest = hashlib.sha256("\t".join((row.subject_id, row.predicate_id, row.object_id)).encode()).hexdigest()
    return NamedNode(f"{BASE}mapping/{digest[:16]}")


def expand_project_curie(curie: str) -> NamedNode:
    """Return the IRI of a CURIE of ours or of RDF's own vocabularies (`int:Imatinib`, `skos:exactMatch`)."""
    prefix, _, local = curie.partition(":")
    return NamedNode(PREFIXES[prefix] + local)


def make_curie_map(rows: Iterable[MappingRow], prefixes: PrefixTable) -> tuple[tuple[str, str], ...]:
    """Return the (prefix, IRI) pairs that a file of `rows` needs."""
    used = {curie.split(":")[0] for row in rows for curie in (row.subject_id, row.object_id)}
    known = dict(PREFIXES) | {v.prefix: v.iri_prefix for v in prefixes.vocabularies.values()}
    fixed = {"bioregistry": BIOREGISTRY_NAMESPACE, "proof": PROOF_NAMESPACE} | {
        p: PREFIXES[p] for p in ("skos", "semapv")
    }
    return tuple(sorted(fixed.items() | {(prefix, known[prefix]) for prefix in used}))


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
    """Yield who judged the mapping, when, and what proves it."""
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
    for value, predicate in (
        (row.object_source, SSSOM["object_source"]),
        (row.mapping_source, SSSOM["mapping_source"]),
    ):
        prefix, _, local = value.partition(":")
        if value:
            yield Triple(
                node,
                predicate,
                NamedNode({"bioregistry": BIOREGISTRY_NAMESPACE, "proof": PROOF_NAMESPACE}[prefix] + local),
            )
