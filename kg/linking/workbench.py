"""What linking works with, opened once: our entities, the imports' names, and what was judged already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from kg.errors import NotFound
from kg.files.mappings import read_mappings, read_prefixes
from kg.linking.beside import refresh_build
from kg.linking.candidates import Candidate, JudgedMappings, find_candidates
from kg.linking.curies import CurieNormalizer
from kg.linking.entities import LinkableEntity, read_entities, select_entities
from kg.linking.index import NameIndex, is_indexed, open_name_index
from kg.linking.registry import find_import, list_imports, locate_import_store
from kg.mappings.prefixes import PrefixTable
from kg.mappings.rows import MappingCollection
from kg.pipeline import open_build
from kg.settings import Settings
from kg.store.imports import open_readonly
from kg.store.memory import MemoryStore


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
