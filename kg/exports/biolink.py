"""The table `data/mappings/biolink.tsv`: how our classes and properties read in Biolink."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kg.errors import BadData

BIOLINK_TABLE = Path("data") / "mappings" / "biolink.tsv"
BIOLINK_SLOTS = ("category", "predicate", "phenotype", "structure", "inferred")


@dataclass(frozen=True, slots=True)
class BiolinkRow:
    """Our term, the slot it fills, the Biolink term (empty: not exported) and why."""

    term: str
    slot: str
    biolink: str
    note: str


def read_biolink_table(root: Path) -> tuple[BiolinkRow, ...]:
    """Return the table of the project at `root`; raises BadData with the line of a broken row."""
    rows = []
    for number, line in enumerate((root / BIOLINK_TABLE).read_text("utf-8").splitlines(), 1):
        if line.startswith(("#", "term\t")):
            continue
        cells = line.split("\t")
        if len(cells) != 4 or cells[1] not in BIOLINK_SLOTS or cells[2] == "biolink:treats":
            todo = f"Write term, one of {', '.join(BIOLINK_SLOTS)}, a Biolink term that is not biolink:treats, a note."
            raise BadData(
                "The row cannot be used.", location=BIOLINK_TABLE.as_posix(), line=number, hint=todo
            )
        rows.append(BiolinkRow(*cells))
    return tuple(rows)


def index_by_term(rows: tuple[BiolinkRow, ...], slot: str) -> dict[str, BiolinkRow]:
    """Return the rows of one slot by our term."""
    return {row.term: row for row in rows if row.slot == slot}
