"""Scenario recognisers: OWL 2 RL classes generated from the bundles of features of the situations.

Pure: takes triples, returns triples. Situations are read from them; none is named here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg.namespaces import KG, OWL, PREFIXES, RDF, RDFS, SKOS

ListMember = NamedNode | BlankNode
_DEFINITION_START = "Generated: the patient scenarios that have every feature which the situation"


def generate_recognisers(triples: Iterable[Triple]) -> list[Triple]:
    """Return, for each situation asserted in `triples`, the class of the patient scenarios that match it.

    The class is equivalent to the intersection of `kg:PatientScenario` with one `hasValue` a feature, and a
    subclass of `hasValue kg:matchesSituation` the situation (OWL 2 Profiles, section 4.2). Feed it asserted
    triples only: inferred features would change the bundles.
    """
    bundles = _collect_feature_bundles(triples)
    return [
        triple
        for situation in sorted(bundles)
        for triple in _build_recogniser(situation, sorted(bundles[situation]))
    ]


def _collect_feature_bundles(triples: Iterable[Triple]) -> dict[str, set[str]]:
    """Return situation IRI -> feature IRIs; a situation without features is left out."""
    situations, features = set[str](), dict[str, set[str]]()
    for triple in triples:
        if not isinstance(triple.subject, NamedNode) or not isinstance(triple.object, NamedNode):
            continue
        if triple.predicate == RDF["type"] and triple.object == KG["ClinicalSituation"]:
            situations.add(triple.subject.value)
        elif triple.predicate == KG["hasFeature"]:
            features.setdefault(triple.subject.value, set()).add(triple.object.value)
    return {iri: bundle for iri, bundle in features.items() if iri in situations}


def _build_recogniser(situation: str, features: Sequence[str]) -> list[Triple]:
    """Return the triples of one recogniser; its blank nodes are named after the situation."""
    name = situation.removeprefix(PREFIXES["sit"])
    label = "recogniser" + "".join(character if character.isalnum() else "x" for character in name)
    scenarios = NamedNode(f"{KG}{name}Scenario")  # a term that this module declares
    bundle, target = BlankNode(f"{label}All"), BlankNode(f"{label}Match")
    values = [BlankNode(f"{label}Has{index}") for index in range(len(features))]
    return [
        Triple(scenarios, RDF["type"], OWL["Class"]),
        Triple(scenarios, RDFS["label"], Literal(f"scenario that matches {name}", language="en")),
        Triple(
            scenarios, SKOS["definition"], Literal(f"{_DEFINITION_START} {name} asks for.", language="en")
        ),
        Triple(scenarios, KG["noMappingBecause"], Literal("Generated from a situation.", language="en")),
        Triple(scenarios, RDFS["isDefinedBy"], NamedNode(str(KG).rstrip("#"))),
        Triple(scenarios, RDFS["subClassOf"], KG["PatientScenario"]),
        Triple(scenarios, OWL["equivalentClass"], bundle),
        Triple(bundle, RDF["type"], OWL["Class"]),
        *_build_rdf_list(bundle, OWL["intersectionOf"], [KG["PatientScenario"], *values], label),
        *(
            t
            for node, iri in zip(values, features, strict=True)
            for t in _build_has_value(node, "hasFeature", iri)
        ),
        Triple(scenarios, RDFS["subClassOf"], target),
        *_build_has_value(target, "matchesSituation", situation),
    ]


def _build_has_value(node: BlankNode, on_property: str, value: str) -> list[Triple]:
    """Return the `hasValue` restriction `node`."""
    return [
        Triple(node, RDF["type"], OWL["Restriction"]),
        Triple(node, OWL["onProperty"], KG[on_property]),
        Triple(node, OWL["hasValue"], NamedNode(value)),
    ]


def _build_rdf_list(
    subject: ListMember, predicate: NamedNode, members: Sequence[ListMember], label: str
) -> list[Triple]:
    """Return `subject predicate ( members )` as an RDF list."""
    cells: list[ListMember] = [BlankNode(f"{label}Cell{index}") for index in range(len(members))]
    triples = [Triple(subject, predicate, cells[0])]
    for cell, member, rest in zip(cells, members, [*cells[1:], RDF["nil"]], strict=True):
        triples += [Triple(cell, RDF["first"], member), Triple(cell, RDF["rest"], rest)]
    return triples
