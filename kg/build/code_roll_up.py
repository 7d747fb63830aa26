"""The ways from codes in the imports to terms with a link: brands, salts, products, packages, narrower terms.

Walks down from the linked terms over the relations of `data/mappings/code_relations.tsv`, then collects
what else the products found are made of, so that a combination is known for one. Where an import has names
only, as the table of RxNorm labels, the names are taken apart (`kg.model.product_names`); each edge says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from pyoxigraph import Literal, NamedNode, Quad

from kg.mapping_files import MAPPINGS_FOLDER, read_code_relations, read_prefixes
from kg.model.code_links import CodeRelation
from kg.model.graphs import name_outside_extract
from kg.model.import_registry import ImportedDataset
from kg.model.mapping_sets import EQUIVALENCE_PREDICATES
from kg.model.product_names import (
    NameWords,
    ProductName,
    ProductNames,
    fold_name,
    list_brands,
    parse_name_words,
)
from kg.namespaces import DCTERMS, INGREDIENT_NAME, OWL, RDFS, expand_curie
from kg.text_files import read_text
from sparqlhost.store.interface import Store, get_term_text

_LABEL, _IS_A = RDFS["label"], RDFS["subClassOf"]
#: kinds of relation that lead down from a linked ingredient to what contains it
_MADE_OF = frozenset({"product", "ingredient", "brand", "salt", "part", "same", "mapped", "retired"})
_READ_FROM_NAME = "read from the name, not from a relation of the file"
_CHUNK = 2_000
_MAX_STEPS = 12
_MAX_TERMS = 300_000

#: a term, a relation and a term, as IRIs, and how it was read ("" for a statement of the file)
WayEdge = tuple[str, str, str, str]


@dataclass(slots=True)
class _LinkedTerms:
    """IRIs of terms with a link: those close enough, those that stand for all below them, and names."""

    equivalent: set[str] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RollUp:
    """The tables of the project that a roll-up needs; `linked` is read of the built graph."""

    relations: Mapping[str, CodeRelation]
    words: NameWords
    linked: _LinkedTerms
    named_products: tuple[str, ...]

    @property
    def product_names(self) -> ProductNames:
        """Return the names of the linked ingredients."""
        return ProductNames(self.linked.names, self.words)


def read_roll_up(built: Store, root: Path) -> RollUp | None:
    """Return the tables and the linked terms; None for a project without these tables."""
    words_file = root / MAPPINGS_FOLDER / "name_words.tsv"
    relations = read_code_relations(root)
    if not relations or not words_file.is_file():
        return None
    words = parse_name_words(read_text(words_file), words_file.name)
    query = read_text(root / "queries" / "pages" / "mapped.rq")
    vocabularies = read_prefixes(root).vocabularies
    homes = tuple(vocabularies[prefix].iri_prefix for prefix in sorted(words.product_vocabularies))
    return RollUp(relations, words, _read_linked_terms(built, query, words), homes)


def extract_ways(imports: Store, datasets: Iterable[ImportedDataset], roll_up: RollUp) -> Iterator[Quad]:
    """Yield the ways from codes of the imports to linked terms, each in the extract of its import."""
    listed = list(datasets)
    edges: dict[str, set[WayEdge]] = defaultdict(set)
    targets = set(roll_up.linked.equivalent)
    for imported in listed:
        read = set(_read_product_names(imports, imported, roll_up)) | set(
            _name_edges(imports, imported, roll_up)
        )
        edges[imported.id] |= read
        targets |= {start for start, *_ in read}
    made_of = [iri for iri, relation in roll_up.relations.items() if relation.kind in _MADE_OF]
    found = _walk(imports, listed, targets, made_of, edges, downwards=True)
    _walk(imports, listed, found, made_of, edges, downwards=False)
    _walk(imports, listed, set(roll_up.linked.whole), [_IS_A.value], edges, downwards=True)
    for imported in listed:
        yield from _write_extract(imports, imported, edges[imported.id])


def _walk(
    imports: Store,
    datasets: Iterable[ImportedDataset],
    starts: set[str],
    relations: list[str],
    edges: dict[str, set[WayEdge]],
    *,
    downwards: bool,
) -> set[str]:
    """Add the edges met from `starts` against (`downwards`) or along the relations; return all terms met."""
    seen: set[str] = set()
    frontier = set(starts)
    listed = ", ".join(f"<{iri}>" for iri in relations)
    for _ in range(_MAX_STEPS):
        frontier -= seen
        seen |= frontier
        if not frontier or len(seen) > _MAX_TERMS:
            break
        known, bound = ("o", "s") if downwards else ("s", "o")
        ends: set[str] = set()
        for imported in datasets:
            for chunk in _split(frontier):
                # one VALUES only: with two of them the store scans the graph for each pair
                query = f"""SELECT ?s ?p ?o {{ VALUES ?{known} {{ {_list_iris(chunk)} }}
                  GRAPH {imported.graph} {{ ?s ?p ?o }} FILTER (isIRI(?o) && ?p IN ({listed})) }}"""
                for row in imports.select(query):
                    start, relation, target = (get_term_text(row[name]) for name in "spo")
                    edges[imported.id].add((start, relation, target, ""))
                    ends.add(get_term_text(row[bound]))
        frontier = ends
    return seen


def _split(terms: Iterable[str]) -> Iterator[list[str]]:
    """Yield the terms in chunks that one query takes."""
    listed = sorted(terms)
    for start in range(0, len(listed), _CHUNK):
        yield listed[start : start + _CHUNK]


def _list_iris(iris: Iterable[str]) -> str:
    return " ".join(f"<{iri}>" for iri in iris)


def _write_extract(imports: Store, imported: ImportedDataset, edges: set[WayEdge]) -> Iterator[Quad]:
    """Yield the edges of one import, the labels of their terms, and where they are from."""
    if not edges:
        return
    graph = name_outside_extract(imported.id)
    yield Quad(graph, DCTERMS["isPartOf"], imported.graph, graph)
    yield Quad(graph, OWL["versionInfo"], Literal(imported.version), graph)
    yield Quad(
        graph, DCTERMS["source"], Literal(imported.source.replace("\\", "/").rpartition("/")[2]), graph
    )
    terms = {end for start, _, target, _ in edges for end in (start, target)}
    for start, relation, target, how in sorted(edges):
        yield Quad(NamedNode(start), NamedNode(relation), NamedNode(target), graph)
        if how:
            yield Quad(NamedNode(start), RDFS["comment"], Literal(how), graph)
    for chunk in _split(terms):
        query = f"""SELECT ?s ?label {{ VALUES ?s {{ {_list_iris(chunk)} }}
          GRAPH {imported.graph} {{ ?s {_LABEL} ?label }} }}"""
        for row in imports.select(query):
            yield Quad(
                NamedNode(get_term_text(row["s"])), _LABEL, Literal(get_term_text(row["label"])), graph
            )


# -- names ---


def _read_linked_terms(built: Store, query: str, words: NameWords) -> _LinkedTerms:
    """Return the linked terms; the names are those of all terms of an entity that is one substance."""
    linked = _LinkedTerms()
    names: dict[str, set[str]] = defaultdict(set)
    substances: dict[str, str] = {}
    equivalent = {expand_curie(predicate) for predicate in EQUIVALENCE_PREDICATES}
    for row in built.select(query):
        iri, match, entity = (get_term_text(row.get(name)) for name in ("target", "match", "entity"))
        if match in equivalent:
            linked.equivalent.add(iri)
            names[entity] |= {get_term_text(row.get("label")), get_term_text(row.get("entity_label"))}
            vocabulary = get_term_text(row.get("curie")).partition(":")[0]
            if vocabulary in words.vocabularies and not (entity in substances and vocabulary == "unii"):
                substances[entity] = iri
        if match in (expand_curie("skos:exactMatch"), expand_curie("skos:narrowMatch")):
            linked.whole.add(iri)
    for entity, iri in substances.items():
        linked.names.update(dict.fromkeys(filter(None, names[entity]), iri))
    return linked


def _name_edges(imports: Store, imported: ImportedDataset, roll_up: RollUp) -> Iterator[WayEdge]:
    """Yield the edges from names of ingredients in a table to the linked ingredient of that name."""
    query = f"""SELECT DISTINCT ?name ?label {{ GRAPH {imported.graph} {{ ?name {_LABEL} ?label
      FILTER STRSTARTS(STR(?name), "{INGREDIENT_NAME}") }} }}"""
    names = roll_up.product_names
    for row in imports.select(query):
        name, label = get_term_text(row["name"]), get_term_text(row["label"])
        target, is_salt = names.find_ingredient(names.strip_form(label))
        if target:
            yield (
                name,
                _find_relation(roll_up, "salt" if is_salt else "same"),
                target,
                "matched by its whole name",
            )


def _find_relation(roll_up: RollUp, kind: str) -> str:
    return next(iri for iri, relation in roll_up.relations.items() if relation.kind == kind)


def _read_product_names(imports: Store, imported: ImportedDataset, roll_up: RollUp) -> Iterator[WayEdge]:
    """Yield the edges that the names of an import give, if it has names of products and no relations."""
    homes = " || ".join(f'STRSTARTS(STR(?s), "{iri}")' for iri in roll_up.named_products)
    made_of = [iri for iri, relation in roll_up.relations.items() if relation.kind in _MADE_OF]
    probe = f"""ASK {{ VALUES ?p {{ {_list_iris(made_of)} }}
      GRAPH {imported.graph} {{ ?s ?p ?o FILTER isIRI(?o) }} }}"""
    if imports.ask(probe):
        return
    query = f"""SELECT ?s ?label {{ GRAPH {imported.graph} {{ ?s {_LABEL} ?label
      FILTER ({homes}) }} }}"""
    labels = {get_term_text(row["s"]): get_term_text(row["label"]) for row in imports.select(query)}
    if labels:
        yield from _edges_of_names(labels, roll_up)


def _edges_of_names(labels: Mapping[str, str], roll_up: RollUp) -> Iterator[WayEdge]:
    """Yield the edges of names that hold a linked ingredient or a brand of one."""
    names = roll_up.product_names
    by_name = {fold_name(label): iri for iri, label in labels.items()}
    first_words = tuple({fold_name(name).split()[0] for name in roll_up.linked.names})
    parsed = {
        iri: names.parse(label)
        for iri, label in labels.items()
        if any(word in label.casefold() for word in first_words)
    }
    brands = list_brands(name for name in parsed.values() if name.targets)
    for iri, name in parsed.items():
        if name.targets and iri not in name.targets:
            yield from _edges_of_name(iri, name, by_name, roll_up)
    starts = tuple(brands)
    for iri, label in labels.items():
        folded = fold_name(label)
        if folded.startswith(starts) and not (iri in parsed and parsed[iri].targets):
            brand = folded if folded in brands else fold_name(names.strip_form(label))
            kind = "brand" if folded in brands else "ingredient"
            for target in brands.get(brand, ()):
                yield iri, _find_relation(roll_up, kind), target, _READ_FROM_NAME


def _edges_of_name(
    iri: str, name: ProductName, by_name: Mapping[str, str], roll_up: RollUp
) -> Iterator[WayEdge]:
    """Yield the edges of one name: to each ingredient, known or not."""
    is_salt = name.is_bare and len(name.ingredients) == 1 and name.ingredients[0].is_salt
    kind = "salt" if is_salt else "ingredient"
    for part in name.ingredients:
        folded = fold_name(part.name)
        known = part.target or by_name.get(folded) or INGREDIENT_NAME + quote(folded)
        component = by_name.get(fold_name(f"{part.name} {part.strength}"))
        if part.strength and component and component != iri:
            yield iri, _find_relation(roll_up, "product"), component, _READ_FROM_NAME
        elif known != iri:
            yield iri, _find_relation(roll_up, kind), known, _READ_FROM_NAME
