"""What linking works with, opened once: our entities, the imports' names, and what was judged already."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from kg.build.mapping_files import read_mappings, read_prefixes
from kg.build.publishing import open_build
from kg.errors import NotFound, StoreUnavailable, UserError
from kg.linking.build_overlay import refresh_build
from kg.linking.candidates import Candidate, JudgedMappings, find_candidates
from kg.linking.linkable_entities import LinkableEntity, read_entities, select_entities
from kg.linking.name_index import NAME_KINDS, NameIndex, is_indexed, open_name_index
from kg.linking.name_similarity import normalize_name
from kg.linking.named_remotes import get_remote_address
from kg.model.identifiers import CurieNormalizer, PrefixTable
from kg.model.import_registry import (
    ImportedDataset,
    find_import,
    get_term_text,
    list_imports,
    locate_import_store,
)
from kg.model.mapping_sets import MappingCollection
from kg.namespaces import IMPORT_GRAPH, OBO, OBOINOWL, OWL, RDFS
from kg.settings import Settings
from sparqlhost.remote_endpoint import select_from_remote
from sparqlhost.store.interface import Solutions
from sparqlhost.store.local_store import MemoryStore
from sparqlhost.store.staging import open_readonly


@dataclass(frozen=True, slots=True)
class Workbench:
    """Entities, indexes, mappings and spellings; `path` is the store of the imports."""

    settings: Settings
    store_dir: Path
    entities: tuple[LinkableEntity, ...]
    indexes: tuple[NameIndex, ...]
    mappings: MappingCollection
    prefixes: PrefixTable
    curies: CurieNormalizer

    def pick_entities(self, wanted: Sequence[str]) -> tuple[LinkableEntity, ...]:
        """Return the entities a user points at, all when none is named."""
        return select_entities(self.entities, wanted) if wanted else self.entities

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for index in self.indexes:
            index.close()

    def find_source_file(self, import_id: str) -> str:
        """Return the name of the file an import came from."""
        return next((i.imported.source for i in self.indexes if i.imported.id == import_id), import_id)

    def find_candidates(
        self,
        entity: LinkableEntity,
        top: int = 5,
        shows_verdict: Callable[[str], bool] = lambda verdict: verdict != "rejected",
    ) -> list[Candidate]:
        """Return the best candidates of an entity in each import; rejected pairs stay silent."""
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
    """Open the workbench over the named imports, all when none is named; `tell` hears of one-time work.

    With `make` off nothing is made: imports without an index are left out; with `needed`
    off there need be none. Raises NotFound where there is no such import, StoreUnavailable without a build.
    """
    path = locate_import_store(settings, store)
    if required and not path.is_dir():
        raise NotFound(
            "Nothing was imported yet.", location=str(path), hint="Bring an ontology in: kg import FILE."
        )
    if build_indexes:
        refresh_build(settings, path)
    prefixes = read_prefixes(settings.root)
    curies = CurieNormalizer(prefixes)
    held = open_readonly(path) if path.is_dir() else MemoryStore()
    wanted = [find_import(held, ident) for ident in imports] or list(list_imports(held))
    folder = path.with_name(f"{path.name}.index")
    ready = wanted if build_indexes else [imported for imported in wanted if is_indexed(imported, folder)]
    indexes = tuple(open_name_index(held, imported, folder, curies, report) for imported in ready)
    return Workbench(
        settings=settings,
        store_dir=path,
        entities=read_entities(open_build(settings)),
        indexes=indexes,
        mappings=read_mappings(settings.root),
        prefixes=prefixes,
        curies=curies,
    )


#: MERGED kg.linking.remotes
#: MERGED Candidates at a remote endpoint: its terms with our names come here, and are ranked like an import's.


_MAX_TERMS = 200
#: names asked for at a time.
_NAMES_PER_QUERY = 20
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
    settings: Settings, names: Sequence[str], wanted: Sequence[str], report: Callable[[str], None]
) -> Iterator[Workbench]:
    """Yield a workbench over what the remotes know of the wanted entities.

    A remote that fails is told of in a sentence, and what it had answered till then is used;
    raises StoreUnavailable when none of them answered anything.
    """
    known = read_entities(open_build(settings))
    picked = select_entities(known, wanted) if wanted else known
    prefixes = read_prefixes(settings.root)
    curies = CurieNormalizer(prefixes)
    places = {name: get_remote_address(settings, name) for name in names}
    stores = {name: _fetch_into_store(name, at, picked, report) for name, at in places.items()}
    if not any(stores.values()):
        raise StoreUnavailable(
            "No remote answered.",
            location=", ".join(names),
            hint="Look whether each does: kg remote test NAME.",
        )
    with tempfile.TemporaryDirectory(prefix="kg-remote-") as folder, ExitStack() as opening:
        indexes = []
        for name, store in stores.items():
            if store is not None:
                found = _describe_remote(
                    name, places[name], sum(1 for _ in store.read_graph(IMPORT_GRAPH[f"remote-{name}"]))
                )
                index = open_name_index(store, found, Path(folder), curies, lambda _: None)
                opening.callback(index.close)
                indexes.append(index)
        yield Workbench(
            settings,
            locate_import_store(settings),
            picked,
            tuple(indexes),
            read_mappings(settings.root),
            prefixes,
            curies,
        )


def _fetch_into_store(
    name: str, url: str, chosen_entities: Sequence[LinkableEntity], report: Callable[[str], None]
) -> MemoryStore | None:
    """Return what a remote knows of the entities; None where it failed before it answered anything."""
    store, graph, answered = MemoryStore(), IMPORT_GRAPH[f"remote-{name}"], False
    try:
        for triples in _fetch_triples(name, url, chosen_entities):
            answered = True
            store.load_quads([Quad(s, p, o, graph) for s, p, o in triples])
    except UserError as error:
        report(f"kg: {error}" + (" What it had answered until then is used." if answered else ""))
    return store if answered else None


def _describe_remote(name: str, url: str, triples: int) -> ImportedDataset:
    """Return the remote described like an import."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return ImportedDataset(
        f"remote-{name}", name, url, "sparql", f"asked {now}", "not stated", "0" * 64, now, triples, 0
    )


_TripleList = list[tuple[NamedNode, NamedNode, NamedNode | Literal]]


def _fetch_triples(name: str, url: str, chosen_entities: Sequence[LinkableEntity]) -> Iterator[_TripleList]:
    """Yield triples about the remote's terms: those with our names, then those with our longest words."""
    names = sorted({given for entity in chosen_entities for given, _ in entity.names})
    for first in range(0, len(names), _NAMES_PER_QUERY):
        yield _rows_to_triples(
            select_from_remote(name, url, _query_terms_by_names(names[first : first + _NAMES_PER_QUERY]))
        )
    words = sorted({max(normalize_name(given).split(), key=len) for given in names if normalize_name(given)})
    for word in words:
        if len(word) > 4:
            yield _rows_to_triples(select_from_remote(name, url, _query_terms_by_word(word)))


def _query_terms_by_names(names: Sequence[str]) -> str:
    """Return the query for terms that have one of `names`, in the spellings labels come in."""
    spellings = {form for n in names for form in (n, n.lower(), n.upper(), n.capitalize(), n.title())}
    literals = " ".join(f"{Literal(n)} {Literal(n, language='en')}" for n in sorted(spellings))
    return _query_term_descriptions(f"VALUES ?name {{ {literals} }} ?s ?named ?name .")


def _query_terms_by_word(word: str) -> str:
    """Return the query for terms with a name that holds `word`, a slip at its end forgiven."""
    part = Literal(word[: max(4, len(word) - 3)])
    return _query_term_descriptions(f"?s ?named ?name . FILTER(CONTAINS(LCASE(STR(?name)), {part}))")


def _query_term_descriptions(pattern: str) -> str:
    """Return the query for what is said of the terms a pattern finds, in whatever graph it stands."""
    named, about = (" ".join(f"<{p}>" for p in group) for group in (NAME_KINDS, _TERM_PREDICATES))
    inner = f"SELECT DISTINCT ?s {{ VALUES ?named {{ {named} }} {pattern} }} LIMIT {_MAX_TERMS}"
    return f"SELECT DISTINCT ?s ?p ?o {{ {{ {inner} }} VALUES ?p {{ {about} }} ?s ?p ?o }}"


def _rows_to_triples(solutions: Solutions) -> _TripleList:
    """Return rows as triples, those of blank nodes left out."""
    rows = ((row.get("s"), row.get("p"), row.get("o")) for row in solutions)
    return [
        (s, p, o)
        for s, p, o in rows
        if isinstance(s, NamedNode)
        and isinstance(p, NamedNode)
        and not isinstance(o, BlankNode | Triple | None)
    ]


def shown(found: Solutions) -> list[list[str]]:
    """Return rows as text."""
    return [["" if term is None else get_term_text(term) for term in row] for row in found.rows]
