"""The mappings for terminology servers and data warehouses: FHIR ConceptMap, OMOP source-to-concept rows.

A map's source is the outside code, its target the entity: what a server is asked to translate is a code. A
pair that was refused is stated as not related; one that is refused as a match but leads to the entity another
way (a brand, a salt, a combination) is related, and the comment says how.
"""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pyoxigraph import NamedNode

from kg.mapping_files import MAPPINGS_FOLDER, read_mappings, read_prefixes
from kg.model.code_spellings import parse_rows
from kg.model.graphs import is_outside_extract
from kg.model.identifiers import PrefixTable
from kg.model.mapping_sets import EQUIVALENCE_PREDICATES, MappingRow
from kg.namespaces import BASE, OBOINOWL, expand_curie
from kg.questions.code_answers import load_code_index
from kg.text_files import read_text
from sparqlhost.store.interface import Store, get_term_text

#: predicate, from entity to code -> relationship of R5 and equivalence of R4, from code to entity
_RELATIONSHIPS = {
    "skos:exactMatch": ("equivalent", "equivalent"),
    "skos:closeMatch": ("related-to", "relatedto"),
    "skos:relatedMatch": ("related-to", "relatedto"),
    "skos:broadMatch": ("source-is-broader-than-target", "narrower"),
    "skos:narrowMatch": ("source-is-narrower-than-target", "wider"),
}
_OTHER_WAY, _REFUSED = ("related-to", "relatedto"), ("not-related-to", "disjoint")
_LICENSE = "Creative Commons Attribution 4.0, https://creativecommons.org/licenses/by/4.0/"
#: the columns of SOURCE_TO_CONCEPT_MAP in the OMOP common data model 5.4
_OMOP_COLUMNS = (
    "source_code source_concept_id source_vocabulary_id source_code_description target_concept_id "
    "target_vocabulary_id valid_start_date valid_end_date invalid_reason"
).split()
_OMOP_SOURCE, _OMOP_END = "rrall-kg", "2099-12-31"


@dataclass(frozen=True, slots=True)
class CodePair:
    """A judged pair of a code and an entity: what each standard calls it, and a sentence about it."""

    row: MappingRow
    r5: str
    r4: str
    comment: str


def list_code_pairs(store: Store, root: Path) -> Iterator[CodePair]:
    """Yield the accepted pairs, and those that were refused; undecided ones are left out."""
    mappings, index = read_mappings(root), load_code_index(store, root)
    for row in mappings.rows():
        proof = f"proof {unquote(row.mapping_source.removeprefix('proof:'))} ({row.object_source_version})"
        parts = (row.predicate_id, row.comment, proof, f"{row.author_label} {row.mapping_date}")
        yield CodePair(row, *_RELATIONSHIPS[row.predicate_id], "; ".join(filter(None, parts)))
    for row in mappings.rows("rejected"):
        links = index.find(row.object_id).links
        ways = {link.relation for link in links if link.entity == expand_curie(row.subject_id)}
        words = _OTHER_WAY if ways else _REFUSED
        yield CodePair(row, *words, "; ".join(("no match", *sorted(ways), row.comment)))


def make_concept_map(store: Store, root: Path, release: str) -> str:
    """Return a ConceptMap as JSON; `release` is "R5" or "R4"."""
    prefixes, addresses = read_prefixes(root), _read_system_addresses(root)
    groups: dict[str, dict[str, list[CodePair]]] = defaultdict(lambda: defaultdict(list))
    for pair in list_code_pairs(store, root):
        prefix, _, code = pair.row.object_id.partition(":")
        groups[addresses.get(prefix) or prefixes.vocabularies[prefix].iri_prefix][code].append(pair)
    dates = [row.mapping_date for row in read_mappings(root).rows()]
    scope = "targetScopeUri" if release == "R5" else "targetUri"
    content: dict[str, Any] = {
        "resourceType": "ConceptMap",
        "url": f"{BASE}mappings/all",
        "version": max(dates, default=""),
        "name": "RrallKgMappings",
        "title": "Codes of outside vocabularies to rrall-kg",
        "status": "active",
        "date": max(dates, default="1970-01-01"),
        "copyright": _LICENSE,
        scope: BASE,
        "group": [
            {
                "source": system,
                "target": BASE,
                "element": [_make_element(code, pairs, release) for code, pairs in sorted(codes.items())],
            }
            for system, codes in sorted(groups.items())
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _make_element(code: str, pairs: list[CodePair], release: str) -> dict[str, Any]:
    """Return a code with its targets; labels are left out where there are none."""
    label = next((pair.row.object_label for pair in pairs if pair.row.object_label), "")
    targets = []
    for pair in pairs:
        word = {"relationship": pair.r5} if release == "R5" else {"equivalence": pair.r4}
        name = {"display": pair.row.subject_label} if pair.row.subject_label else {}
        local = expand_curie(pair.row.subject_id).removeprefix(BASE)
        targets.append({"code": local, **name, **word, "comment": pair.comment})
    return {"code": code, **({"display": label} if label else {}), "target": targets}


def _read_system_addresses(root: Path) -> dict[str, str]:
    """Return the first address by which FHIR calls each code system, by prefix (code_systems.tsv)."""
    name = f"{MAPPINGS_FOLDER}/code_systems.tsv"
    addresses: dict[str, str] = {}
    for _, (address, prefix, _) in parse_rows(read_text(root / name), 3, name):
        if address.startswith("http"):
            addresses.setdefault(prefix, address)
    return addresses


# -- OMOP ---


@dataclass(slots=True)
class _Concepts:
    """Of an imported Athena download: concepts of each code, the code's system of each, and where it maps."""

    of_code: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    systems: dict[str, str] = field(default_factory=dict)
    maps_to: dict[str, str] = field(default_factory=dict)


def make_source_to_concept_map(store: Store, root: Path) -> str:
    """Return the rows of SOURCE_TO_CONCEPT_MAP from entities to the concepts of an imported Athena download.

    A concept is that of an exact or close match, or the one that OMOP maps it to. An entity without any, or
    all of them where Athena was not imported, have concept 0 of the vocabulary None, as OMOP says it.
    """
    prefixes = read_prefixes(root)
    concepts = _read_concepts(store, prefixes)
    name = f"{MAPPINGS_FOLDER}/omop_vocabularies.tsv"
    listed = parse_rows(read_text(root / name), 3, name)
    vocabularies = {system: vocabulary for _, (vocabulary, system, _) in listed}
    by_entity: dict[str, list[MappingRow]] = defaultdict(list)
    for row in read_mappings(root).rows():
        by_entity[row.subject_id].append(row)
    rows = []
    for entity, mapped in sorted(by_entity.items()):
        found = {
            concepts.maps_to.get(concept, concept): row.mapping_date
            for row in mapped
            if row.predicate_id in EQUIVALENCE_PREDICATES
            for concept in concepts.of_code.get(prefixes.find_iri(row.object_id), ())
        }
        for concept, date in sorted((found or {"0": mapped[0].mapping_date}).items()):
            vocabulary = vocabularies.get(concepts.systems.get(concept, ""), "None")
            cells = [entity, "0", _OMOP_SOURCE, mapped[0].subject_label, concept, vocabulary]
            rows.append([*cells, date, _OMOP_END, ""])
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([_OMOP_COLUMNS, *rows])
    return out.getvalue()


def _read_concepts(store: Store, prefixes: PrefixTable) -> _Concepts:
    """Return what the extracts of the imports state of OMOP concepts."""
    concepts, home = _Concepts(), prefixes.vocabularies["omop"].iri_prefix
    mapped = expand_curie("skos:mappingRelation")
    graphs = (graph for graph in store.graph_names() if is_outside_extract(graph))
    for triple in (triple for graph in graphs for triple in store.read_graph(graph)):
        start, end = get_term_text(triple.subject), get_term_text(triple.object)
        if not start.startswith(home) or not isinstance(triple.object, NamedNode):
            continue
        if triple.predicate == OBOINOWL["hasDbXref"] and (code := prefixes.match_iri(end)):
            concepts.of_code[end].append(start.removeprefix(home))
            concepts.systems[start.removeprefix(home)] = code.prefix
        elif triple.predicate.value == mapped and end.startswith(home):
            concepts.maps_to[start.removeprefix(home)] = end.removeprefix(home)
    return concepts
