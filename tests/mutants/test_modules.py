"""The table of `python -m tests.mutants` names what exists; a moved module would go untested."""

from __future__ import annotations

from pathlib import Path

TABLE = Path(__file__).with_name("modules.tsv")


def test_every_module_and_its_tests_exist(root: Path) -> None:
    rows = [line.split("\t") for line in TABLE.read_text("utf-8").splitlines() if not line.startswith("#")]
    assert len(rows) >= 16
    assert len({module for module, _ in rows}) == len(rows)
    paths = [path for module, tests in rows for path in (module, *tests.split())]
    assert [path for path in paths if not (root / path).exists()] == []
