"""Measure the shape of one or more checkouts, side by side: `measure.py [CHECKOUT ...]` (default: this one).

Counts lines, modules, functions and their names, comments, names used twice and import cycles of the packages
`kg`, `rlreason` and `sparqlhost`. Reads source text only; nothing is imported or run.
"""

from __future__ import annotations

import ast
import io
import statistics
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("kg", "rlreason", "sparqlhost")
HERE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Module:
    """One source file: its dotted name, text and syntax tree."""

    name: str
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        """The room the module stands in: `kg.pages`, `rlreason`, `sparqlhost.pool`."""
        parts = self.name.split(".")
        return parts[0] if parts[0] == "rlreason" or len(parts) == 1 else ".".join(parts[:2])


def read_modules(root: Path) -> list[Module]:
    """Return the modules of the measured packages below `root`, those that exist there."""
    found = []
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            name = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
            text = path.read_text("utf-8")
            found.append(Module(name, text, ast.parse(text)))
    return found


def iter_functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method of a module, nested ones too; dunder methods excepted."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("__"):
            yield node


def count_comments(text: str) -> int:
    """Return the number of comment tokens in a source text."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return sum(token.type == tokenize.COMMENT for token in tokens)


def repeated_module_names(modules: list[Module]) -> list[str]:
    """Return file names that occur more than once, apart from roles that the folder explains."""
    names = Counter(m.name.rsplit(".", 1)[-1] for m in modules if "." in m.name)
    folders = {m.name.rsplit(".", 2)[-2] for m in modules if m.name.count(".") > 1}
    return sorted(n for n, c in names.items() if c > 1 and n not in {"view", "handler"} | folders)


def repeated_class_names(modules: list[Module]) -> list[str]:
    """Return public class names that are defined in more than one module."""
    names = Counter(
        node.name
        for m in modules
        for node in m.tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    return sorted(name for name, count in names.items() if count > 1)


def package_imports(modules: list[Module]) -> dict[str, set[str]]:
    """Return package -> packages it imports, imports inside functions included."""
    known = {m.name: m.package for m in modules}
    edges: dict[str, set[str]] = {m.package: set() for m in modules}
    for m in modules:
        for node in ast.walk(m.tree):
            targets: list[str] = []
            if isinstance(node, ast.Import):
                targets = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                targets = [f"{node.module}.{alias.name}" for alias in node.names]
            for target in targets:
                package = known.get(target) or known.get(target.rsplit(".", 1)[0])
                if package and package != m.package:
                    edges[m.package].add(package)
    return edges


def find_package_cycles(edges: dict[str, set[str]]) -> list[str]:
    """Return the pairs of packages that reach each other; the bare top-level modules are not a package."""

    def reachable(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            for target in edges.get(waiting.pop(), set()):
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
        return seen

    reach = {package: reachable(package) for package in edges}
    rooms = sorted(package for package in edges if package not in PACKAGES or package == "rlreason")
    return [f"{a} <-> {b}" for a in rooms for b in rooms if a < b and b in reach[a] and a in reach[b]]


def measure(root: Path) -> list[tuple[str, str]]:
    """Return the rows of one checkout: what is measured and its figure."""
    modules = read_modules(root)
    functions = [f for m in modules for f in iter_functions(m)]
    names = [f.name.strip("_") for f in functions]
    lengths = [(f.end_lineno or 0) - f.lineno + 1 for f in functions]
    lines = Counter[str]()
    files = Counter[str]()
    for m in modules:
        for key in {m.name.split(".")[0], m.package}:
            lines[key] += m.text.count("\n")
            files[key] += 1
    filled = sum(bool(line.strip()) for m in modules for line in m.text.splitlines())
    comments = sum(count_comments(m.text) for m in modules)
    classes, twice = repeated_class_names(modules), repeated_module_names(modules)
    cycles = find_package_cycles(package_imports(modules))
    top = [p for p in PACKAGES if p in lines]
    rows = [
        ("lines, all", str(sum(lines[p] for p in top))),
        ("modules, all", str(len(modules))),
        ("functions", str(len(functions))),
        ("function lines: median, longest", f"{statistics.median(lengths):.0f}, {max(lengths)}"),
        ("one-word function names", f"{100 * sum('_' not in n for n in names) / len(names):.0f} %"),
        ("mean function name, letters", f"{statistics.mean(map(len, names)):.1f}"),
        ("comments per 1,000 non-blank lines", f"{1000 * comments / filled:.0f}"),
        ("class names in two modules", f"{len(classes)} {' '.join(classes[:6])}".strip()),
        ("module names twice", f"{len(twice)} {' '.join(twice[:6])}".strip()),
        ("package cycles", f"{len(cycles)} {'; '.join(cycles[:3])}".strip()),
    ]
    return rows + [(f"{p}: lines, modules", f"{lines[p]}, {files[p]}") for p in sorted(lines)]


def main() -> None:
    """Print one table a checkout."""
    for root in map(Path, sys.argv[1:] or [str(HERE)]):
        print(f"# {root.name}")
        for what, figure in measure(root):
            print(f"{what:40} {figure}")


if __name__ == "__main__":
    main()
