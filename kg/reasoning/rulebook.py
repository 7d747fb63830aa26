"""The rules of OWL 2 RL/RDF as the project ships them; the one module of this package that reads files.

It reads `ontology/rules/` of the project (KG_ROOT, else where this code stands) only, once a process;
whoever has other rules hands them to `close`.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from kg.errors import BadData
from kg.reasoning.rule_parser import parse_rule
from kg.reasoning.rules import Rule
from kg.settings import PROJECT_ROOT

OWL2RL_FOLDER = Path(os.environ.get("KG_ROOT") or PROJECT_ROOT) / "ontology" / "rules" / "owl2rl"


@cache
def load_rules(folder: Path = OWL2RL_FOLDER) -> tuple[Rule, ...]:
    """Return the rules in `folder`, by table and name.

    Raises BadData when one cannot be read or none is there.
    """
    paths = sorted(folder.glob("*/*.rq"))
    if not paths:
        raise BadData(
            "No rules are there.", location=str(folder), hint="Point KG_ROOT at the project's folder."
        )
    above = folder.parents[2] if len(folder.parents) > 2 else folder
    return tuple(parse_rule(path.read_text("utf-8"), path.relative_to(above).as_posix()) for path in paths)
