"""The rules of OWL 2 RL/RDF as the project ships them; the one module of this package that reads files.

It reads `ontology/rules/` only, once a process; whoever has other rules hands them to `close`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from kg.errors import BadData
from kg.reasoning.rule_parser import parse_rule
from kg.reasoning.rules import Rule
from kg.settings import ROOT

RULES = ROOT / "ontology" / "rules" / "owl2rl"


@cache
def owl2rl(folder: Path = RULES) -> tuple[Rule, ...]:
    """Return the rules in `folder`, by table and name.

    Raises BadData when one cannot be read or none is there.
    """
    paths = sorted(folder.glob("*/*.rq"))
    if not paths:
        raise BadData(
            "No rules are there.", where=str(folder), todo="Install the project with its ontology/ folder."
        )
    return tuple(parse_rule(path.read_text("utf-8"), str(path)) for path in paths)
