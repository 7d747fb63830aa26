"""Each shape of the design fires on faulty data, with a sentence that says what to do; the real data pass."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from pyoxigraph import RdfFormat, Triple, parse

from kg.build.loading import BuildDataset, load_shapes
from kg.build.shape_checks import find_shape_violations
from kg.namespaces import PREFIXES
from rlreason.closure import close

_HEAD = "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in PREFIXES.items())
_CASES = Path(__file__).parent / "faults"
#: shape of the design (section 11) -> the files of faults that try it.
COVERED = {name.stem.split("-")[0] for name in _CASES.glob("*.ttl")}
#: mappings, named graphs and every predicate of every graph are seen by checks instead: 02, 03 and 12.
ELSEWHERE = {"16", "17", "20"}


def _read(turtle: str) -> list[Triple]:
    return [quad.triple for quad in parse(input=turtle, format=RdfFormat.TURTLE)]


@cache
def _rules(root: Path, stage: str) -> list[Triple]:
    return [triple for file in load_shapes(root, stage) for triple in file.triples]


def _expected(text: str) -> list[str]:
    """Return the words that the messages of a file of faults must hold."""
    return [line.removeprefix("# expect: ") for line in text.splitlines() if line.startswith("# expect: ")]


def test_every_shape_of_the_design_has_a_fault() -> None:
    assert COVERED | ELSEWHERE >= {f"{number:02}" for number in range(1, 26)}


@pytest.mark.parametrize("name", sorted(path.stem for path in _CASES.glob("[0-9]*.ttl")))
def test_a_fault_is_found(root: Path, name: str) -> None:
    text = (_CASES / f"{name}.ttl").read_text("utf-8")
    messages = [each.message for each in find_shape_violations(_read(_HEAD + text), _rules(root, "asserted"))]
    assert _expected(text)
    for words in _expected(text):
        assert any(words in message for message in messages), messages


@pytest.mark.parametrize("name", sorted(path.stem for path in _CASES.glob("inferred-*.ttl")))
def test_a_fault_after_reasoning_is_found(root: Path, name: str) -> None:
    text = (_CASES / f"{name}.ttl").read_text("utf-8")
    messages = [each.message for each in find_shape_violations(_read(_HEAD + text), _rules(root, "inferred"))]
    for words in _expected(text):
        assert any(words in message for message in messages), messages


def test_the_real_data_pass_before_and_after_reasoning(root: Path, dataset: BuildDataset) -> None:
    given = dataset.merge_default_graph()
    assert find_shape_violations(given, _rules(root, "asserted")) == ()
    inferred = set(close(dataset.merge_reasoner_input()).inferred)
    assert find_shape_violations(given | inferred, _rules(root, "inferred")) == ()


def test_every_message_says_what_to_do(root: Path) -> None:
    said = [
        t.object.value  # type: ignore[union-attr]
        for stage in ("asserted", "inferred")
        for t in _rules(root, stage)
        if t.predicate.value.endswith("shacl#message")
    ]
    assert len(said) > 100
    assert [each for each in said if ";" not in each and "use " not in each and "look for" not in each] == []
