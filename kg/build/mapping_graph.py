"""The graph of mappings to outside vocabularies: the triples of `data/mappings/`, and the mistakes in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pyoxigraph import NamedNode, Triple

from kg.build.loading import BuildDataset
from kg.build.turtle_files import SourceLocator
from kg.errors import BadData, UserError
from kg.mapping_files import MAPPINGS_FOLDER, read_each_mapping_set, read_prefixes, read_unmapped_rows
from kg.model.graphs import ASSERTED
from kg.model.mapping_checks import check_mappings, check_unmapped_entities
from kg.model.mapping_sets import MappingCollection, MappingSet
from kg.model.mapping_triples import mappings_to_triples, unmapped_to_triples, vocabularies_to_triples
from kg.namespaces import KG, PREFIXES, RDF

#: prefixes of the entities that need a mapping or a reason; hedges, claims and sources exist in this graph
#: only
_MAPPED_PREFIXES = ("dis", "sit", "feat", "int", "prob", "goal", "test", "var")


def read_mapping_triples(root: Path) -> Iterator[Triple]:
    """Yield the triples of the accepted mappings under `root`, and the reasons of unmapped entities.

    Rows and files with mistakes are left out here: `find_mapping_mistakes` reports them, and the build stops.
    """
    if not (root / MAPPINGS_FOLDER).is_dir():
        return
    with suppress(UserError):
        prefixes = read_prefixes(root)
        yield from vocabularies_to_triples(prefixes)
        for row in _read_valid_mappings(root).rows():
            with suppress(UserError):
                yield from list(mappings_to_triples([row], prefixes))
    with suppress(UserError):
        yield from unmapped_to_triples(
            {n: r for n, r in read_unmapped_rows(root) if not isinstance(r, BadData)}
        )


def find_mapping_mistakes(root: Path, dataset: BuildDataset, places: SourceLocator) -> Iterator[BadData]:
    """Yield every mistake in the files of `data/mappings/`; none for a project without that folder."""
    if not (root / MAPPINGS_FOLDER).is_dir():
        return
    broken = [error for error in read_each_mapping_set(root) if isinstance(error, BadData)]
    yield from broken
    entities, mappings = _list_mappable_entities(dataset), _read_valid_mappings(root)
    try:
        yield from check_mappings(mappings, read_prefixes(root), entities)
        if not broken:
            rows = list(read_unmapped_rows(root))
            yield from (row for _, row in rows if isinstance(row, BadData))
            for mistake in check_unmapped_entities(
                mappings, [name for name, row in rows if not isinstance(row, BadData)], entities
            ):
                yield _locate_mistake(mistake, places)
    except BadData as error:
        yield error
    except UserError as error:
        yield BadData(error.message, location=error.location, hint=error.hint)


def _locate_mistake(mistake: BadData, places: SourceLocator) -> BadData:
    """Return a mistake about an entity, whose CURIE is its first word, at the position of the entity."""
    prefix, _, local = mistake.message.partition(" ")[0].partition(":")
    return places.make_error(
        mistake.message, mistake.hint, places.locate_node(PREFIXES.get(prefix, "") + local)
    )


def _read_valid_mappings(root: Path) -> MappingCollection:
    """Return the mapping files without those that do not parse."""
    mapping_sets = read_each_mapping_set(root)
    return MappingCollection(tuple(found for found in mapping_sets if isinstance(found, MappingSet)))


def _list_mappable_entities(dataset: BuildDataset) -> frozenset[str]:
    """Return the CURIEs of the entities that need a mapping or a reason."""
    prefixes = {PREFIXES[kind]: kind for kind in _MAPPED_PREFIXES}
    typed = (
        triple.subject.value
        for triple in dataset.graphs.get(ASSERTED, ())
        if triple.predicate == RDF["type"]
        and isinstance(triple.subject, NamedNode)
        and _is_ontology_class(triple.object)
    )
    return frozenset(
        f"{kind}:{entity.removeprefix(iri)}"
        for entity in typed
        for iri, kind in prefixes.items()
        if entity.startswith(iri)
    )


def _is_ontology_class(term: object) -> bool:
    """Return whether `term` is a class of the ontology."""
    return isinstance(term, NamedNode) and term.value.startswith(KG)
