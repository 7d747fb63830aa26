"""Checks certificates without the engine: `python -m rlreason.check_certificate FILE... [--rules DIR]`.

It imports nothing of the engine. A rule is a SPARQL query, so Oxigraph runs it over the premises of a step
alone, and the step is right when its conclusion comes out. Premises come before what follows from them, so no
proof rests on itself; a list counts only down to its rdf:nil. Counted as unchecked are datatypes that
`certificate_builtins` does not know, functions that Oxigraph lacks, and FILTER NOT EXISTS in a rule of one's
own, of which all else is checked: no certificate can show what a graph does not hold.

Exit codes: 0 every step is right; 1 a step is wrong, it is named; 2 a file is not a certificate.
"""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import QueryBoolean, QueryTriples, RdfFormat, Store, parse

from rlreason.certificate_builtins import Triple, are_equal, check_chain, compare_values

_RDF, _XSD = "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "http://www.w3.org/2001/XMLSchema#"
_OWL = "http://www.w3.org/2002/07/owl#"
_FIRST, _NIL, _ENTITY = f"<{_RDF}first>", f"<{_RDF}nil>", "<http://www.w3.org/ns/prov#Entity>"
_LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"(?:@[\w-]+|\^\^<[^>]*>|\^\^[\w-]*:[\w-]+)?')
_TERM = re.compile(rf"<[^>]*>|_:\S+|{_LITERAL.pattern}")
_NUMBER = re.compile(r"(?<=[\s(])[+-]?[0-9]+(?:\.[0-9]+)?(?=[\s.;,)])")
_WALK = re.compile(r"(\S+)\s+(\S*[:#]rest>?)([*+])(?:/(\S+))?\s+\?(\w+)(?=\s*[.}])")


@dataclass(frozen=True, slots=True)
class Step:
    """What follows, None for a contradiction; by which rule, "" for a given triple; from which steps."""

    conclusion: Triple | None
    rule: str
    premises: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckedRule:
    """A rule file: its header, its query, and the literals in it as N-Triples."""

    header: dict[str, str]
    query: str
    constants: tuple[str, ...]


def read_rules(folders: Iterable[Path]) -> dict[str, CheckedRule]:
    """Return the rules of some folders by name."""
    rules = {}
    for path in sorted(path for folder in folders for path in folder.rglob("*.rq")):
        text = path.read_text("utf-8")
        header = dict(re.findall(r"^# ([a-z]+): (.*)$", text, re.MULTILINE))
        code = re.sub(r"^#.*$", "", text, flags=re.MULTILINE)
        quoted = tuple(re.sub(r"\^\^xsd:(\w+)$", rf"^^<{_XSD}\1>", text) for text in _LITERAL.findall(code))
        numbers = ((text, "decimal" if "." in text else "integer") for text in _NUMBER.findall(code))
        constants = (*quoted, *(f'"{text}"^^<{_XSD}{kind}>' for text, kind in numbers))
        query = re.sub(r"\bSELECT\s+\*", "ASK", _WALK.sub(_end_list, code), count=1, flags=re.IGNORECASE)
        rules[header.get("rule", path.stem)] = CheckedRule(header, query, constants)
    return rules


def _end_list(walk: re.Match[str]) -> str:
    """Return a walk along a list that has a member in each cell, and from where it leads to, rdf:nil."""
    start, rest, steps, first, end = walk.groups()
    cell = f"?cell_of_{end}" if first else f"?{end}"
    gap = f"{start} {rest}* ?gap . ?gap {rest} ?next . FILTER NOT EXISTS {{ ?gap {_FIRST} ?any }}"
    whole = f"{cell} {rest}+ {_NIL} . FILTER NOT EXISTS {{ {gap} }}"
    return f"{start} {rest}{steps} {cell} . {whole}" + (f" {cell} {first} ?{end}" if first else "")


def check_step(rule: CheckedRule, conclusion: Triple | None, premises: set[Triple]) -> bool | None:
    """Return whether a rule says that a conclusion follows from premises; None where that is not known."""
    if rule.header.get("builtin") == "values":
        return compare_values(rule.header["rule"], conclusion, premises)
    if "unroll" in rule.header:
        return conclusion is not None and check_chain(conclusion, premises)
    try:
        found = _make_store(rule, premises).query(rule.query)
        if isinstance(found, QueryTriples) and conclusion is not None:
            goal = {quad.triple for quad in _make_store(rule, {conclusion})}
            holds = not goal.isdisjoint(found)
        else:
            holds = isinstance(found, QueryBoolean) and conclusion is None and bool(found)
    except (SyntaxError, ValueError, OSError):
        return None
    if "table" in rule.header:
        return holds
    if holds:
        return None if re.search(r"\bNOT\s+EXISTS\b", rule.query, re.IGNORECASE) else True
    return None if any(s[0] == '"' for s, _, _ in premises) else False


def _make_store(rule: CheckedRule, triples: Iterable[Triple]) -> Store:
    """Return a store of triples, terms written so that they match the rule's query.

    What generalized RDF has anywhere, blank nodes and in the rules of OWL 2 RL literals, gets an IRI. Where a
    rule may have a constant of its value, a literal is written as that constant.
    """
    store, is_own, lines = Store(), "table" not in rule.header, []
    for s, p, o in triples:
        ends = [f"<tag:term:{term.encode().hex()}>" if term[0] != "<" else term for term in (s, p, o)]
        if o[0] == '"' and (is_own or p.startswith(f"<{_OWL}max")):
            ends[2] = next((each for each in rule.constants if are_equal(o, each)), o if is_own else ends[2])
        lines.append(" ".join(ends) + " .\n")
    store.load("".join(lines), format=RdfFormat.N_TRIPLES)
    return store


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
            yield name, wrong if verdict is False else "unchecked"
        if step.conclusion is not None:
            known[name] = step.conclusion


def read_certificate(path: Path) -> dict[str, Step]:
    """Return the steps of a certificate by name, premises first; raises ValueError for another file."""
    return _read_rdf(path) if path.suffix in {".ttl", ".nt"} else _read_text(path)


def _make_step(terms: list[str], rule: str, premises: Iterable[str]) -> Step:
    """Return a step, with a conclusion of three terms or none; raises ValueError for another number."""
    s, p, o = terms or ("", "", "")
    return Step((s, p, o) if terms else None, rule, tuple(premises))


def _read_text(path: Path) -> dict[str, Step]:
    steps = {}
    for number, line in enumerate(path.read_text("utf-8").split("\n"), 1):
        if line and not line.startswith("#"):
            try:
                name, rule, premises, stated = line.split("\t")
                terms = [] if stated == "contradiction" else _TERM.findall(stated)
                steps[name] = _make_step(terms, rule.replace("given", ""), premises.split())
            except ValueError:
                wanted = "number, rule, premises and a triple, with tabs between"
                raise ValueError(f"line {number} is not {wanted}") from None
    return steps


def _read_rdf(path: Path) -> dict[str, Step]:
    """Return the steps of a certificate in RDF, in the order of the file."""
    stated: dict[str, dict[str, list[str]]] = {}
    for quad in parse(path=str(path), format=RdfFormat.from_extension(path.suffix[1:])):
        facts = stated.setdefault(str(quad.subject), {})
        facts.setdefault(quad.predicate.value.rpartition("#")[2], []).append(str(quad.object))
    steps = {}
    for node, facts in stated.items():
        if _ENTITY in facts["type"]:
            terms = [facts[part][0] for part in ("subject", "predicate", "object") if part in facts]
            rules = [stated[activity]["label"][0].strip('"') for activity in facts.get("wasGeneratedBy", ())]
            steps[node] = _make_step(terms, "".join(rules), facts.get("wasDerivedFrom", ()))
    if not steps:
        raise ValueError("it lacks a prov:Entity")
    return steps


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
        wrong = [
            f"{path}: step {name} is wrong: {fault}.\n" for name, fault in faults if fault != "unchecked"
        ]
        sys.stderr.writelines(wrong)
        counts = f"{len(steps)} steps, {len(wrong)} wrong, {len(faults) - len(wrong)} unchecked"
        sys.stdout.write(f"{path}: {counts}\n")
        code |= bool(wrong)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
