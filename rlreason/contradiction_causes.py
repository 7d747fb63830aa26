"""Contradictions by cause: one wrong axiom may make thousands, which are reported as one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyoxigraph import Literal

from rlreason.inconsistencies import Inconsistency
from rlreason.proofs import Derived, iterate_leaves
from rlreason.term_dictionary import GeneralizedTriple
from rlreason.vocabulary import RDF
from rlreason.wording import is_schema_predicate

if TYPE_CHECKING:
    from rlreason.proofs import Prover


@dataclass(frozen=True, slots=True)
class ContradictionGroup:
    """The contradictions that one rule finds through the same axioms, and the proof of the first."""

    rule: str
    axioms: tuple[GeneralizedTriple, ...]
    members: tuple[Inconsistency, ...]
    proof: Derived


def group_by_cause(
    prover: Prover, inconsistencies: Iterable[Inconsistency]
) -> tuple[ContradictionGroup, ...]:
    """Return contradictions by rule and the axioms that their proofs rest on, in the order of the first."""
    found = tuple(inconsistencies)
    proofs = prover.prove_inconsistencies(found)
    groups: dict[tuple[str, frozenset[GeneralizedTriple]], list[tuple[Inconsistency, Derived]]] = {}
    for each, proof in zip(found, proofs, strict=True):
        key = each.rule, frozenset(_list_axioms(proof))
        groups.setdefault(key, []).append((each, proof))
    return tuple(
        ContradictionGroup(
            rule, tuple(sorted(axioms, key=str)), tuple(each for each, _ in members), members[0][1]
        )
        for (rule, axioms), members in groups.items()
    )


def _list_axioms(proof: Derived) -> list[GeneralizedTriple]:
    """Return the asserted axioms that a proof rests on, without the cells of lists and annotations."""
    return [leaf.triple for leaf in iterate_leaves(proof) if _is_axiom(leaf.triple)]


def _is_axiom(triple: GeneralizedTriple) -> bool:
    _, predicate, obj = triple
    if predicate == RDF["type"]:
        return is_schema_predicate(obj)
    is_cell = predicate in (RDF["first"], RDF["rest"])
    return is_schema_predicate(predicate) and not is_cell and not isinstance(obj, Literal)
