"""OWL 2 RL reasoning with proofs, for pyoxigraph and rdflib.

    closure = close(graph)               # an rdflib Graph, a pyoxigraph Store or Dataset, or triples
    closure.explain(triple)              # why it holds
    closure.to_rdflib()                  # what follows

The README beside this file shows the way through the modules. Names are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlreason.annotations import Annotator, Semiring
    from rlreason.closure import Closure, close
    from rlreason.inconsistencies import Inconsistency
    from rlreason.materialization import InferenceChange, Materialization
    from rlreason.profile import ProfileViolation, check_profile
    from rlreason.proofs import (
        Asserted,
        Derived,
        Proof,
        Prover,
        count_rule_applications,
        format_proof,
        iterate_leaves,
    )
    from rlreason.rdf_rules import read_rdf_rules
    from rlreason.remote_closure import ClosureGraphs, RemoteClosure, RemoteError, close_remotely
    from rlreason.rules import OWL2RL, Rule, RuleError, load_rules
    from rlreason.sparql_rules import load_own_rules
    from rlreason.term_dictionary import GeneralizedTriple
    from rlreason.why_not import WhyNot
    from rlreason.wording import make_term_formatter

__all__ = [
    "OWL2RL",
    "Annotator",
    "Asserted",
    "Closure",
    "ClosureGraphs",
    "Derived",
    "GeneralizedTriple",
    "Inconsistency",
    "InferenceChange",
    "Materialization",
    "ProfileViolation",
    "Proof",
    "Prover",
    "RemoteClosure",
    "RemoteError",
    "Rule",
    "RuleError",
    "Semiring",
    "WhyNot",
    "check_profile",
    "close",
    "close_remotely",
    "count_rule_applications",
    "format_proof",
    "iterate_leaves",
    "load_own_rules",
    "load_rules",
    "make_term_formatter",
    "read_rdf_rules",
]

_NAMES_BY_MODULE = {
    "annotations": "Annotator Semiring",
    "closure": "Closure close",
    "inconsistencies": "Inconsistency",
    "materialization": "InferenceChange Materialization",
    "profile": "ProfileViolation check_profile",
    "proofs": "Asserted Derived Proof Prover count_rule_applications format_proof iterate_leaves",
    "rdf_rules": "read_rdf_rules",
    "remote_closure": "ClosureGraphs RemoteClosure RemoteError close_remotely",
    "rules": "OWL2RL Rule RuleError load_rules",
    "sparql_rules": "load_own_rules",
    "term_dictionary": "GeneralizedTriple",
    "why_not": "WhyNot",
    "wording": "make_term_formatter",
}
_MODULE_OF = {name: module for module, names in _NAMES_BY_MODULE.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
