"""What linking works with, opened once: our entities, the imports' names, and what was judged already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from kg.errors import NotFound
from kg.files.mappings import read_mappings, read_prefixes
from kg.linking.beside import refresh
from kg.linking.candidates import Candidate, Judged, candidates
from kg.linking.curies import Curies
from kg.linking.entities import Entity, chosen, entities
from kg.linking.index import NameIndex, is_made, opened
from kg.linking.registry import listed, named, store_path
from kg.mappings.prefixes import Prefixes
from kg.mappings.rows import Mappings
from kg.pipeline import open_build
from kg.settings import Settings
from kg.store.imports import open_readonly
from kg.store.memory import MemoryStore


@dataclass(frozen=True, slots=True)
class Workbench:
    """Entities, indexes, mappings and spellings; `path` is the store of the imports."""

    settings: Settings
    path: Path
    entities: tuple[Entity, ...]
    indexes: tuple[NameIndex, ...]
    mappings: Mappings
    prefixes: Prefixes
    curies: Curies

    def pick(self, wanted: Sequence[str]) -> tuple[Entity, ...]:
        """Return the entities a user points at, all when none is named."""
        return chosen(self.entities, wanted) if wanted else self.entities

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for index in self.indexes:
            index.close()

    def source(self, imported: str) -> str:
        """Return the name of the file an import came from."""
        return next((i.imported.source for i in self.indexes if i.imported.id == imported), imported)

    def candidates(
        self,
        entity: Entity,
        top: int = 5,
        keep: Callable[[str], bool] = lambda verdict: verdict != "rejected",
    ) -> list[Candidate]:
        """Return the best candidates of an entity in each import; rejected pairs stay silent."""
        return candidates(entity, self.indexes, Judged.of(self.mappings), self.curies, top, keep)


def workbench(
    settings: Settings,
    imports: Iterable[str] = (),
    store: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
    make: bool = True,
    needed: bool = True,
) -> Workbench:
    """Open the workbench over the named imports, all when none is named; `tell` hears of one-time work.

    With `make` off nothing is made: imports without an index are left out; with `needed`
    off there need be none. Raises NotFound where there is no such import, StoreUnavailable without a build.
    """
    path = store_path(settings, store)
    if needed and not path.is_dir():
        raise NotFound(
            "Nothing was imported yet.", where=str(path), todo="Bring an ontology in: kg import FILE."
        )
    if make:
        refresh(settings, path)
    prefixes = read_prefixes(settings.root)
    curies = Curies(prefixes)
    held = open_readonly(path) if path.is_dir() else MemoryStore()
    wanted = [named(held, ident) for ident in imports] or list(listed(held))
    folder = path.with_name(f"{path.name}.index")
    ready = wanted if make else [imported for imported in wanted if is_made(imported, folder)]
    indexes = tuple(opened(held, imported, folder, curies, tell) for imported in ready)
    return Workbench(
        settings=settings,
        path=path,
        entities=entities(open_build(settings)),
        indexes=indexes,
        mappings=read_mappings(settings.root),
        prefixes=prefixes,
        curies=curies,
    )
