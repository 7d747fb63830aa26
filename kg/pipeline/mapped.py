"""The mappings to outside vocabularies, read from `data/mappings/`: their triples, and their mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pyoxigraph import NamedNode, Triple

from kg.errors import BadData, KgError
from kg.files.mappings import FOLDER, each_mapping_set, read_prefixes, unmapped_rows
from kg.files.places import Places
from kg.mappings.checks import check, check_unmapped
from kg.mappings.rows import Mappings, MappingSet
from kg.mappings.triples import mapping_triples as row_triples
from kg.mappings.triples import unmapped_triples, vocabulary_triples
from kg.namespaces import KG, PREFIXES, RDF
from kg.pipeline.dataset import ASSERTED, Dataset

#: kinds of entity that are mapped or explained; hedges, claims and sources are this graph's own.
_KINDS = ("dis", "sit", "feat", "int", "prob", "goal")


def mapping_triples(root: Path) -> Iterator[Triple]:
    """Yield the accepted mappings under `root`, and why other entities have none; mistakes are left out."""
    if not (root / FOLDER).is_dir():
        return
    with suppress(KgError):  # `mapping_mistakes` says it with file and line, and the build stops there
        prefixes = read_prefixes(root)
        yield from vocabulary_triples(prefixes)
        for row in _sound(root).rows():
            with suppress(KgError):
                yield from list(row_triples([row], prefixes))
    with suppress(KgError):
        yield from unmapped_triples({n: r for n, r in unmapped_rows(root) if not isinstance(r, BadData)})


def mapping_mistakes(root: Path, dataset: Dataset, places: Places) -> Iterator[BadData]:
    """Yield every mistake in the files of `data/mappings/`; none where a project has no such folder."""
    if not (root / FOLDER).is_dir():
        return
    broken = [found for found in each_mapping_set(root) if isinstance(found, BadData)]
    yield from broken
    entities, mappings = _entities(dataset), _sound(root)
    try:
        yield from check(mappings, read_prefixes(root), entities)
        if not broken:
            rows = list(unmapped_rows(root))
            yield from (row for _, row in rows if isinstance(row, BadData))
            for mistake in check_unmapped(
                mappings, [name for name, row in rows if not isinstance(row, BadData)], entities
            ):
                yield _placed(mistake, places)
    except BadData as error:
        yield error
    except KgError as error:
        yield BadData(error.what, where=error.where, todo=error.todo)


def _placed(mistake: BadData, places: Places) -> BadData:
    """Return a complaint of an entity, which starts with its CURIE, at the place where that stands."""
    prefix, _, local = mistake.what.partition(" ")[0].partition(":")
    return places.mistake(mistake.what, mistake.todo, places.of(PREFIXES.get(prefix, "") + local))


def _sound(root: Path) -> Mappings:
    """Return the mapping files that can be read."""
    return Mappings(tuple(found for found in each_mapping_set(root) if isinstance(found, MappingSet)))


def _entities(dataset: Dataset) -> frozenset[str]:
    """Return the CURIEs of the graph's own entities of the kinds that are mapped."""
    prefixes = {PREFIXES[kind]: kind for kind in _KINDS}
    found = set()
    for triple in dataset.graphs.get(ASSERTED, ()):
        if triple.predicate == RDF["type"] and isinstance(triple.subject, NamedNode) and _ours(triple.object):
            for iri, kind in prefixes.items():
                if triple.subject.value.startswith(iri):
                    found.add(f"{kind}:{triple.subject.value.removeprefix(iri)}")
    return frozenset(found)


def _ours(term: object) -> bool:
    """Return whether `term` is a class of the ontology."""
    return isinstance(term, NamedNode) and term.value.startswith(KG)
