"""The table `data/mappings/biolink.tsv`: how our classes and properties read in Biolink."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import NamedNode

from kg.errors import BadData
from kg.exports.subject_facts import (
    ASSERTED,
    BACKGROUND,
    INFERRED,
    WEAKEST_HEDGES,
    SubjectFacts,
    list_assertion_graphs,
    list_claims,
    read_facts,
)
from kg.model.mapping_sets import MappingCollection
from kg.namespaces import BASE, CLAIM, KG, OA, RDF, RDFS, SKOS, compress_iri
from sparqlhost.store.interface import Store

BIOLINK_TABLE = Path("data") / "mappings" / "biolink.tsv"
BIOLINK_SLOTS = ("category", "predicate", "phenotype", "structure", "inferred")


@dataclass(frozen=True, slots=True)
class BiolinkRow:
    """Our term, the slot it fills, the Biolink term (empty: not exported) and why."""

    term: str
    slot: str
    biolink: str
    note: str


def read_biolink_table(root: Path) -> tuple[BiolinkRow, ...]:
    """Return the table of the project at `root`; raises BadData with the line of a broken row."""
    rows = []
    for number, line in enumerate((root / BIOLINK_TABLE).read_text("utf-8").splitlines(), 1):
        if line.startswith(("#", "term\t")):
            continue
        cells = line.split("\t")
        if len(cells) != 4 or cells[1] not in BIOLINK_SLOTS or cells[2] == "biolink:treats":
            todo = f"Write term, one of {', '.join(BIOLINK_SLOTS)}, a Biolink term that is not biolink:treats, a note."
            raise BadData(
                "The row cannot be used.", location=BIOLINK_TABLE.as_posix(), line=number, hint=todo
            )
        rows.append(BiolinkRow(*cells))
    return tuple(rows)


def index_by_term(rows: tuple[BiolinkRow, ...], slot: str) -> dict[str, BiolinkRow]:
    """Return the rows of one slot by our term."""
    return {row.term: row for row in rows if row.slot == slot}


#: MERGED kg.exports.kgx
#: MERGED KGX nodes and edges: Biolink categories and predicates, with hedge, condition and source on every edge.
#: MERGED
#: MERGED A caution is never exported as its opposite: it stands in `limited_by` of the edges of its pair, and with its
#: MERGED reason in the list of what is not exported. No edge says `biolink:treats`.


KgxRecord = Mapping[str, str | list[str]]

KNOWLEDGE_SOURCE = (
    "infores:rrall-kg"  # not registered with the Translator information resources; docs/mappings.md
)
AGENT_TYPE = "automated_agent"  # curated by an AI-assisted process, so not manual_agent
_NODE_KINDS = ("disease", "situation", "intervention", "problem", "feature")
_TREATMENT_ASSOCIATION = "biolink:ChemicalOrDrugOrTreatmentToDiseaseOrPhenotypicFeatureAssociation"
_PLAIN_ASSOCIATION = "biolink:Association"
_PHENOTYPE_ASSOCIATION = "biolink:DiseaseToPhenotypicFeatureAssociation"
_FEATURE_SLOTS = ("kg_prerequisite", "kg_proviso")
_FEATURE_ORIGINS = (
    "featureFromSentence",
    "featureFromParagraph",
    "featureFromHeading",
    "featureFromDocument",
)
_INHERITED_LIMIT = KG["inheritedLimitedBenefitFor"]
_XREF_PREDICATES = ("skos:exactMatch", "skos:closeMatch")


@dataclass(frozen=True, slots=True)
class KgxExport:
    """The export: nodes, edges, and what was left out with the reason."""

    nodes: tuple[KgxRecord, ...]
    edges: tuple[KgxRecord, ...]
    left_out: tuple[KgxRecord, ...]


def make_kgx(store: Store, table: tuple[BiolinkRow, ...], mappings: MappingCollection) -> KgxExport:
    """Return the graph as KGX."""
    said = read_facts(store, [ASSERTED, *list_assertion_graphs(store)])
    derived, weakest = read_facts(store, [INFERRED]), read_facts(store, [WEAKEST_HEDGES])
    limits = _collect_derived_limits(said, derived, weakest) | _collect_stated_limits(said)
    edges = [edge for claim in list_claims(said) for edge in _make_claim_edges(said, claim, table, limits)]
    edges += _make_structure_edges(read_facts(store, [ASSERTED, BACKGROUND]), table)
    edges += _make_inferred_edges(derived, weakest, table, limits)
    edges.sort(key=lambda edge: str(edge["id"]))
    used = {str(edge[end]) for edge in edges for end in ("subject", "object")}
    used |= {name for edge in edges for key in _FEATURE_SLOTS for name in edge.get(key, ())}
    used |= {
        str(edge["population_context_qualifier"]) for edge in edges if "population_context_qualifier" in edge
    }
    nodes = tuple(_make_entity_nodes(said, table, mappings, used))
    return KgxExport(nodes, tuple(edges), tuple(_list_unexported(said, table)))


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
    facts: SubjectFacts, table: tuple[BiolinkRow, ...], mappings: MappingCollection, used: set[str]
) -> Iterator[KgxRecord]:
    """Yield the nodes: every entity, and the features that edges name."""
    categories = index_by_term(table, "category")
    for kind in _NODE_KINDS:
        for subject in facts.list_subjects(f"{BASE}{kind}/"):
            curie = compress_iri(subject)
            if kind == "feature" and curie not in used:
                continue
            classes = facts.list_curies(subject, RDF["type"])
            found = [categories[name].biolink for name in classes if name in categories]
            yield {
                "id": curie,
                "category": list(dict.fromkeys(found)) or ["biolink:NamedThing"],
                "name": facts.first_value(subject, SKOS["prefLabel"]),
                "description": facts.first_value(subject, SKOS["definition"]),
                "synonym": facts.list_values(subject, SKOS["altLabel"]),
                "xref": sorted(
                    row.object_id
                    for row in mappings.rows()
                    if row.subject_id == curie and row.predicate_id in _XREF_PREDICATES
                ),
                "iri": subject,
                "provided_by": [KNOWLEDGE_SOURCE],
            }


def _make_claim_edges(
    facts: SubjectFacts,
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
        for subject in facts.list_curies(claim, KG[name.removeprefix("kg:")]):
            for target in problems or situations:
                against = sorted({limit for s in situations for limit in limits.get((subject, s), ())})
                yield _make_edge(
                    claim, subject, row.biolink, target, _TREATMENT_ASSOCIATION
                ) | _make_qualifiers(facts, claim, against)
    if KG["FrequencyClaim"].value in facts.list_values(claim, RDF["type"]):
        for row in index_by_term(table, "phenotype").values():
            for target in facts.list_curies(claim, KG[row.term.removeprefix("kg:")]):
                for situation in situations:
                    yield _make_edge(
                        claim, situation, row.biolink, target, _PHENOTYPE_ASSOCIATION
                    ) | _make_qualifiers(facts, claim, [])


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


def _make_qualifiers(facts: SubjectFacts, claim: str, limited_by: list[str]) -> dict[str, str | list[str]]:
    """Return what the claim says beside the edge: hedge, condition, source, scope; empty slots left out."""
    features = [value for name in _FEATURE_ORIGINS for value in facts.list_values(claim, KG[name])]
    found: dict[str, str | list[str]] = {
        "description": facts.first_value(claim, RDFS["label"]),
        "publications": sorted(
            {
                d
                for span in facts.list_values(claim, KG["hasSourceSpan"])
                for d in facts.list_curies(span, OA["hasSource"])
            }
        ),
        "disease_context_qualifier": _first_value_of_any(facts, features, KG["featureOfDisease"]),
        "population_context_qualifier": _find_population(facts, features),
        "kg_claim": compress_iri(claim),
        "kg_situation": facts.list_curies(claim, KG["appliesTo"]),
        "kg_hedge": facts.list_curies(claim, KG["hasHedge"]),
        "kg_hedge_cue": facts.list_values(claim, KG["cue"]),
        "kg_only_if": [f"only if {name}" for name in facts.list_curies(claim, KG["hasPrerequisite"])],
        "kg_prerequisite": facts.list_curies(claim, KG["hasPrerequisite"]),
        "kg_proviso": facts.list_curies(claim, KG["hasProviso"]),
        "kg_goal": facts.list_curies(claim, KG["hasGoal"]),
        "kg_not_aimed_at": facts.list_curies(claim, KG["notAimedAt"]),
        "kg_temporal_cue": facts.list_values(claim, KG["temporalCue"]),
        "kg_adviser": facts.list_values(claim, KG["adviser"]),
        "kg_scope_basis": facts.list_curies(claim, KG["scopeBasis"]),
        "kg_decision": facts.list_curies(claim, KG["hasCuratorDecision"]),
        "limited_by": limited_by,
    }
    return {name: value for name, value in found.items() if value}


def _first_value_of_any(facts: SubjectFacts, features: Iterable[str], predicate: NamedNode) -> str:
    """Return the first value that one of the features has for a property, or nothing."""
    return next((value for feature in features for value in facts.list_curies(feature, predicate)), "")


def _find_population(facts: SubjectFacts, features: Iterable[str]) -> str:
    """Return the feature that is a population, or nothing."""
    kind = KG["Population"].value
    return next((compress_iri(name) for name in features if kind in facts.list_values(name, RDF["type"])), "")


def _collect_stated_limits(facts: SubjectFacts) -> dict[tuple[str, str], list[str]]:
    """Return (intervention, situation) -> what the text says against it, with the claim."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for claim in list_claims(facts):
        cues = _format_cues(facts, compress_iri(claim))
        for intervention in facts.list_curies(claim, KG["discounts"]):
            for situation in facts.list_curies(claim, KG["appliesTo"]):
                found[intervention, situation].append(f"{compress_iri(claim)} ({cues})")
    return found


def _collect_derived_limits(
    facts: SubjectFacts, derived: SubjectFacts, weakest: SubjectFacts
) -> dict[tuple[str, str], list[str]]:
    """Return the pairs that a limit of a wider situation also holds for, with its claims."""
    resting = _collect_edge_support(weakest)
    found: dict[tuple[str, str], list[str]] = {}
    for subject in derived.list_subjects(BASE):
        for situation in derived.list_curies(subject, _INHERITED_LIMIT):
            below = resting.get((compress_iri(subject), compress_iri(_INHERITED_LIMIT.value), situation), {})
            said = [
                f"{name} ({_format_cues(facts, name)})" for name in str(below.get("kg_claim", "")).split()
            ]
            found[compress_iri(subject), situation] = said or ["a limit said of a wider situation"]
    return found


def _format_cues(facts: SubjectFacts, claim: str) -> str:
    """Return the cue words of a claim given as a CURIE."""
    return ", ".join(facts.list_values(CLAIM + claim.partition(":")[2], KG["cue"]))


def _make_structure_edges(facts: SubjectFacts, table: tuple[BiolinkRow, ...]) -> Iterator[KgxRecord]:
    """Yield the edges among entities: kinds, subtypes, wider situations."""
    for name, row in index_by_term(table, "structure").items():
        for subject in facts.list_subjects(BASE):
            for target in facts.list_curies(subject, KG[name.removeprefix("kg:")]):
                yield _make_edge(name, compress_iri(subject), row.biolink, target, _PLAIN_ASSOCIATION)


def _make_inferred_edges(
    facts: SubjectFacts,
    weakest: SubjectFacts,
    table: tuple[BiolinkRow, ...],
    limits: Mapping[tuple[str, str], list[str]],
) -> Iterator[KgxRecord]:
    """Yield the edges a reasoner derived beyond the claims, marked so, with their weakest hedge."""
    resting = _collect_edge_support(weakest)
    for name, row in index_by_term(table, "inferred").items():
        for subject in facts.list_subjects(BASE):
            for target in facts.list_curies(subject, KG[name.removeprefix("kg:")]):
                edge = _make_edge(
                    name,
                    compress_iri(subject),
                    row.biolink,
                    target,
                    _TREATMENT_ASSOCIATION,
                    "logical_entailment",
                )
                against = limits.get((compress_iri(subject), target), [])
                edge |= {"description": row.note, **resting.get((compress_iri(subject), name, target), {})}
                yield edge | ({"limited_by": against} if against else {})


def _collect_edge_support(weakest: SubjectFacts) -> dict[tuple[str, str, str], dict[str, str | list[str]]]:
    """Return (subject, property, object) of derived edges -> their claims and weakest hedge."""
    found: dict[tuple[str, str, str], dict[str, str | list[str]]] = {}
    for node in weakest.list_subjects(BASE):
        ends = [
            next(iter(weakest.list_curies(node, RDF[end])), "") for end in ("subject", "predicate", "object")
        ]
        found[ends[0], ends[1], ends[2]] = {
            "kg_claim": " ".join(weakest.list_curies(node, KG["restsOnClaim"])),
            "kg_hedge": weakest.list_curies(node, KG["weakestHedge"]),
        }
    return found


def _list_unexported(facts: SubjectFacts, table: tuple[BiolinkRow, ...]) -> Iterator[KgxRecord]:
    """Yield the claims that make no edge, with the reason."""
    reasons = {row.term: row.note for row in index_by_term(table, "predicate").values() if not row.biolink}
    for claim in list_claims(facts):
        for name, note in reasons.items():
            for intervention in facts.list_curies(claim, KG[name.removeprefix("kg:")]):
                yield {
                    "claim": compress_iri(claim),
                    "property": name,
                    "intervention": intervention,
                    "reason": note,
                }
