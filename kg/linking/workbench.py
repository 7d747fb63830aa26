"""The workbench of a linking session: the entities, the name indexes and the mappings, opened once.

The indexes are those of imports, or are made in a temporary folder from what remote endpoints answered: the
candidates of a remote are found and ranked like those of an import.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from kg.build.opening import open_build
from kg.errors import NotFound, StoreUnavailable, UserError
from kg.linking.build_overlay import refresh_build
from kg.linking.candidates import (
    Candidate,
    JudgedMappings,
    LinkableEntity,
    find_candidates,
    read_entities,
    select_entities,
)
from kg.linking.name_index import NAME_KINDS, NameIndex, is_indexed, open_name_index
from kg.linking.name_similarity import normalize_name
from kg.linking.named_remotes import get_remote_address
from kg.mapping_files import read_mappings, read_prefixes
from kg.model.identifiers import CurieNormalizer, PrefixTable
from kg.model.import_registry import NOT_STATED, ImportedDataset, find_import, list_imports
from kg.model.mapping_sets import MappingCollection
from kg.namespaces import IMPORT_GRAPH, OBO, OBOINOWL, OWL, RDFS
from kg.settings import Settings
from sparqlhost.http import RequestLimits
from sparqlhost.remote.remote_endpoint import limit_remote_requests, select_from_remote
from sparqlhost.store.interface import Solutions
from sparqlhost.store.local_store import MemoryStore
from sparqlhost.store.staging import open_readonly


@dataclass(frozen=True, slots=True)
class Workbench:
    """Entities, name indexes, mappings and prefixes; `store_dir` is the store of the imports.

    A context manager: it closes the indexes.
    """

    settings: Settings
    store_dir: Path
    entities: tuple[LinkableEntity, ...]
    indexes: tuple[NameIndex, ...]
    mappings: MappingCollection
    prefixes: PrefixTable
    curies: CurieNormalizer

    def pick_entities(self, wanted: Sequence[str], *, as_text: bool = False) -> tuple[LinkableEntity, ...]:
        """Return the entities that a user names (see `select_entities`), all of them for no name."""
        return select_entities(self.entities, wanted, as_text=as_text) if wanted else self.entities

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for index in self.indexes:
            index.close()

    def find_source_file(self, import_id: str) -> str:
        """Return the file name or address that an import came from; for an unknown one, its id."""
        return next((i.imported.source for i in self.indexes if i.imported.id == import_id), import_id)

    def find_candidates(
        self,
        entity: LinkableEntity,
        top: int = 5,
        shows_verdict: Callable[[str], bool] = lambda verdict: verdict != "rejected",
    ) -> list[Candidate]:
        """Return the best `top` candidates in each import with a verdict that `shows_verdict` accepts."""
        return find_candidates(
            entity, self.indexes, JudgedMappings.from_mappings(self.mappings), self.curies, top, shows_verdict
        )


def open_workbench(
    settings: Settings,
    imports: Iterable[str] = (),
    store: Path | None = None,
    report: Callable[[str], None] = lambda _: None,
    build_indexes: bool = True,
    required: bool = True,
) -> Workbench:
    """Open the workbench over the named imports, or all of them; `report` gets a sentence about slow work.

    Without `build_indexes`, imports that have no index are left out and nothing is written; without
    `required`, there may be no imports. Raises NotFound for an unknown import, StoreUnavailable without a
    build.
    """
    path = settings.locate_import_store(store)
    if required and not path.is_dir():
        raise NotFound(
            "Nothing was imported yet.", location=str(path), hint="Import an ontology: kg import FILE."
        )
    if build_indexes:
        refresh_build(settings, path)
    prefixes = read_prefixes(settings.root)
    curies = CurieNormalizer(prefixes)
    store_of_imports = open_readonly(path) if path.is_dir() else MemoryStore()
    datasets = [find_import(store_of_imports, ident) for ident in imports] or list_imports(store_of_imports)
    folder = path.with_name(f"{path.name}.index")
    indexes = tuple(
        open_name_index(store_of_imports, imported, folder, curies, report)
        for imported in datasets
        if build_indexes or is_indexed(imported, folder)
    )
    return Workbench(
        settings=settings,
        store_dir=path,
        entities=read_entities(open_build(settings), settings.root),
        indexes=indexes,
        mappings=read_mappings(settings.root),
        prefixes=prefixes,
        curies=curies,
    )


# -- remote endpoints ---

#: terms that one query may return
_MAX_TERMS = 200
_NAMES_PER_QUERY = 20
#: letters of a name's longest word from which it is searched for
_MIN_WORD_LENGTH = 5
_TERM_PREDICATES = (
    *NAME_KINDS,
    OBO["IAO_0000115"].value,
    OWL["deprecated"].value,
    OBO["IAO_0100001"].value,
    RDFS["subClassOf"].value,
    OBOINOWL["hasDbXref"].value,
)


@contextmanager
def open_remote_workbench(
    settings: Settings,
    names: Sequence[str],
    wanted: Sequence[str],
    report: Callable[[str], None],
    *,
    as_text: bool = False,
) -> Iterator[Workbench]:
    """Yield a workbench over what remote endpoints know about the wanted entities.

    `report` gets a sentence for each remote that fails; what it answered before is used. Raises
    StoreUnavailable when none of them answered anything.
    """
    entities = read_entities(open_build(settings), settings.root)
    if wanted:
        entities = select_entities(entities, wanted, as_text=as_text)
    prefixes = read_prefixes(settings.root)
    curies = CurieNormalizer(prefixes)
    addresses = {name: get_remote_address(settings, name) for name in names}
    limits = limit_remote_requests(settings)
    stores = {name: _fetch_into_store(name, url, limits, entities, report) for name, url in addresses.items()}
    if not any(stores.values()):
        raise StoreUnavailable(
            "No remote answered.",
            location=", ".join(names),
            hint="Check each of them: kg remote test NAME.",
        )
    with tempfile.TemporaryDirectory(prefix="kg-remote-") as folder, ExitStack() as opening:
        indexes = []
        for name, store in stores.items():
            if store is not None:
                triples = sum(1 for _ in store.read_graph(IMPORT_GRAPH[f"remote-{name}"]))
                described = _describe_remote(name, addresses[name], triples)
                indexes.append(open_name_index(store, described, Path(folder), curies, lambda _: None))
                opening.callback(indexes[-1].close)
        yield Workbench(
            settings=settings,
            store_dir=settings.locate_import_store(),
            entities=entities,
            indexes=tuple(indexes),
            mappings=read_mappings(settings.root),
            prefixes=prefixes,
            curies=curies,
        )


def _fetch_into_store(
    name: str,
    url: str,
    limits: RequestLimits,
    entities: Sequence[LinkableEntity],
    report: Callable[[str], None],
) -> MemoryStore | None:
    """Return what a remote knows about the entities; None when it failed before it answered anything."""
    store, graph, answered = MemoryStore(), IMPORT_GRAPH[f"remote-{name}"], False
    try:
        for triples in _fetch_triples(lambda query: select_from_remote(name, url, query, limits), entities):
            answered = True
            store.load_quads([Quad(s, p, o, graph) for s, p, o in triples])
    except UserError as error:
        report(f"kg: {error}" + (" Using the partial results received so far." if answered else ""))
    return store if answered else None


def _describe_remote(name: str, url: str, triples: int) -> ImportedDataset:
    """Return a description of a remote as if it were an import; the time makes its index a new one."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return ImportedDataset(
        id=f"remote-{name}",
        title=name,
        source=url,
        format="sparql",
        version=f"asked {now}",
        licence=NOT_STATED,
        sha256="0" * 64,
        date=now,
        triples=triples,
        terms=0,
    )


_TripleList = list[tuple[NamedNode, NamedNode, NamedNode | Literal]]


def _fetch_triples(
    select: Callable[[str], Solutions], entities: Sequence[LinkableEntity]
) -> Iterator[_TripleList]:
    """Yield triples about a remote's terms: those with a name of the entities, then with a longest word.

    Equal names first: an endpoint with an index of literals answers these at once, while a search for a part
    of a name may run into its time limit.
    """
    names = sorted({name for entity in entities for name, _ in entity.names})
    for first in range(0, len(names), _NAMES_PER_QUERY):
        yield _rows_to_triples(select(_query_terms_by_names(names[first : first + _NAMES_PER_QUERY])))
    normalized = filter(None, map(normalize_name, names))
    for word in sorted({max(name.split(), key=len) for name in normalized}):
        if len(word) >= _MIN_WORD_LENGTH:
            yield _rows_to_triples(select(_query_terms_by_word(word)))


def _query_terms_by_names(names: Sequence[str]) -> str:
    """Return the query for terms with one of `names`, in the usual capitalizations, plain or in English."""
    # A literal is matched exactly (an index look-up), so the usual spellings are all asked for; a filter with
    # LCASE would make the endpoint scan all labels.
    spellings = {text for n in names for text in (n, n.lower(), n.upper(), n.capitalize(), n.title())}
    literals = " ".join(f"{Literal(n)} {Literal(n, language='en')}" for n in sorted(spellings))
    return _query_term_descriptions(f"VALUES ?name {{ {literals} }} ?s ?named ?name .")


def _query_terms_by_word(word: str) -> str:
    """Return the query for terms with a name that contains `word`, its last letters left out."""
    part = Literal(word[: max(4, len(word) - 3)])
    return _query_term_descriptions(f"?s ?named ?name . FILTER(CONTAINS(LCASE(STR(?name)), {part}))")


def _query_term_descriptions(pattern: str) -> str:
    """Return the query for the descriptions of the terms that a pattern finds, in the default graph."""
    name_predicates = " ".join(f"<{predicate}>" for predicate in NAME_KINDS)
    predicates = " ".join(f"<{predicate}>" for predicate in _TERM_PREDICATES)
    terms = f"SELECT DISTINCT ?s {{ VALUES ?named {{ {name_predicates} }} {pattern} }} LIMIT {_MAX_TERMS}"
    return f"SELECT DISTINCT ?s ?p ?o {{ {{ {terms} }} VALUES ?p {{ {predicates} }} ?s ?p ?o }}"


def _rows_to_triples(solutions: Solutions) -> _TripleList:
    """Return the rows of ?s ?p ?o as triples, without those that have a blank node."""
    rows = ((row.get("s"), row.get("p"), row.get("o")) for row in solutions)
    return [
        (s, p, o)
        for s, p, o in rows
        if isinstance(s, NamedNode)
        and isinstance(p, NamedNode)
        and not isinstance(o, BlankNode | Triple | None)
    ]
