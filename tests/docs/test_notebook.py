"""The notebook of docs/ runs from top to bottom, and each value it ends a cell with can be shown."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from kg.notebook import Table

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "python.ipynb"


def _run_cell(source: str, names: dict[str, Any]) -> Any:
    """Run a cell and return the value of its last line, as a notebook shows it."""
    tree = ast.parse(source)
    last = tree.body.pop()
    exec(compile(tree, "cell", "exec"), names)  # noqa: S102 -- the project's own notebook
    if not isinstance(last, ast.Expr):
        return None
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)  # noqa: S307


@pytest.mark.filterwarnings("ignore:Dataset.default_context:DeprecationWarning")  # rdflib's own query()
def test_the_notebook_runs() -> None:
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    names: dict[str, Any] = {}
    shown = [_run_cell(cell, names) for cell in cells]
    assert len(shown) == 11
    assert shown[2]["intervention"][0].label == "more chemotherapy"
    assert "may be an option" in shown[5]
    assert shown[7] == "imatinib"
    assert [len(value) for value in shown if isinstance(value, Table)] == [2, 4, 5]
    assert shown[-1] == 14
