"""Certificates as files: a compact text, and RDF with PROV-O. Terms are strings of N-Triples.

The text has a line for each step, with tabs between its number, the rule ("given" where the triple was
asserted), the numbers of its premises and what follows ("contradiction" where that is not a triple). Premises
come first. In RDF each step is a `prov:Entity`, a reified triple, and each application of a rule a
`prov:Activity` that bears the rule's name in the specification.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import RdfFormat, parse

Triple = tuple[str, str, str]

_HEADER = (
    "# certificate of rlreason: step, rule, premises, conclusion; check: python -m rlreason.check_certificate"
)
_GIVEN, _CONTRADICTION = "given", "contradiction"
_RDF, _PROV = "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "http://www.w3.org/ns/prov#"
_LABEL = "<http://www.w3.org/2000/01/rdf-schema#label>"
_TYPE, _STATEMENT = f"<{_RDF}type>", f"<{_RDF}Statement>"
_PARTS = tuple(f"<{_RDF}{name}>" for name in ("subject", "predicate", "object"))
_ENTITY, _ACTIVITY, _USED, _GENERATED, _DERIVED = (
    f"<{_PROV}{name}>" for name in ("Entity", "Activity", "used", "wasGeneratedBy", "wasDerivedFrom")
)
_TERM = re.compile(r'<[^>]*>|_:\S+|"(?:[^"\\]|\\.)*"(?:@[\w-]+|\^\^<[^>]*>)?')


@dataclass(frozen=True, slots=True)
class Step:
    """What follows, None for a contradiction; by which rule, "" for a given triple; from which steps."""

    conclusion: Triple | None
    rule: str
    premises: tuple[str, ...]


def write_text(steps: Mapping[str, Step]) -> Iterator[str]:
    """Yield the lines of a certificate as text."""
    yield _HEADER + "\n"
    for name, step in steps.items():
        stated = " ".join(step.conclusion) if step.conclusion else _CONTRADICTION
        yield f"{name}\t{step.rule or _GIVEN}\t{' '.join(step.premises)}\t{stated}\n"


def write_rdf(steps: Mapping[str, Step]) -> Iterator[str]:
    """Yield the lines of a certificate as N-Triples, which are Turtle too."""
    for name, step in steps.items():
        node, activity = f"_:step{name}", f"_:rule{name}"
        facts = [(node, _TYPE, _ENTITY)]
        if step.conclusion is None:
            facts.append((node, _LABEL, f'"{_CONTRADICTION}"'))
        else:
            facts.append((node, _TYPE, _STATEMENT))
            facts += [(node, part, term) for part, term in zip(_PARTS, step.conclusion, strict=True)]
        if step.rule:
            facts += [(activity, _TYPE, _ACTIVITY), (activity, _LABEL, f'"{step.rule}"')]
            facts.append((node, _GENERATED, activity))
        for used in step.premises:
            facts += [(node, _DERIVED, f"_:step{used}"), (activity, _USED, f"_:step{used}")]
        yield from (f"{s} {p} {o} .\n" for s, p, o in facts)


def read_certificate(path: Path) -> dict[str, Step]:
    """Return the steps of a certificate by name, premises first; raises ValueError for another file."""
    return _read_rdf(path) if path.suffix in {".ttl", ".nt"} else _read_text(path)


def _read_text(path: Path) -> dict[str, Step]:
    steps = {}
    for number, line in enumerate(path.read_text("utf-8").split("\n"), 1):
        if not line or line.startswith("#"):
            continue
        fields = line.split("\t")
        terms = _TERM.findall(fields[-1])
        if len(fields) != 4 or not (fields[3] == _CONTRADICTION or len(terms) == 3):
            raise ValueError(f"line {number} is not number, rule, premises and a triple, with tabs between")
        name, rule, premises, stated = fields
        conclusion = None if stated == _CONTRADICTION else (terms[0], terms[1], terms[2])
        steps[name] = Step(conclusion, "" if rule == _GIVEN else rule, tuple(premises.split()))
    return steps


def _read_rdf(path: Path) -> dict[str, Step]:
    """Return the steps of a certificate in RDF, in the order of the file."""
    stated: dict[str, dict[str, list[str]]] = {}
    for quad in parse(path=str(path), format=RdfFormat.from_extension(path.suffix[1:])):
        facts = stated.setdefault(str(quad.subject), {})
        facts.setdefault(str(quad.predicate), []).append(str(quad.object))
    steps = {}
    for node, facts in stated.items():
        if _ENTITY in facts.get(_TYPE, ()):
            terms = [facts[part][0] for part in _PARTS if part in facts]
            if len(terms) not in {0, 3}:
                raise ValueError(f"{node} is not a triple")
            rules = [stated[activity][_LABEL][0].strip('"') for activity in facts.get(_GENERATED, ())]
            conclusion = (terms[0], terms[1], terms[2]) if terms else None
            steps[node] = Step(conclusion, "".join(rules), tuple(facts.get(_DERIVED, ())))
    if not steps:
        raise ValueError("it lacks a prov:Entity")
    return steps
