"""Checks certificates without the engine: `python -m rlreason.check_certificate FILE... [--rules DIR]`.

It imports nothing of the engine; the modules `certificate_*` read files, rules and values again. It asks of
each step whether its rule says just that: the body, with the variables replaced, among the step's own
premises, lists to their rdf:nil included, and the head equal to the conclusion. Premises come before what
follows from them, so no proof rests on itself. Steps that it cannot judge, by literals of an unknown datatype
or by expressions in a rule of one's own, are counted as unchecked.

Exit codes: 0 every step is right; 1 a step is wrong, it is named; 2 a file is not a certificate.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rlreason.certificate_files import Step, Triple, read_certificate
from rlreason.certificate_rules import WALKS, CheckedRule, read_rules
from rlreason.certificate_values import ILL_TYPED, are_equal, has_type, read_value

_RDF, _OWL = "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "http://www.w3.org/2002/07/owl#"
_FIRST, _REST, _NIL, _TYPE = (f"<{_RDF}{name}>" for name in ("first", "rest", "nil", "type"))
_SAME, _DIFFERENT, _CHAIN = (f"<{_OWL}{n}>" for n in ("sameAs", "differentFrom", "propertyChainAxiom"))
_UNCHECKED = "unchecked"


def _unify(atom: Triple, triple: Triple, bound: dict[str, str]) -> dict[str, str] | None:
    """Return the bindings that make an atom the triple; None when none do."""
    new = dict(bound)
    for slot, term in zip(atom, triple, strict=True):
        if slot[0] == "?":
            if new.setdefault(slot, term) != term:
                return None
        elif slot != term and not (slot[0] == term[0] == '"' and are_equal(slot, term)):
            return None
    return new


def _solve(atoms: Sequence[Triple], premises: set[Triple], bound: dict[str, str]) -> Iterator[dict[str, str]]:
    """Yield the bindings under which all atoms are among the premises."""
    if not atoms:
        yield bound
        return
    s, p, o = (bound.get(slot, slot) for slot in atoms[0])
    found: Iterable[Triple] = [(s, p, o)] if (s, p, o) in premises else premises
    if p in WALKS:
        skipped, leads_to_members = WALKS[p]
        cells = [cell for way in _iterate_lists(s, premises) for cell in way[skipped:]]
        ends = [m for cell in cells for m in _find(cell, _FIRST, premises)] if leads_to_members else cells
        found = [(s, p, end) for end in ends]
    for triple in found:
        new = _unify(atoms[0], triple, bound)
        if new is not None:
            yield from _solve(atoms[1:], premises, new)


def _find(subject: str, predicate: str, premises: set[Triple]) -> list[str]:
    return [o for s, p, o in premises if s == subject and p == predicate]


def _iterate_lists(head: str, premises: set[Triple]) -> Iterator[list[str]]:
    """Yield the cells of each list that starts at `head`, has a member in each cell and ends in rdf:nil."""
    waiting = [[head]]
    while waiting:
        cells = waiting.pop()
        if cells[-1] == _NIL:
            yield cells[:-1]
        elif cells[-1] not in cells[:-1] and _find(cells[-1], _FIRST, premises):
            waiting += [[*cells, rest] for rest in _find(cells[-1], _REST, premises)]


def _compare(rule: str, conclusion: Triple | None, premises: set[Triple]) -> bool | None:
    """Return whether a datatype rule says a step: values are compared; None where one is not known."""
    used = {o for s, _, o in premises if s[0] != '"'}
    if conclusion is None:  # a premise contradicts what the rule says, or a literal has no value
        pairs = [(s, o) for s, p, o in premises if p == (_SAME if rule == "dt-diff" else _TYPE) and s in used]
        if rule == "dt-diff":
            return False in [are_equal(s, o) for s, o in pairs if o in used]
        unfit = [has_type(s, o[1:-1]) for s, o in pairs] + [read_value(o) != ILL_TYPED for o in used]
        return False in unfit or (None if pairs or any(read_value(o) is None for o in used) else False)
    s, p, o = conclusion
    if not {term for term in (s, o) if term[0] == '"'} <= used:
        return False
    if rule == "dt-type2":
        return has_type(s, o[1:-1]) if p == _TYPE else False
    equal, says_equal = are_equal(s, o), rule == "dt-eq"
    return None if equal is None else (p, equal) == (_SAME if says_equal else _DIFFERENT, says_equal)


def check_step(rule: CheckedRule, conclusion: Triple | None, premises: set[Triple]) -> bool | None:
    """Return whether a rule says that a conclusion follows from premises; None where values are not known."""
    if rule.header.get("builtin") == "values":
        return _compare(rule.header["rule"], conclusion, premises)
    if "unroll" in rule.header and conclusion:
        chains = (way for x in _find(conclusion[1], _CHAIN, premises) for way in _iterate_lists(x, premises))
        links = ([_find(cell, _FIRST, premises)[0] for cell in way] for way in chains)
        bodies = ([(f"?x{i}", p, f"?x{i + 1}") for i, p in enumerate(properties)] for properties in links)
        ends = (conclusion[0], conclusion[2])
        return any(
            any(_solve(b, premises, dict(zip(("?x0", f"?x{len(b)}"), ends, strict=True)))) for b in bodies
        )
    if "builtin" in rule.header:
        return None
    starts = [_unify(atom, conclusion, {}) for atom in rule.head] if conclusion else []
    starts += [] if rule.head else [{}]
    found = (bound for start in starts if start is not None for bound in _solve(rule.body, premises, start))
    return any(_holds_for_all(rule, premises, bound) for bound in found)


def _holds_for_all(rule: CheckedRule, premises: set[Triple], bound: dict[str, str]) -> bool:
    """Return whether the conditions hold for a member of each cell of the list."""

    def is_met(cell: str) -> bool:
        found = ({rule.member[0][2]: member} for member in _find(cell, _FIRST, premises))
        return any(any(_solve(rule.conditions, premises, bound | one)) for one in found)

    lists = _iterate_lists(bound[rule.member[0][0]], premises) if rule.member else iter([[]])
    return any(all(map(is_met, cells)) for cells in lists)


def check_steps(steps: dict[str, Step], rules: dict[str, CheckedRule]) -> Iterator[tuple[str, str]]:
    """Yield the name and the fault of each step that is wrong or cannot be judged."""
    known: dict[str, Triple] = {}
    for name, step in steps.items():
        premises = {known[used] for used in step.premises if used in known}
        if step.rule not in rules:
            if step.rule or step.conclusion is None:
                yield name, f"there is no rule {step.rule}"
        elif missing := [used for used in step.premises if used not in known]:
            yield name, f"its premise {missing[0]} does not come before it"
        elif (verdict := check_step(rules[step.rule], step.conclusion, premises)) is not True:
            wrong = f"{step.rule} does not say this of its premises"
            yield name, wrong if verdict is False else _UNCHECKED
        if step.conclusion is not None:
            known[name] = step.conclusion


def main(arguments: Sequence[str]) -> int:
    """Check the certificates named; return the exit code."""
    parser = ArgumentParser(prog="rlreason.check_certificate", description="Check proofs of rlreason.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--rules", type=Path, action="append", default=[], help="a folder of more rules")
    asked, code = parser.parse_args(arguments), 0
    rules = read_rules([Path(__file__).parent / "owl2rl", *asked.rules])
    for path in asked.files:
        try:
            steps = read_certificate(path)
        except (OSError, ValueError, KeyError, SyntaxError) as error:
            sys.stderr.write(f"{path} is not a certificate: {error}\n")
            return 2
        faults = list(check_steps(steps, rules))
        wrong = [f"{path}: step {name} is wrong: {fault}.\n" for name, fault in faults if fault != _UNCHECKED]
        sys.stderr.writelines(wrong)
        count = len(faults) - len(wrong)
        sys.stdout.write(f"{path}: {len(steps)} steps, {len(wrong)} wrong, {count} unchecked\n")
        code = 1 if wrong else code
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
