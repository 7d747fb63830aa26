"""What the house tests read: the tracked files, the modules of the packages, their imports and names."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("kg", "rlreason", "sparqlhost")
#: folders that are made, for checkouts without git.
_GENERATED = {"node_modules", "dist", "out", "__pycache__", ".venv", "build"}


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module, with the line of the import statement."""

    module: str
    line: int


@cache
def list_tracked_files() -> tuple[Path, ...]:
    """Return the files that git tracks; outside a checkout, all files that are not generated."""
    command = ["/usr/bin/env", "git", "ls-files"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    names = run.stdout.splitlines() if run.returncode == 0 else []
    paths = [ROOT / name for name in names] or [p for p in ROOT.rglob("*") if not _GENERATED & set(p.parts)]
    return tuple(path for path in paths if path.is_file() and not path.is_symlink())


@cache
def list_modules() -> tuple[Path, ...]:
    """Return the Python modules of the three packages."""
    roots = [ROOT / package for package in PACKAGES]
    return tuple(
        path
        for path in list_tracked_files()
        if path.suffix == ".py" and any(path.is_relative_to(root) for root in roots)
    )


@cache
def parse_module(path: Path) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(path.read_text("utf-8"), str(path))


def name_module(path: Path) -> str:
    """Return the dotted name of a module; a package's is that of its folder."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def name_room(module: str) -> str:
    """Return the room of a dotted name: `kg.pages` of `kg.pages.entity.view`, `rlreason` of `rlreason.join`.

    A module that stands directly in `kg` is a room of its own, `sparqlhost` modules likewise.
    """
    parts = module.split(".")
    return parts[0] if parts[0] == "rlreason" else ".".join(parts[:2])


@cache
def list_imports(path: Path) -> tuple[Import, ...]:
    """Return the imports of a module, those inside functions included, those for type checkers excepted."""
    return tuple(_iter_imports(path))


def _iter_imports(path: Path) -> Iterator[Import]:
    """Yield each imported name as the module it is, or is of."""
    for node in _iter_runtime_nodes(parse_module(path)):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield Import(full if _is_own_module(full) else node.module, node.lineno)


def _iter_runtime_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that run: all but the branches under `if TYPE_CHECKING`."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _iter_runtime_nodes(child)


def _is_own_module(name: str) -> bool:
    """Return whether a dotted name is a module of ours."""
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


@cache
def collect_docstring_ids(path: Path) -> frozenset[int]:
    """Return the identities of the constants that are docstrings."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    heads = (node.body[0] for node in ast.walk(parse_module(path)) if isinstance(node, kinds) and node.body)
    return frozenset(id(head.value) for head in heads if isinstance(head, ast.Expr))


def show(path: Path, line: int = 0) -> str:
    """Return `kg/pages/rendering.py:12`, or the path alone."""
    return f"{path.relative_to(ROOT)}:{line}" if line else str(path.relative_to(ROOT))
