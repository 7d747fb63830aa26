"""How codes are written: names of code systems (URI, OID), shapes of codes, check digits.

The facts are rows of `data/mappings/code_systems.tsv` and `code_shapes.tsv`; this module applies them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import MappingProxyType

from kg.errors import BadData

# Verhoeff 1969: the multiplication table of the dihedral group D5, and the permutation of each position
_D5 = tuple(
    tuple((i + j) % 5 + 5 * (j > 4) if i < 5 else (i - j) % 5 + 5 * (j < 5) for j in range(10))
    for i in range(10)
)
_PERMUTATION = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def has_verhoeff_digit(digits: str) -> bool:
    """Return whether the last of some digits is the check digit of the others."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit)
        for _ in range(position % 8):
            value = _PERMUTATION[value]
        total = _D5[total][value]
    return total == 0


#: name of a check in code_shapes.tsv -> whether an identifier passes it
_CHECKS: MappingProxyType[str, Callable[[str], bool]] = MappingProxyType({"verhoeff": has_verhoeff_digit})


@dataclass(frozen=True, slots=True)
class CodeShape:
    """One way a code is written: `pattern` matches it, `spelling` is its normal form, with `{0}` for a group.

    `check` names the test of its check digit, "" for none.
    """

    pattern: re.Pattern[str]
    spelling: str
    check: str


@dataclass(frozen=True, slots=True)
class CodeSpellings:
    """The names and shapes of all code systems, by the prefix of the system."""

    system_names: MappingProxyType[str, str]
    shapes: MappingProxyType[str, tuple[CodeShape, ...]]

    def find_system(self, name: str) -> str:
        """Return the prefix of the code system with a URI or OID, "" for an unknown one."""
        return self.system_names.get(_fold_system_name(name), "")

    def spell(self, system: str, code: str) -> tuple[str, ...]:
        """Return every normal form that `code` may stand for; none when no shape fits it.

        Raises BadData when its check digit is wrong.
        """
        forms = []
        for shape in self.shapes.get(system, ()):
            if found := shape.pattern.fullmatch(code):
                form = shape.spelling.format(*found.groups())
                if shape.check and not _CHECKS[shape.check](form):
                    raise BadData(
                        f"The check digit of {code!r} is wrong: a digit was mistyped, lost or swapped.",
                        hint="Copy the code again from its source; spreadsheets round numbers of 16 digits.",
                    )
                forms.append(form)
        return tuple(dict.fromkeys(forms))


NO_SPELLINGS = CodeSpellings(MappingProxyType({}), MappingProxyType({}))


def parse_code_spellings(
    systems: str, shapes: str, systems_file: str = "", shapes_file: str = ""
) -> CodeSpellings:
    """Return the names and shapes of two tables (TSV); raises BadData with the line of a broken row."""
    names = {_fold_system_name(name): system for _, (name, system, _) in parse_rows(systems, 3, systems_file)}
    by_system: dict[str, list[CodeShape]] = defaultdict(list)
    for line, (system, pattern, spelling, check, _) in parse_rows(shapes, 5, shapes_file):
        if check and check not in _CHECKS:
            raise BadData(
                f"{check!r} is not a known check.",
                location=shapes_file,
                line=line,
                hint=f"Known: {', '.join(_CHECKS)}.",
            )
        template = re.sub(r"\\(\d)", lambda group: f"{{{int(group[1]) - 1}}}", spelling)
        by_system[system].append(CodeShape(re.compile(pattern, re.IGNORECASE), template, check))
    return CodeSpellings(
        MappingProxyType(names), MappingProxyType({system: tuple(rows) for system, rows in by_system.items()})
    )


def parse_rows(text: str, width: int, file_name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of each row of a table whose first row, after comments, names the columns.

    Raises BadData for a row that has not `width` cells.
    """
    has_names = False
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = line.split("\t")
        if len(cells) != width:
            raise BadData(
                f"The row has {len(cells)} cells instead of {width}.",
                location=file_name,
                line=number,
                hint="Separate them by tabs.",
            )
        if has_names:
            yield number, cells
        has_names = True


def _fold_system_name(name: str) -> str:
    """Return a URI or OID without scheme, `www.`, final slash and case."""
    return re.sub(r"^(https?://(www\.)?|urn:oid:)|/$", "", name.strip().casefold())
