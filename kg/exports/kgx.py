"""KGX nodes and edges: Biolink categories and predicates, with hedge, condition and source on every edge.

`data/mappings/biolink.tsv` gives the Biolink term of each class and property. A caution is never exported as
its opposite: it stands in `limited_by` of the edges of its pair, and with its reason in the list of what is
not exported. No edge says `biolink:treats`.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from pyoxigraph import NamedNode

from kg.errors import BadData
from kg.model.graphs import (
    INFERRED,
    WEAKEST_HEDGES,
    GraphOrigin,
    get_origin,
    is_claim_assertion,
    select_exported,
)
from kg.model.mapping_sets import MappingCollection
from kg.model.triple_index import TripleIndex
from kg.namespaces import BASE, CLAIM, KG, OA, RDF, RDFS, SKOS, compress_iri, expand_curie
from kg.text_files import read_text
from sparqlhost.store.interface import Store

BIOLINK_TABLE = Path("data") / "mappings" / "biolink.tsv"
BIOLINK_SLOTS = ("category", "predicate", "phenotype", "structure", "inferred")

_ROW_HINT = (
    f"Write a kg: term, one of {', '.join(BIOLINK_SLOTS)}, a Biolink term that is not biolink:treats, a note."
)

KgxRecord = Mapping[str, str | list[str]]

#: not registered with the Translator information resources; docs/mappings.md
KNOWLEDGE_SOURCE = "infores:rrall-kg"
AGENT_TYPE = "automated_agent"  # curated by an AI-assisted process, so not manual_agent
_NODE_KINDS = ("disease", "situation", "intervention", "problem", "feature")
_TREATMENT_ASSOCIATION = "biolink:ChemicalOrDrugOrTreatmentToDiseaseOrPhenotypicFeatureAssociation"
_PLAIN_ASSOCIATION = "biolink:Association"
_PHENOTYPE_ASSOCIATION = "biolink:DiseaseToPhenotypicFeatureAssociation"
_FEATURE_SLOTS = ("kg_prerequisite", "kg_proviso")
_FEATURE_ORIGINS = (
    "featureFromSentence",
    "featureFromLeadIn",
    "featureFromParagraph",
    "featureFromParagraphBefore",
    "featureFromHeading",
    "featureFromDocument",
)
_INHERITED_LIMIT = KG["inheritedLimitedBenefitFor"]
_STATING_ORIGINS = (GraphOrigin.TEXT, GraphOrigin.MODEL, GraphOrigin.USER)
_XREF_PREDICATES = ("skos:exactMatch", "skos:closeMatch")


@dataclass(frozen=True, slots=True)
class BiolinkRow:
    """A term of the ontology, its slot, the Biolink term (empty: not exported), and why."""

    term: str
    slot: str
    biolink: str
    note: str


def read_biolink_table(root: Path) -> tuple[BiolinkRow, ...]:
    """Return the table of the project at `root`; raises BadData with the line of a broken row."""
    rows = []
    where = BIOLINK_TABLE.as_posix()
    for number, line in enumerate(read_text(root / BIOLINK_TABLE, where).splitlines(), 1):
        if line.startswith(("#", "term\t")):
            continue
        cells = line.split("\t")
        if not _is_valid_row(cells):
            raise BadData("The row is not valid.", location=where, line=number, hint=_ROW_HINT)
        rows.append(BiolinkRow(*cells))
    return tuple(rows)


def _is_valid_row(cells: list[str]) -> bool:
    return (
        len(cells) == len(fields(BiolinkRow))
        and re.fullmatch(r"kg:\w+", cells[0]) is not None
        and cells[1] in BIOLINK_SLOTS
        and cells[2] != "biolink:treats"
    )


def _expand_term(curie: str) -> NamedNode:
    return NamedNode(expand_curie(curie))


def index_by_term(rows: tuple[BiolinkRow, ...], slot: str) -> dict[str, BiolinkRow]:
    """Return the rows of one slot by the ontology's term."""
    return {row.term: row for row in rows if row.slot == slot}


@dataclass(frozen=True, slots=True)
class KgxExport:
    """The export: nodes, edges, and what was left out with the reason."""

    nodes: tuple[KgxRecord, ...]
    edges: tuple[KgxRecord, ...]
    left_out: tuple[KgxRecord, ...]


def make_kgx(store: Store, table: tuple[BiolinkRow, ...], mappings: MappingCollection) -> KgxExport:
    """Return the graph as KGX."""
    exported = select_exported(store.graph_names())
    stated = [g for g in exported if get_origin(g) in _STATING_ORIGINS]
    facts = _read_index(store, stated)
    derived, weakest = _read_index(store, [INFERRED]), _read_index(store, [WEAKEST_HEDGES])
    derivations = (INFERRED, WEAKEST_HEDGES)
    concepts = _read_index(store, [g for g in exported if g not in derivations and not is_claim_assertion(g)])
    limits = _collect_derived_limits(facts, derived, weakest) | _collect_stated_limits(facts)
    claims = facts.list_subjects(CLAIM)
    edges = [edge for claim in claims for edge in _make_claim_edges(facts, claim, table, limits)]
    edges += _make_structure_edges(concepts, table)
    edges += _make_inferred_edges(derived, weakest, table, limits)
    edges.sort(key=lambda edge: str(edge["id"]))
    nodes = tuple(_make_entity_nodes(facts, table, mappings, _collect_named_terms(edges)))
    return KgxExport(nodes, tuple(edges), tuple(_list_unexported(facts, table)))


def _read_index(store: Store, graphs: Iterable[NamedNode]) -> TripleIndex:
    return TripleIndex(triple for graph in graphs for triple in store.read_graph(graph))


def _collect_named_terms(edges: Iterable[KgxRecord]) -> set[str]:
    """Return the CURIEs that edges name: ends, features and populations, each of which needs a node."""
    named: set[str] = set()
    for edge in edges:
        named |= {str(edge["subject"]), str(edge["object"])}
        named.update(name for slot in _FEATURE_SLOTS for name in edge.get(slot, ()))
        if "population_context_qualifier" in edge:
            named.add(str(edge["population_context_qualifier"]))
    return named


def serialize_tsv(records: Iterable[KgxRecord]) -> str:
    """Return records as KGX TSV: a column a slot, several values joined by `|`."""
    rows = list(records)
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.writer(
        text, delimiter="\t", quoting=csv.QUOTE_NONE, escapechar=None, quotechar=None, lineterminator="\n"
    )
    writer.writerow(names)
    for row in rows:
        writer.writerow([_format_cell(row.get(name, "")) for name in names])
    return text.getvalue()


def serialize_json_lines(records: Iterable[KgxRecord]) -> str:
    """Return records as JSON Lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in records)


def _format_cell(value: str | list[str]) -> str:
    """Return a value in a cell of KGX TSV, which has neither quotes nor escapes."""
    text = value if isinstance(value, str) else "|".join(part.replace("|", "/") for part in value)
    return " ".join(text.split())


def _make_entity_nodes(
    facts: TripleIndex, table: tuple[BiolinkRow, ...], mappings: MappingCollection, used: set[str]
) -> Iterator[KgxRecord]:
    """Yield the nodes: every entity, and the features that edges name."""
    categories = index_by_term(table, "category")
    xrefs: dict[str, list[str]] = defaultdict(list)
    for row in mappings.rows():
        if row.predicate_id in _XREF_PREDICATES:
            xrefs[row.subject_id].append(row.object_id)
    for kind in _NODE_KINDS:
        for subject in facts.list_subjects(f"{BASE}{kind}/"):
            curie = compress_iri(subject)
            if kind == "feature" and curie not in used:
                continue
            classes = facts.list_curies(subject, RDF["type"])
            of_classes = [categories[name].biolink for name in classes if name in categories]
            yield {
                "id": curie,
                "category": list(dict.fromkeys(of_classes)) or ["biolink:NamedThing"],
                "name": facts.get_text(subject, SKOS["prefLabel"]),
                "description": facts.get_text(subject, SKOS["definition"]),
                "synonym": facts.list_texts(subject, SKOS["altLabel"]),
                "xref": sorted(xrefs[curie]),
                "iri": subject,
                "provided_by": [KNOWLEDGE_SOURCE],
            }


def _make_claim_edges(
    facts: TripleIndex,
    claim: str,
    table: tuple[BiolinkRow, ...],
    limits: Mapping[tuple[str, str], list[str]],
) -> Iterator[KgxRecord]:
    """Yield the edges of one claim: an intervention to what it is raised for, a disease to a phenotype."""
    situations = facts.list_curies(claim, KG["appliesTo"])
    problems = facts.list_curies(claim, KG["targetsProblem"])
    for name, row in index_by_term(table, "predicate").items():
        if not row.biolink:
            continue
        for subject in facts.list_curies(claim, _expand_term(name)):
            for target in problems or situations:
                against = sorted({limit for s in situations for limit in limits.get((subject, s), ())})
                edge = _make_edge(claim, subject, row.biolink, target, _TREATMENT_ASSOCIATION)
                yield edge | _make_qualifiers(facts, claim, against)
    if KG["FrequencyClaim"].value in facts.list_texts(claim, RDF["type"]):
        for row in index_by_term(table, "phenotype").values():
            for target in facts.list_curies(claim, _expand_term(row.term)):
                for situation in situations:
                    edge = _make_edge(claim, situation, row.biolink, target, _PHENOTYPE_ASSOCIATION)
                    yield edge | _make_qualifiers(facts, claim, [])


def _make_edge(
    name: str, subject: str, predicate: str, target: str, category: str, level: str = ""
) -> dict[str, str | list[str]]:
    """Return the slots that every edge has."""
    return {
        "id": f"{compress_iri(name)}--{subject}--{predicate}--{target}",
        "subject": subject,
        "predicate": predicate,
        "object": target,
        "category": [category],
        "knowledge_level": level or "knowledge_assertion",
        "agent_type": AGENT_TYPE,
        "primary_knowledge_source": KNOWLEDGE_SOURCE,
    }


def _make_qualifiers(facts: TripleIndex, claim: str, limited_by: list[str]) -> dict[str, str | list[str]]:
    """Return the slots of an edge beside its ends: hedge, condition, source, scope; empty ones left out."""
    features = [value for name in _FEATURE_ORIGINS for value in facts.list_texts(claim, KG[name])]
    spans = facts.list_texts(claim, KG["hasSourceSpan"])
    slots: dict[str, str | list[str]] = {
        "description": facts.get_text(claim, RDFS["label"]),
        "publications": sorted({doc for span in spans for doc in facts.list_curies(span, OA["hasSource"])}),
        "disease_context_qualifier": _first_value_of_any(facts, features, KG["featureOfDisease"]),
        "population_context_qualifier": _find_population(facts, features),
        "kg_claim": compress_iri(claim),
        "kg_situation": facts.list_curies(claim, KG["appliesTo"]),
        "kg_hedge": facts.list_curies(claim, KG["hasHedge"]) + facts.list_curies(claim, KG["outcomeHedge"]),
        "kg_hedge_cue": facts.list_texts(claim, KG["cue"], KG["outcomeCue"]),
        "kg_only_if": [f"only if {name}" for name in facts.list_curies(claim, KG["hasPrerequisite"])],
        "kg_prerequisite": facts.list_curies(claim, KG["hasPrerequisite"]),
        "kg_proviso": facts.list_curies(claim, KG["hasProviso"]),
        "kg_goal": facts.list_curies(claim, KG["hasGoal"]),
        "kg_not_aimed_at": facts.list_curies(claim, KG["notAimedAt"]),
        "kg_temporal_cue": facts.list_texts(claim, KG["temporalCue"]),
        "kg_adviser": facts.list_texts(claim, KG["adviser"]),
        "kg_scope_basis": facts.list_curies(claim, KG["scopeBasis"]),
        "kg_decision": facts.list_curies(claim, KG["hasCuratorDecision"]),
        "limited_by": limited_by,
    }
    return {name: value for name, value in slots.items() if value}


def _first_value_of_any(facts: TripleIndex, features: Iterable[str], predicate: NamedNode) -> str:
    """Return the first value that one of the features has for a property, or nothing."""
    return next((value for feature in features for value in facts.list_curies(feature, predicate)), "")


def _find_population(facts: TripleIndex, features: Iterable[str]) -> str:
    """Return the feature that is a population, or nothing."""
    kind = KG["Population"].value
    return next((compress_iri(name) for name in features if kind in facts.list_texts(name, RDF["type"])), "")


def _collect_stated_limits(facts: TripleIndex) -> dict[tuple[str, str], list[str]]:
    """Return (intervention, situation) -> the claims against it, each with its cue words."""
    limits_by_pair: dict[tuple[str, str], list[str]] = defaultdict(list)
    for claim in facts.list_subjects(CLAIM):
        cues = _format_cues(facts, compress_iri(claim))
        for intervention in facts.list_curies(claim, KG["discounts"]):
            for situation in facts.list_curies(claim, KG["appliesTo"]):
                limits_by_pair[intervention, situation].append(f"{compress_iri(claim)} ({cues})")
    return limits_by_pair


def _collect_derived_limits(
    facts: TripleIndex, derived: TripleIndex, weakest: TripleIndex
) -> dict[tuple[str, str], list[str]]:
    """Return the pairs that a limit stated for a broader situation also holds for, with its claims."""
    support = _collect_edge_support(weakest)
    limits_by_pair: dict[tuple[str, str], list[str]] = {}
    limit_property = compress_iri(_INHERITED_LIMIT.value)
    for subject in map(compress_iri, derived.list_subjects_with(_INHERITED_LIMIT)):
        for situation in derived.list_curies(expand_curie(subject), _INHERITED_LIMIT):
            claims = str(support.get((subject, limit_property, situation), {}).get("kg_claim", "")).split()
            limits = [f"{claim} ({_format_cues(facts, claim)})" for claim in claims]
            limits_by_pair[subject, situation] = limits or ["a limit stated for a broader situation"]
    return limits_by_pair


def _format_cues(facts: TripleIndex, claim: str) -> str:
    """Return the cue words of a claim given as a CURIE."""
    return ", ".join(facts.list_texts(CLAIM + claim.partition(":")[2], KG["cue"], KG["outcomeCue"]))


def _make_structure_edges(facts: TripleIndex, table: tuple[BiolinkRow, ...]) -> Iterator[KgxRecord]:
    """Yield the edges among entities: kinds, subtypes, broader situations."""
    for name, row in index_by_term(table, "structure").items():
        for subject in facts.list_subjects(BASE):
            for target in facts.list_curies(subject, _expand_term(name)):
                yield _make_edge(name, compress_iri(subject), row.biolink, target, _PLAIN_ASSOCIATION)


def _make_inferred_edges(
    facts: TripleIndex,
    weakest: TripleIndex,
    table: tuple[BiolinkRow, ...],
    limits: Mapping[tuple[str, str], list[str]],
) -> Iterator[KgxRecord]:
    """Yield the edges that the reasoner derived, marked as such, with what they rest on."""
    support = _collect_edge_support(weakest)
    for name, row in index_by_term(table, "inferred").items():
        for subject in facts.list_subjects(BASE):
            for target in facts.list_curies(subject, _expand_term(name)):
                curie = compress_iri(subject)
                edge = _make_edge(
                    name, curie, row.biolink, target, _TREATMENT_ASSOCIATION, "logical_entailment"
                )
                limited_by = limits.get((curie, target), [])
                edge |= {"description": row.note, **support.get((curie, name, target), {})}
                yield edge | ({"limited_by": limited_by} if limited_by else {})


def _collect_edge_support(weakest: TripleIndex) -> dict[tuple[str, str, str], dict[str, str | list[str]]]:
    """Return (subject, property, object) of derived edges -> their claims, hedges and condition."""
    support: dict[tuple[str, str, str], dict[str, str | list[str]]] = {}
    for node in weakest.list_subjects(BASE):
        subject, predicate, target = (
            next(iter(weakest.list_curies(node, RDF[end])), "") for end in ("subject", "predicate", "object")
        )
        slots: dict[str, str | list[str]] = {
            "kg_claim": " ".join(weakest.list_curies(node, KG["restsOnClaim"])),
            "kg_hedge": weakest.list_curies(node, KG["weakestHedge"]),
            "kg_strongest_reading": weakest.list_curies(node, KG["strongestReading"]),
            "kg_only_if": [f"only if {name}" for name in weakest.list_curies(node, KG["onlyIf"])],
            "kg_prerequisite": weakest.list_curies(node, KG["onlyIf"]),
        }
        support[subject, predicate, target] = {name: value for name, value in slots.items() if value}
    return support


def _list_unexported(facts: TripleIndex, table: tuple[BiolinkRow, ...]) -> Iterator[KgxRecord]:
    """Yield the claims that make no edge, with the reason."""
    reasons = {row.term: row.note for row in index_by_term(table, "predicate").values() if not row.biolink}
    for claim in facts.list_subjects(CLAIM):
        for name, note in reasons.items():
            for thing in facts.list_curies(claim, _expand_term(name)):
                record = {"claim": compress_iri(claim), "property": name, "intervention": thing}
                yield record | {"reason": note}
