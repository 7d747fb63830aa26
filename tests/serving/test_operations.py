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


def test_every_test_the_threat_model_names_is_there() -> None:
    named = set(
        re.findall(r"`((?:tests|benchmarks)/[\w/]+(?:\.py|/))`", (DOCS / "threat-model.md").read_text())
    )
    assert len(named) >= 14
    for name in named:
        assert (DOCS.parent / name).exists(), name
