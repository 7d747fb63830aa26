"""Reading data/mappings: the prefix table, the SSSOM files of the three verdicts, the unmapped entities."""

from __future__ import annotations

from pathlib import Path

from kg.errors import BadData, NotFound
from kg.mappings.prefixes import Prefixes, parse_vocabularies
from kg.mappings.rows import VERDICTS, Mappings
from kg.mappings.sssom import parse

FOLDER = "data/mappings"


def read_prefixes(root: Path) -> Prefixes:
    """Return the outside vocabularies of the project at `root`."""
    path = root / FOLDER / "prefixes.tsv"
    return Prefixes(parse_vocabularies(_text(path), str(path.relative_to(root))))


def read_mappings(root: Path) -> Mappings:
    """Return all mapping files, in the order of verdict and name."""
    return Mappings(
        tuple(
            parse(_text(path), str(path.relative_to(root)), verdict)
            for verdict in VERDICTS
            for path in sorted((root / FOLDER / verdict).glob("*.sssom.tsv"))
        )
    )


def read_unmapped(root: Path) -> dict[str, str]:
    """Return entity -> why it has no counterpart outside."""
    path = root / FOLDER / "unmapped.tsv"
    found: dict[str, str] = {}
    for number, line in enumerate(_text(path).splitlines(), 1):
        if line.startswith(("#", "entity\t")):
            continue
        entity, tab, reason = line.partition("\t")
        if not tab or not reason.strip() or entity in found:
            raise BadData(
                "The row has no reason or repeats an entity.",
                where=str(path.relative_to(root)),
                line=number,
                todo="Write entity, tab, reason.",
            )
        found[entity] = reason
    return found


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
