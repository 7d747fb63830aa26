"""The graph as JSON-LD over a published context: an object a node, names for IRIs, graphs kept apart."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg.model.graphs import ONTOLOGY, select_exported
from kg.namespaces import KG, OWL, PREFIXES, RDF, RDFS, XSD, compress_iri
from sparqlhost.store.interface import Store, Term

JsonObject = dict[str, object]
_PROPERTY_KINDS = {OWL["ObjectProperty"]: True, OWL["DatatypeProperty"]: False}


def make_context(store: Store) -> JsonObject:
    """Return the JSON-LD context: the project's prefixes, and a name for every property of the ontology."""
    return {
        "@context": {"@version": 1.1, **PREFIXES, "id": "@id", "type": "@type", **_list_context_names(store)}
    }


def serialize_jsonld(store: Store) -> str:
    """Return what the text states, what curators and users added, and what follows, graph by graph."""
    context = _list_context_names(store)
    names = {entry["@id"]: name for name, entry in context.items()}
    iri_properties = {entry["@id"] for entry in context.values() if "@type" in entry}
    parts = [
        {
            "id": compress_iri(graph.value),
            "@graph": list(_make_nodes(store.read_graph(graph), names, iri_properties)),
        }
        for graph in select_exported(store.graph_names())
    ]
    return json.dumps({**make_context(store), "@graph": parts}, ensure_ascii=False, indent=1) + "\n"


def _list_context_names(store: Store) -> dict[str, dict[str, str]]:
    """Return name -> entry of the context, for `label` and every property of the ontology."""
    entries = {"label": {"@id": compress_iri(RDFS["label"].value)}}
    for triple in sorted(store.read_graph(ONTOLOGY), key=str):
        subject = triple.subject
        if (
            triple.predicate != RDF["type"]
            or triple.object not in _PROPERTY_KINDS
            or not isinstance(subject, NamedNode)
        ):
            continue
        name = subject.value.removeprefix(KG)
        if name != subject.value and name not in ("id", "type"):
            links = {"@type": "@id"} if triple.object == OWL["ObjectProperty"] else {}
            entries[name] = {"@id": f"kg:{name}"} | links
    return entries


def _make_nodes(
    triples: Iterable[Triple], names_by_curie: dict[str, str], iri_properties: set[str]
) -> Iterator[JsonObject]:
    """Yield the objects of a graph, sorted by identifier; triples with a blank node are left out."""
    subjects: dict[str, JsonObject] = {}
    for triple in sorted((t for t in triples if not _has_blank_node(t)), key=str):
        node = subjects.setdefault(_make_id(triple.subject), {"id": _make_id(triple.subject)})
        name = compress_iri(triple.predicate.value)
        if triple.predicate == RDF["type"]:
            _append_value(node, "type", _make_id(triple.object))
        else:
            _append_value(
                node,
                names_by_curie.get(name, name),
                _make_value(triple.object, is_iri_property=name in iri_properties),
            )
    yield from (subjects[name] for name in sorted(subjects))


def _has_blank_node(triple: Triple) -> bool:
    """Return whether a triple has a blank node, whose name would differ in every export."""
    return isinstance(triple.subject, BlankNode) or isinstance(triple.object, BlankNode)


def _append_value(node: JsonObject, name: str, value: object) -> None:
    """Add a value under a name; a second one makes a list."""
    held = node.get(name)
    if held is None:
        node[name] = value
    elif isinstance(held, list):
        held.append(value)
    else:
        node[name] = [held, value]


def _make_value(term: Term, *, is_iri_property: bool) -> object:
    """Return a term as JSON-LD; a text of an `is_iri_property` is an identifier by the context."""
    if not isinstance(term, Literal):
        return _make_id(term) if is_iri_property else {"id": _make_id(term)}
    if term.language:
        return {"@value": term.value, "@language": term.language}
    if term.datatype != XSD["string"]:
        return {"@value": term.value, "@type": compress_iri(term.datatype.value)}
    return {"@value": term.value} if is_iri_property else term.value


def _make_id(term: Term) -> str:
    """Return the identifier of a node, a CURIE where a prefix fits."""
    return compress_iri(term.value) if isinstance(term, NamedNode) else str(term)
