"""The reasoner: OWL 2 RL/RDF rules as data, a semi-naive closure, proofs; pure, see README.md."""

from kg.reasoning.closure import Closure, close
from kg.reasoning.inconsistency import Inconsistency

__all__ = ["Closure", "Inconsistency", "close"]
