"""A proof as a certificate: numbered steps that a checker without the engine can follow.

    steps = list_steps([proof])          # of any number of proofs; what they share is one step
    Path("proof.txt").write_text("".join(write_text(steps)))      # or write_rdf: PROV-O
    find_redundant_leaves(proof)         # given triples without which the proof's conclusion follows too

The text has a line for each step, with tabs between its number, the rule ("given" where the triple was
asserted), the numbers of its premises and what follows ("contradiction" where that is not a triple). Premises
come first. In RDF each step is a `prov:Entity`, a reified triple, and each application of a rule a
`prov:Activity` that bears the rule's name in the specification. `rlreason.check_certificate` reads both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pyoxigraph import Triple

from rlreason.check_certificate import Step
from rlreason.closure import close
from rlreason.proofs import Asserted, Derived, Proof, iterate_leaves, iterate_premises_first
from rlreason.rules import OWL2RL, Rule
from rlreason.term_dictionary import GeneralizedTriple
from rlreason.vocabulary import RDF, RDFS

_HEADER = (
    "# certificate of rlreason: step, rule, premises, conclusion; check: python -m rlreason.check_certificate"
)
_PARTS = (RDF["subject"], RDF["predicate"], RDF["object"])
_ENTITY, _ACTIVITY, _USED, _GENERATED, _DERIVED = (
    f"<http://www.w3.org/ns/prov#{name}>"
    for name in ("Entity", "Activity", "used", "wasGeneratedBy", "wasDerivedFrom")
)


def list_steps(proofs: Iterable[Proof]) -> dict[str, Step]:
    """Return the steps of proofs by number, premises before what follows from them."""
    numbers: dict[GeneralizedTriple | Proof, str] = {}
    steps: dict[str, Step] = {}
    for part in iterate_premises_first(proofs, _list_premises, lambda part: _key(part) in numbers):
        name = numbers[_key(part)] = str(len(numbers) + 1)
        steps[name] = _make_step(part, tuple(numbers[_key(each)] for each in _list_premises(part)))
    return steps


def _list_premises(part: Proof) -> tuple[Proof, ...]:
    return part.premises if isinstance(part, Derived) else ()


def _key(part: Proof) -> GeneralizedTriple | Proof:
    """Return what tells one step from another: its triple, or a contradiction itself."""
    return part if isinstance(part, Derived) and part.contradicts else part.triple


def _make_step(part: Proof, premises: tuple[str, ...]) -> Step:
    s, p, o = part.triple
    conclusion = None if isinstance(part, Derived) and part.contradicts else (str(s), str(p), str(o))
    return Step(conclusion, "" if isinstance(part, Asserted) else part.rule, premises)


def find_redundant_leaves(proof: Proof, rules: Iterable[Rule] = OWL2RL) -> tuple[Triple, ...]:
    """Return the leaves without each of which the conclusion of a proof still follows from the others.

    A list counts as a whole: the cells of a list that a step rests on are never redundant. Closes the
    leaves once for each.
    """
    rules = tuple(rules)
    leaves = [Triple(*leaf.triple) for leaf in iterate_leaves(proof)]  # type: ignore[arg-type]  # asserted
    candidates = [leaf for leaf in leaves if leaf.predicate not in (RDF["first"], RDF["rest"])]
    return tuple(
        leaf for leaf in candidates if _follows(proof, [one for one in leaves if one != leaf], rules)
    )


def _follows(proof: Proof, triples: list[Triple], rules: tuple[Rule, ...]) -> bool:
    """Return whether some triples lead to the conclusion of a proof."""
    closure = close(triples, rules, axiomatic=True)
    if isinstance(proof, Derived) and proof.contradicts:
        terms = set(proof.bindings.values())
        return any((proof.rule, terms) == (e.rule, set(e.bindings.values())) for e in closure.inconsistencies)
    fact = closure.engine.dictionary.encode_triple(proof.triple)
    return fact is not None and fact in closure.state.facts


def write_text(steps: Mapping[str, Step]) -> Iterator[str]:
    """Yield the lines of a certificate as text."""
    yield _HEADER + "\n"
    for name, step in steps.items():
        stated = " ".join(step.conclusion) if step.conclusion else "contradiction"
        yield f"{name}\t{step.rule or 'given'}\t{' '.join(step.premises)}\t{stated}\n"


def write_rdf(steps: Mapping[str, Step]) -> Iterator[str]:
    """Yield the lines of a certificate as N-Triples, which are Turtle too."""
    for name, step in steps.items():
        node, activity = f"_:step{name}", f"_:rule{name}"
        facts: list[tuple[str, object, object]] = [(node, RDF["type"], _ENTITY)]
        if step.conclusion is None:
            facts.append((node, RDFS["label"], '"contradiction"'))
        else:
            facts.append((node, RDF["type"], RDF["Statement"]))
            facts += [(node, part, term) for part, term in zip(_PARTS, step.conclusion, strict=True)]
        if step.rule:
            facts += [(activity, RDF["type"], _ACTIVITY), (activity, RDFS["label"], f'"{step.rule}"')]
            facts.append((node, _GENERATED, activity))
        for used in step.premises:
            facts += [(node, _DERIVED, f"_:step{used}"), (activity, _USED, f"_:step{used}")]
        yield from (f"{s} {p} {o} .\n" for s, p, o in facts)
