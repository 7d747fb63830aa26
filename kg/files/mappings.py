"""Reading data/mappings: the prefix table, the SSSOM files of the three verdicts, the unmapped entities."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kg.errors import BadData, NotFound
from kg.mappings.prefixes import Prefixes, parse_vocabularies
from kg.mappings.rows import VERDICTS, Mappings, MappingSet
from kg.mappings.sssom import parse

FOLDER = "data/mappings"
VOCABULARIES = f"{FOLDER}/prefixes.tsv"


def read_prefixes(root: Path) -> Prefixes:
    """Return the outside vocabularies of the project at `root`."""
    path = root / VOCABULARIES
    return Prefixes(parse_vocabularies(_text(path), path.relative_to(root).as_posix()))


def read_mappings(root: Path) -> Mappings:
    """Return all mapping files, in the order of verdict and name; raises BadData for the first broken one."""
    found = []
    for mapping_set in each_mapping_set(root):
        if isinstance(mapping_set, BadData):
            raise mapping_set
        found.append(mapping_set)
    return Mappings(tuple(found))


def each_mapping_set(root: Path) -> Iterator[MappingSet | BadData]:
    """Yield each mapping file, or what is wrong with it, in the order of verdict and name."""
    for verdict in VERDICTS:
        for path in sorted((root / FOLDER / verdict).glob("*.sssom.tsv")):
            try:
                yield parse(_text(path), path.relative_to(root).as_posix(), verdict)
            except BadData as error:
                yield error


def read_unmapped(root: Path) -> dict[str, str]:
    """Return entity -> why it has no counterpart outside; raises BadData for the first broken row."""
    found: dict[str, str] = {}
    for entity, reason in unmapped_rows(root):
        if isinstance(reason, BadData):
            raise reason
        found[entity] = reason
    return found


def unmapped_rows(root: Path) -> Iterator[tuple[str, str | BadData]]:
    """Yield each entity that is not mapped with the reason, or with what is wrong with its row."""
    path = root / FOLDER / "unmapped.tsv"
    seen: set[str] = set()
    for number, line in enumerate(_text(path).splitlines(), 1):
        if line.startswith(("#", "entity\t")):
            continue
        entity, tab, reason = line.partition("\t")
        if tab and reason.strip() and entity not in seen:
            seen.add(entity)
            yield entity, reason
            continue
        yield (
            entity,
            BadData(
                "The row has no reason or repeats an entity.",
                where=path.relative_to(root).as_posix(),
                line=number,
                todo="Write entity, tab, reason.",
            ),
        )


def _text(path: Path) -> str:
    """Return the text of a file; raises NotFound or BadData with a sentence."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFound(
            f"{path.name} is missing.", where=str(path), todo="Restore it from the repository."
        ) from error
    except UnicodeDecodeError as error:
        raise BadData("The file is not UTF-8.", where=str(path), todo="Save it as UTF-8.") from error
