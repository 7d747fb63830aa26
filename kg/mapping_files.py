"""The files of data/mappings: the prefix table, the SSSOM files of each verdict, the unmapped entities."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kg.errors import BadData, NotFound
from kg.model.code_links import CodeRelation, parse_code_relations
from kg.model.code_spellings import parse_code_spellings
from kg.model.identifiers import PrefixTable, parse_vocabularies
from kg.model.mapping_sets import MAPPING_VERDICTS, MappingCollection, MappingSet, parse_sssom
from kg.text_files import read_text

MAPPINGS_FOLDER = "data/mappings"
CODE_RELATIONS_FILE = f"{MAPPINGS_FOLDER}/code_relations.tsv"
PREFIX_TABLE_FILE = f"{MAPPINGS_FOLDER}/prefixes.tsv"


def read_prefixes(root: Path) -> PrefixTable:
    """Return the outside vocabularies of the project at `root`."""
    vocabularies = parse_vocabularies(_read_mapping_file(root / PREFIX_TABLE_FILE), PREFIX_TABLE_FILE)
    files = (f"{MAPPINGS_FOLDER}/code_systems.tsv", f"{MAPPINGS_FOLDER}/code_shapes.tsv")
    if not all((root / file).is_file() for file in files):
        return PrefixTable(vocabularies)
    systems, shapes = (_read_mapping_file(root / file) for file in files)
    return PrefixTable(vocabularies, parse_code_spellings(systems, shapes, *files))


def read_code_relations(root: Path) -> dict[str, CodeRelation]:
    """Return what a code can be to another, by property IRI; none for a project without the table."""
    path = root / CODE_RELATIONS_FILE
    if not path.is_file():
        return {}
    return parse_code_relations(_read_mapping_file(path), read_prefixes(root), CODE_RELATIONS_FILE)


def read_mappings(root: Path) -> MappingCollection:
    """Return all mapping files, by verdict and name; raises BadData for the first broken one."""
    mapping_sets = []
    for mapping_set in read_each_mapping_set(root):
        if isinstance(mapping_set, BadData):
            raise mapping_set
        mapping_sets.append(mapping_set)
    return MappingCollection(tuple(mapping_sets))


def read_each_mapping_set(root: Path) -> Iterator[MappingSet | BadData]:
    """Yield each mapping file, or the error that says what is wrong with it, by verdict and name."""
    for verdict in MAPPING_VERDICTS:
        for path in sorted((root / MAPPINGS_FOLDER / verdict).glob("*.sssom.tsv")):
            try:
                yield parse_sssom(_read_mapping_file(path), path.relative_to(root).as_posix(), verdict)
            except BadData as error:
                yield error


def read_unmapped(root: Path) -> dict[str, str]:
    """Return entity -> reason why it has no counterpart outside; raises BadData for the first broken row."""
    reasons: dict[str, str] = {}
    for entity, reason in read_unmapped_rows(root):
        if isinstance(reason, BadData):
            raise reason
        reasons[entity] = reason
    return reasons


def read_unmapped_rows(root: Path) -> Iterator[tuple[str, str | BadData]]:
    """Yield each unmapped entity with its reason, or with the error that says what is wrong with its row."""
    path = root / MAPPINGS_FOLDER / "unmapped.tsv"
    seen: set[str] = set()
    for number, line in enumerate(_read_mapping_file(path).splitlines(), 1):
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
                location=path.relative_to(root).as_posix(),
                line=number,
                hint="Write entity, tab, reason.",
            ),
        )


def _read_mapping_file(path: Path) -> str:
    """Return the text of a file; raises NotFound when it is missing, BadData when it is not UTF-8 text."""
    if not path.is_file():
        raise NotFound(f"{path.name} is missing.", location=str(path), hint="Restore it from the repository.")
    return read_text(path)
