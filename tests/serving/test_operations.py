"""What docs/operations.md says is what the code does."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from kg.settings import Settings

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"


def rows() -> dict[str, tuple[str, str]]:
    """Return the settings of the settings module, as the table has them."""
    found = {}
    for field in fields(Settings):
        default = field.default
        if isinstance(default, Path):
            shown = f"`{default.name}/`" if field.name != "root" else "the project's folder"
        else:
            shown = f"`{default}`" if default not in ("", None, ()) else "none"
        found[f"KG_{field.name.upper()}"] = (shown, field.metadata["help"])
    return found


def test_the_table_of_settings_is_that_of_the_code() -> None:
    text = (DOCS / "operations.md").read_text()
    table = dict(
        (name, (default, meaning))
        for name, default, meaning in re.findall(r"^\| `(KG_\w+)` \| (.*?) \| (.*?) \|$", text, re.MULTILINE)
    )
    wanted = {name: (default, meaning.replace("|", "\\|")) for name, (default, meaning) in rows().items()}
    assert table == wanted


def defended() -> list[list[str]]:
    """Return the rows of the table of defences: threat, defence, tests."""
    table = (DOCS / "threat-model.md").read_text().partition("## What is defended")[2].partition("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def test_every_defence_names_a_test_or_target_that_is_there() -> None:
    makefile = (DOCS.parent / "Makefile").read_text()
    assert len(defended()) >= 20
    for row in defended():
        threat, _, tests = row
        named = re.findall(r"`((?:tests|benchmarks)/[\w/]+(?:\.py|/))`", tests)
        targets = re.findall(r"`make ([\w-]+)`", tests)
        assert named or targets, threat
        for name in named:
            assert (DOCS.parent / name).exists(), name
        for target in targets:
            assert f"\n{target}:" in makefile, target
