"""The example of sparqlhost's README runs with nothing but that package on the path, and its files exist."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import sparqlhost

PACKAGE = Path(sparqlhost.__file__).parent
README = (PACKAGE / "README.md").read_text("utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
#: run by the interpreter before anything else: the rest of this repository cannot be imported.
_BLOCK_OTHER_PACKAGES = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("kg", "rlreason", "tests"):
            raise ImportError(f"{name} is not a part of sparqlhost")
sys.meta_path.insert(0, Refuse())
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return variables under which only a copy of the package, in `tmp_path`, can be imported."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, tmp_path / "path" / "sparqlhost", ignore=ignored)
    (tmp_path / "path" / "sitecustomize.py").write_text(_BLOCK_OTHER_PACKAGES, "utf-8")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.ttl").write_text("<http://e/a> <http://e/p> 1, 2 .", "utf-8")
    (tmp_path / "data" / "b.nt").write_text('<http://e/b> <http://e/p> "x" .\n', "utf-8")
    return {**os.environ, "PYTHONPATH": str(tmp_path / "path"), "SPARQLHOST_WORKERS": "1"}


def run(code: str, environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program in `folder`."""
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_example_serves_asks_and_stops(environment: dict[str, str], tmp_path: Path) -> None:
    end = f"""
assert sparqlhost.__file__.startswith({str(tmp_path)!r})
assert server.process.returncode == 0
try:
    import kg
except ImportError:
    print("alone")
"""
    done = run(EXAMPLES[1] + end, environment, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["n", "3", "alone"]


def test_a_folder_without_rdf_and_a_broken_file_are_explained(
    environment: dict[str, str], tmp_path: Path
) -> None:
    code = "import sys; from sparqlhost.folder import main; sys.argv[1:] = ['.']; sys.exit(main())"
    (tmp_path / "empty").mkdir()
    done = run(code, environment, tmp_path / "empty")
    assert (done.returncode, "has no RDF files" in done.stderr) == (1, True)
    (tmp_path / "data" / "c.ttl").write_text("<http://e/a>\n<http://e/p> .", "utf-8")
    done = run(code, environment, tmp_path / "data")
    assert done.returncode == 1
    assert done.stderr.startswith("c.ttl:2:")
    assert "Traceback" not in done.stderr


def test_three_lines_serve_a_folder() -> None:
    lines = [line for line in EXAMPLES[0].splitlines() if line]
    assert len(lines) <= 3
    compile(EXAMPLES[0], "README.md", "exec")


def test_every_file_that_the_readme_names_exists() -> None:
    names = set(re.findall(r"[\w/]+\.py\b", README))
    assert len(names) > 25
    assert [name for name in sorted(names) if not (PACKAGE / name).exists()] == []


def test_the_public_names_can_be_imported() -> None:
    for name in sparqlhost.__all__:
        assert getattr(sparqlhost, name) is not None
    with pytest.raises(AttributeError):
        _ = sparqlhost.serve_folders
