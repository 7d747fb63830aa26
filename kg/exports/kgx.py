"""KGX nodes and edges: Biolink categories and predicates, with hedge, condition and source on every edge.

A caution is never exported as its opposite: it stands in `limited_by` of the edges of its pair, and with its
reason in the list of what is not exported. No edge says `biolink:treats`.
"""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pyoxigraph import NamedNode

from kg.exports.biolink import BiolinkRow, by_term
from kg.exports.facts import ASSERTED, BACKGROUND, INFERRED, WEAKEST, Facts, assertion_graphs, claims, read
from kg.mappings.rows import Mappings
from kg.namespaces import BASE, CLAIM, KG, OA, RDF, RDFS, SKOS, shorten
from kg.store.protocol import Store

Record = Mapping[str, str | list[str]]

SOURCE = "infores:rrall-kg"  # not registered with the Translator information resources; docs/mappings.md
AGENT = "automated_agent"  # curated by an AI-assisted process, so not manual_agent
_NODE_KINDS = ("disease", "situation", "intervention", "problem", "feature")
_TREATMENT = "biolink:ChemicalOrDrugOrTreatmentToDiseaseOrPhenotypicFeatureAssociation"
_PLAIN = "biolink:Association"
_PHENOTYPE = "biolink:DiseaseToPhenotypicFeatureAssociation"
_FEATURES = ("kg_prerequisite", "kg_proviso")
_FROM = ("featureFromSentence", "featureFromParagraph", "featureFromHeading", "featureFromDocument")
_INHERITED = KG["inheritedLimitedBenefitFor"]
_EQUAL = ("skos:exactMatch", "skos:closeMatch")


@dataclass(frozen=True, slots=True)
class Kgx:
    """The export: nodes, edges, and what was left out with the reason."""

    nodes: tuple[Record, ...]
    edges: tuple[Record, ...]
    left_out: tuple[Record, ...]


def kgx(store: Store, table: tuple[BiolinkRow, ...], mappings: Mappings) -> Kgx:
    """Return the graph as KGX."""
    said = read(store, [ASSERTED, *assertion_graphs(store)])
    derived, weakest = read(store, [INFERRED]), read(store, [WEAKEST])
    limits = _derived_limits(said, derived, weakest) | _limits(said)
    edges = [edge for claim in claims(said) for edge in _claim_edges(said, claim, table, limits)]
    edges += _structure(read(store, [ASSERTED, BACKGROUND]), table)
    edges += _inferred(derived, weakest, table, limits)
    edges.sort(key=lambda edge: str(edge["id"]))
    used = {str(edge[end]) for edge in edges for end in ("subject", "object")}
    used |= {name for edge in edges for key in _FEATURES for name in edge.get(key, ())}
    used |= {
        str(edge["population_context_qualifier"]) for edge in edges if "population_context_qualifier" in edge
    }
    nodes = tuple(_nodes(said, table, mappings, used))
    return Kgx(nodes, tuple(edges), tuple(_left_out(said, table)))


def tsv(records: Iterable[Record]) -> str:
    """Return records as KGX TSV: a column a slot, several values joined by `|`."""
    rows = list(records)
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.writer(
        text, delimiter="\t", quoting=csv.QUOTE_NONE, escapechar=None, quotechar=None, lineterminator="\n"
    )
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(row.get(name, "")) for name in names])
    return text.getvalue()


def jsonl(records: Iterable[Record]) -> str:
    """Return records as JSON Lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in records)


def _cell(value: str | list[str]) -> str:
    """Return a value in a cell of KGX TSV, which has neither quotes nor escapes."""
    text = value if isinstance(value, str) else "|".join(part.replace("|", "/") for part in value)
    return " ".join(text.split())


def _nodes(
    facts: Facts, table: tuple[BiolinkRow, ...], mappings: Mappings, used: set[str]
) -> Iterator[Record]:
    """Yield the nodes: every entity, and the features that edges name."""
    categories = by_term(table, "category")
    for kind in _NODE_KINDS:
        for subject in facts.subjects(f"{BASE}{kind}/"):
            curie = shorten(subject)
            if kind == "feature" and curie not in used:
                continue
            classes = facts.curies(subject, RDF["type"])
            found = [categories[name].biolink for name in classes if name in categories]
            yield {
                "id": curie,
                "category": list(dict.fromkeys(found)) or ["biolink:NamedThing"],
                "name": facts.one(subject, SKOS["prefLabel"]),
                "description": facts.one(subject, SKOS["definition"]),
                "synonym": facts.values(subject, SKOS["altLabel"]),
                "xref": sorted(
                    row.object_id
                    for row in mappings.rows()
                    if row.subject_id == curie and row.predicate_id in _EQUAL
                ),
                "iri": subject,
                "provided_by": [SOURCE],
            }


def _claim_edges(
    facts: Facts, claim: str, table: tuple[BiolinkRow, ...], limits: Mapping[tuple[str, str], list[str]]
) -> Iterator[Record]:
    """Yield the edges of one claim: an intervention to what it is raised for, a disease to a phenotype."""
    situations = facts.curies(claim, KG["appliesTo"])
    problems = facts.curies(claim, KG["targetsProblem"])
    for name, row in by_term(table, "predicate").items():
        if not row.biolink:
            continue
        for subject in facts.curies(claim, KG[name.removeprefix("kg:")]):
            for target in problems or situations:
                against = sorted({limit for s in situations for limit in limits.get((subject, s), ())})
                yield _edge(claim, subject, row.biolink, target, _TREATMENT) | _said(facts, claim, against)
    if KG["FrequencyClaim"].value in facts.values(claim, RDF["type"]):
        for row in by_term(table, "phenotype").values():
            for target in facts.curies(claim, KG[row.term.removeprefix("kg:")]):
                for situation in situations:
                    yield _edge(claim, situation, row.biolink, target, _PHENOTYPE) | _said(facts, claim, [])


def _edge(
    name: str, subject: str, predicate: str, target: str, category: str, level: str = ""
) -> dict[str, str | list[str]]:
    """Return the slots that every edge has."""
    return {
        "id": f"{shorten(name)}--{subject}--{predicate}--{target}",
        "subject": subject,
        "predicate": predicate,
        "object": target,
        "category": [category],
        "knowledge_level": level or "knowledge_assertion",
        "agent_type": AGENT,
        "primary_knowledge_source": SOURCE,
    }


def _said(facts: Facts, claim: str, against: list[str]) -> dict[str, str | list[str]]:
    """Return what the claim says beside the edge: hedge, condition, source, scope; empty slots left out."""
    features = [value for name in _FROM for value in facts.values(claim, KG[name])]
    found: dict[str, str | list[str]] = {
        "description": facts.one(claim, RDFS["label"]),
        "publications": sorted(
            {
                d
                for span in facts.values(claim, KG["hasSourceSpan"])
                for d in facts.curies(span, OA["hasSource"])
            }
        ),
        "disease_context_qualifier": _one_of(facts, features, KG["featureOfDisease"]),
        "population_context_qualifier": _population(facts, features),
        "kg_claim": shorten(claim),
        "kg_situation": facts.curies(claim, KG["appliesTo"]),
        "kg_hedge": facts.curies(claim, KG["hasHedge"]),
        "kg_hedge_cue": facts.values(claim, KG["cue"]),
        "kg_only_if": [f"only if {name}" for name in facts.curies(claim, KG["hasPrerequisite"])],
        "kg_prerequisite": facts.curies(claim, KG["hasPrerequisite"]),
        "kg_proviso": facts.curies(claim, KG["hasProviso"]),
        "kg_goal": facts.curies(claim, KG["hasGoal"]),
        "kg_not_aimed_at": facts.curies(claim, KG["notAimedAt"]),
        "kg_temporal_cue": facts.values(claim, KG["temporalCue"]),
        "kg_adviser": facts.values(claim, KG["adviser"]),
        "kg_scope_basis": facts.curies(claim, KG["scopeBasis"]),
        "kg_decision": facts.curies(claim, KG["hasCuratorDecision"]),
        "limited_by": against,
    }
    return {name: value for name, value in found.items() if value}


def _one_of(facts: Facts, features: Iterable[str], predicate: NamedNode) -> str:
    """Return the first value that one of the features has for a property, or nothing."""
    return next((value for feature in features for value in facts.curies(feature, predicate)), "")


def _population(facts: Facts, features: Iterable[str]) -> str:
    """Return the feature that is a population, or nothing."""
    kind = KG["Population"].value
    return next((shorten(name) for name in features if kind in facts.values(name, RDF["type"])), "")


def _limits(facts: Facts) -> dict[tuple[str, str], list[str]]:
    """Return (intervention, situation) -> what the text says against it, with the claim."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for claim in claims(facts):
        cues = _cues(facts, shorten(claim))
        for intervention in facts.curies(claim, KG["discounts"]):
            for situation in facts.curies(claim, KG["appliesTo"]):
                found[intervention, situation].append(f"{shorten(claim)} ({cues})")
    return found


def _derived_limits(facts: Facts, derived: Facts, weakest: Facts) -> dict[tuple[str, str], list[str]]:
    """Return the pairs that a limit of a wider situation also holds for, with its claims."""
    resting = _resting(weakest)
    found: dict[tuple[str, str], list[str]] = {}
    for subject in derived.subjects(BASE):
        for situation in derived.curies(subject, _INHERITED):
            below = resting.get((shorten(subject), shorten(_INHERITED.value), situation), {})
            said = [f"{name} ({_cues(facts, name)})" for name in str(below.get("kg_claim", "")).split()]
            found[shorten(subject), situation] = said or ["a limit said of a wider situation"]
    return found


def _cues(facts: Facts, claim: str) -> str:
    """Return the cue words of a claim given as a CURIE."""
    return ", ".join(facts.values(CLAIM + claim.partition(":")[2], KG["cue"]))


def _structure(facts: Facts, table: tuple[BiolinkRow, ...]) -> Iterator[Record]:
    """Yield the edges among entities: kinds, subtypes, wider situations."""
    for name, row in by_term(table, "structure").items():
        for subject in facts.subjects(BASE):
            for target in facts.curies(subject, KG[name.removeprefix("kg:")]):
                yield _edge(name, shorten(subject), row.biolink, target, _PLAIN)


def _inferred(
    facts: Facts, weakest: Facts, table: tuple[BiolinkRow, ...], limits: Mapping[tuple[str, str], list[str]]
) -> Iterator[Record]:
    """Yield the edges a reasoner derived beyond the claims, marked so, with their weakest hedge."""
    resting = _resting(weakest)
    for name, row in by_term(table, "inferred").items():
        for subject in facts.subjects(BASE):
            for target in facts.curies(subject, KG[name.removeprefix("kg:")]):
                edge = _edge(name, shorten(subject), row.biolink, target, _TREATMENT, "logical_entailment")
                against = limits.get((shorten(subject), target), [])
                edge |= {"description": row.note, **resting.get((shorten(subject), name, target), {})}
                yield edge | ({"limited_by": against} if against else {})


def _resting(weakest: Facts) -> dict[tuple[str, str, str], dict[str, str | list[str]]]:
    """Return (subject, property, object) of derived edges -> their claims and weakest hedge."""
    found: dict[tuple[str, str, str], dict[str, str | list[str]]] = {}
    for node in weakest.subjects(BASE):
        ends = [next(iter(weakest.curies(node, RDF[end])), "") for end in ("subject", "predicate", "object")]
        found[ends[0], ends[1], ends[2]] = {
            "kg_claim": " ".join(weakest.curies(node, KG["restsOnClaim"])),
            "kg_hedge": weakest.curies(node, KG["weakestHedge"]),
        }
    return found


def _left_out(facts: Facts, table: tuple[BiolinkRow, ...]) -> Iterator[Record]:
    """Yield the claims that make no edge, with the reason."""
    reasons = {row.term: row.note for row in by_term(table, "predicate").values() if not row.biolink}
    for claim in claims(facts):
        for name, note in reasons.items():
            for intervention in facts.curies(claim, KG[name.removeprefix("kg:")]):
                yield {
                    "claim": shorten(claim),
                    "property": name,
                    "intervention": intervention,
                    "reason": note,
                }
