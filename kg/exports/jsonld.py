"""The graph as JSON-LD over a published context: an object a node, names for IRIs, graphs kept apart."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg.exports.facts import ASSERTED, BACKGROUND, INFERRED, assertion_graphs
from kg.namespaces import GRAPH, KG, OWL, PREFIXES, RDF, RDFS, XSD, shorten
from kg.store.protocol import Store, Term

Json = dict[str, object]
ONTOLOGY = GRAPH["ontology"]
_KINDS = {OWL["ObjectProperty"]: True, OWL["DatatypeProperty"]: False}


def context(store: Store) -> Json:
    """Return the JSON-LD context: our prefixes, and a name for every property of the ontology."""
    return {"@context": {"@version": 1.1, **PREFIXES, "id": "@id", "type": "@type", **_names(store)}}


def document(store: Store) -> str:
    """Return what the text says, what curators added and what follows, each in its graph, as JSON-LD."""
    known = {entry["@id"]: name for name, entry in _names(store).items()}
    linking = {entry["@id"] for entry in _names(store).values() if "@type" in entry}
    graphs = [ASSERTED, BACKGROUND, *assertion_graphs(store), INFERRED]
    parts = [
        {"id": shorten(graph.value), "@graph": list(_nodes(store.quads(graph), known, linking))}
        for graph in graphs
    ]
    return json.dumps({**context(store), "@graph": parts}, ensure_ascii=False, indent=1) + "\n"


def _names(store: Store) -> dict[str, dict[str, str]]:
    """Return name -> entry of the context, for `label` and every property of the ontology."""
    found = {"label": {"@id": shorten(RDFS["label"].value)}}
    for triple in sorted(store.quads(ONTOLOGY), key=str):
        subject = triple.subject
        if (
            triple.predicate != RDF["type"]
            or triple.object not in _KINDS
            or not isinstance(subject, NamedNode)
        ):
            continue
        name = subject.value.removeprefix(KG)
        if name != subject.value and name not in ("id", "type"):
            links = {"@type": "@id"} if triple.object == OWL["ObjectProperty"] else {}
            found[name] = {"@id": f"kg:{name}"} | links
    return found


def _nodes(triples: Iterable[Triple], known: dict[str, str], linking: set[str]) -> Iterator[Json]:
    """Yield the objects of a graph, sorted by identifier; what is said of anonymous classes is left out."""
    subjects: dict[str, Json] = {}
    for triple in sorted((t for t in triples if not _anonymous(t)), key=str):
        node = subjects.setdefault(_id(triple.subject), {"id": _id(triple.subject)})
        name = shorten(triple.predicate.value)
        if triple.predicate == RDF["type"]:
            _append(node, "type", _id(triple.object))
        else:
            _append(node, known.get(name, name), _value(triple.object, links=name in linking))
    yield from (subjects[name] for name in sorted(subjects))


def _anonymous(triple: Triple) -> bool:
    """Return whether a triple has a blank node, whose name would differ in every export."""
    return isinstance(triple.subject, BlankNode) or isinstance(triple.object, BlankNode)


def _append(node: Json, name: str, value: object) -> None:
    """Add a value under a name; a second one makes a list."""
    held = node.get(name)
    if held is None:
        node[name] = value
    elif isinstance(held, list):
        held.append(value)
    else:
        node[name] = [held, value]


def _value(term: Term, *, links: bool) -> object:
    """Return a term as JSON-LD; `links` where the context says that a text is an identifier."""
    if not isinstance(term, Literal):
        return _id(term) if links else {"id": _id(term)}
    if term.language:
        return {"@value": term.value, "@language": term.language}
    if term.datatype != XSD["string"]:
        return {"@value": term.value, "@type": shorten(term.datatype.value)}
    return {"@value": term.value} if links else term.value


def _id(term: Term) -> str:
    """Return the identifier of a node, a CURIE where a prefix fits."""
    return shorten(term.value) if isinstance(term, NamedNode) else str(term)
