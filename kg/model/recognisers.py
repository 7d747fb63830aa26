"""Recognisers: OWL 2 RL classes of scenarios, generated from bundles of features and from fallback claims.

Pure: takes triples, returns triples. Situations and claims are read from them; none is named here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg.model.triple_index import TripleIndex
from kg.namespaces import KG, OWL, PREFIXES, RDF, RDFS, SKOS, get_local_name

ListMember = NamedNode | BlankNode
#: property and value that a scenario has, as names of a `kg:` property and IRIs
HasValue = tuple[str, str]
_MATCHING = "Generated: the patient scenarios that have every feature which the situation {} asks for."
_FALLING_BACK = (
    "Generated: the patient scenarios in the situation of claim {} that meet all its prerequisites."
)


def generate_recognisers(triples: Iterable[Triple]) -> list[Triple]:
    """Return, for each situation asserted in `triples`, the class of the patient scenarios that match it.

    The class is equivalent to the intersection of `kg:PatientScenario` with one `hasValue` a feature, and a
    subclass of `hasValue kg:matchesSituation` the situation (OWL 2 Profiles, section 4.2). Likewise for each
    claim with `kg:whenUnavailable`: scenarios that match its situation and have its prerequisites are those
    of `kg:hasFallbackClaim`; no property chain can ask for both. Feed it asserted triples only: inferred
    features would change the bundles.
    """
    asserted, made = TripleIndex(triples), list[Triple]()
    for situation in asserted.list_instances(KG["ClinicalSituation"]):
        features = [("hasFeature", iri) for iri in asserted.list_texts(situation, KG["hasFeature"])]
        name = situation.removeprefix(PREFIXES["sit"])
        if features:
            made += _build_recogniser(name, _MATCHING, features, ("matchesSituation", situation))
    for claim in asserted.list_subjects_with(KG["whenUnavailable"]):
        needed = [("hasFeature", iri) for iri in asserted.list_texts(claim, KG["hasPrerequisite"])]
        for situation in asserted.list_texts(claim, KG["appliesTo"]):
            name = f"{get_local_name(claim)}-{get_local_name(situation)}-"
            needs = [*needed, ("matchesSituation", situation)]
            made += _build_recogniser(name, _FALLING_BACK, needs, ("hasFallbackClaim", claim))
    return made


def _build_recogniser(
    name: str, definition: str, needs: Sequence[HasValue], follows: HasValue
) -> list[Triple]:
    """Return the triples of one recogniser; its blank nodes are named after it."""
    label = "recogniser" + "".join(character if character.isalnum() else "x" for character in name)
    scenarios = NamedNode(f"{KG}{name}Scenario")  # a term that this module declares
    bundle, target = BlankNode(f"{label}All"), BlankNode(f"{label}Match")
    values = [BlankNode(f"{label}Has{index}") for index in range(len(needs))]
    shown = get_local_name(follows[1])
    return [
        Triple(scenarios, RDF["type"], OWL["Class"]),
        Triple(scenarios, RDFS["label"], Literal(f"scenario that matches {shown}", language="en")),
        Triple(scenarios, SKOS["definition"], Literal(definition.format(shown), language="en")),
        Triple(scenarios, KG["noMappingBecause"], Literal("Generated from the data.", language="en")),
        Triple(scenarios, RDFS["isDefinedBy"], NamedNode(str(KG).rstrip("#"))),
        Triple(scenarios, RDFS["subClassOf"], KG["PatientScenario"]),
        Triple(scenarios, OWL["equivalentClass"], bundle),
        Triple(bundle, RDF["type"], OWL["Class"]),
        *_build_rdf_list(bundle, OWL["intersectionOf"], [KG["PatientScenario"], *values], label),
        *(t for node, need in zip(values, needs, strict=True) for t in _build_has_value(node, *need)),
        Triple(scenarios, RDFS["subClassOf"], target),
        *_build_has_value(target, *follows),
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
