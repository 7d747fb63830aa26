"""The same rules as SPARQL 1.1 Update, for a server where the graph lives.

Texts only, nothing is sent here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pyoxigraph import NamedNode

from kg.namespaces import OWL, RDF, RDFS
from kg.reasoning.rules import Atom, ListWalk, Rule, RuleTerm, Var

_FIRST, _REST = RDF["first"], RDF["rest"]
_PATH_BY_WALK = {
    ListWalk.MEMBER: f"{_REST}*/{_FIRST}",
    ListWalk.CELL: f"{_REST}*",
    ListWalk.LATER: f"{_REST}+/{_FIRST}",
}


@dataclass(frozen=True, slots=True)
class ClosureGraphs:
    """The graphs of a closure on a server: what was given, what plain rules and what axiomatic rules add."""

    asserted: NamedNode
    inferred: NamedNode
    axiomatic: NamedNode

    def using_clauses(self) -> str:
        """Return the USING clauses over all three."""
        return f"USING {self.asserted} USING {self.inferred} USING {self.axiomatic}"

    def from_clauses(self) -> str:
        """Return the FROM clauses over all three."""
        return f"FROM {self.asserted} FROM {self.inferred} FROM {self.axiomatic}"


def format_rule_term(rule_term: RuleTerm) -> str:
    """Return a term, variable or list walk as SPARQL."""
    if isinstance(rule_term, Var):
        return f"?{rule_term.name}"
    return _PATH_BY_WALK[rule_term] if isinstance(rule_term, ListWalk) else str(rule_term)


def format_atom(atom: Atom) -> str:
    """Return an atom as SPARQL."""
    return " ".join(format_rule_term(one) for one in atom.terms()) + " ."


def format_body(rule: Rule, use_paths: bool = True) -> str:
    """Return the body of a rule as a group pattern's content.

    A relation composed with itself becomes a path, where the server has paths between any two things.
    """
    composed = _format_path(rule) if use_paths else ""
    if composed:
        return composed
    lines = [format_atom(atom) for atom in rule.body]
    if rule.for_all:
        each = " ".join(format_atom(atom) for atom in rule.for_all.conditions)
        lines.append(
            f"FILTER NOT EXISTS {{ {format_atom(rule.for_all.member)} FILTER NOT EXISTS {{ {each} }} }}"
        )
    return "\n  ".join(lines)


def _format_path(rule: Rule) -> str:
    """Return the path for a rule that composes one fixed relation with itself; nothing for others."""
    if len(rule.body) != 2 or len(rule.head) != 1 or not isinstance(rule.head[0].p, NamedNode):
        return ""
    (one, two), head = rule.body, rule.head[0]
    if one.p == two.p == head.p and one.o == two.s and head.s == one.s and head.o == two.o and one.s != two.o:
        return f"{format_rule_term(one.s)} {format_rule_term(one.p)}+ {format_rule_term(two.o)} ."
    return ""


def build_rule_updates(
    rule: Rule, graphs: ClosureGraphs, target: NamedNode, use_paths: bool = True
) -> Iterator[str]:
    """Yield one INSERT for each triple of the head, of what is not there yet."""
    for head in rule.head:
        kept = (
            f"FILTER(!sameTerm({format_rule_term(head.s)}, {format_rule_term(head.o)}))"
            if head.p == OWL["sameAs"]
            else ""
        )
        if isinstance(head.p, Var):  # some servers refuse the update where others leave the triple out
            kept = f"FILTER(isIRI({format_rule_term(head.p)}))"
        yield (
            f"INSERT {{ GRAPH {target} {{ {format_atom(head)} }} }}\n{graphs.using_clauses()}\n"
            f"WHERE {{\n  {format_body(rule, use_paths)}\n  {kept}\n  FILTER NOT EXISTS {{ {format_atom(head)} }}\n}}"
        )


def build_violation_queries(rule: Rule, graphs: ClosureGraphs, limit: int = 50) -> Iterator[str]:
    """Yield the SELECTs whose rows contradict; eq-ref, which is not stored, by both sides being one."""
    for one in (rule, *_build_reflexive_variants(rule)):
        yield f"SELECT * {graphs.from_clauses()}\nWHERE {{\n  {format_body(one)}\n}} LIMIT {limit}"


def _build_reflexive_variants(rule: Rule) -> Iterator[Rule]:
    """Yield the rule with the two sides of its owl:sameAs atom made one."""
    for atom in rule.body:
        if atom.p == OWL["sameAs"] and isinstance(atom.o, Var):
            gone = atom.o
            body = tuple(_replace_variable(other, gone, atom.s) for other in rule.body if other is not atom)
            yield replace(rule, body=body)


def _replace_variable(atom: Atom, variable: Var, replacement: RuleTerm) -> Atom:
    """Return an atom with one variable replaced."""
    s, p, o = (replacement if one == variable else one for one in atom.terms())
    return Atom(s, p, o)


def build_chain_update(head: NamedNode, steps: Sequence[str], graphs: ClosureGraphs) -> str:
    """Return the INSERT for one property chain; `steps` are properties, `^` before those read backwards."""
    links = " ".join(f"?x{i} {step} ?x{i + 1} ." for i, step in enumerate(steps))
    said = f"?x0 {head} ?x{len(steps)} ."
    return (
        f"INSERT {{ GRAPH {graphs.inferred} {{ {said} }} }}\n{graphs.using_clauses()}\n"
        f"WHERE {{ {links} FILTER NOT EXISTS {{ {said} }} }}"
    )


def build_chains_query(graphs: ClosureGraphs) -> str:
    """Return the query for the cells of all property chains.

    `inverse` is what an unnamed member reads backwards.
    """
    return (
        f"SELECT ?p ?list ?cell ?member ?next ?inverse {graphs.from_clauses()} WHERE {{\n"
        f"  ?p {OWL['propertyChainAxiom']} ?list . ?list {_REST}* ?cell .\n"
        f"  ?cell {_FIRST} ?member ; {_REST} ?next .\n"
        f"  OPTIONAL {{ ?member {OWL['inverseOf']} ?inverse FILTER isBlank(?member) }}\n}}"
    )


def build_equality_update(pairs: Iterable[tuple[str, str]], graphs: ClosureGraphs) -> str:
    """Return the INSERT by which literals of one value stand for each other (dt-eq with eq-rep-o)."""
    values = " ".join(f"({one} {other})" for one, other in pairs)  # literals as N-Triples: nothing to inject
    insert = f"INSERT {{ GRAPH {graphs.inferred} {{ ?s ?p ?other }} }}"
    alike = f"VALUES (?one ?other) {{ {values} }} ?s ?p ?one . FILTER NOT EXISTS {{ ?s ?p ?other }}"
    return f"{insert}\n{graphs.using_clauses()}\nWHERE {{ {alike} }}"


def build_cleanup_updates(graphs: ClosureGraphs) -> Iterator[str]:
    """Yield the updates that take noise out: reflexive triples, and what only scm-cls says of owl:Thing."""
    reflexive = " ".join(
        str(p)
        for p in (
            OWL["sameAs"],
            OWL["equivalentClass"],
            OWL["equivalentProperty"],
            RDFS["subClassOf"],
            RDFS["subPropertyOf"],
        )
    )
    for graph in (graphs.inferred, graphs.axiomatic):
        loops = f"GRAPH {graph} {{ ?s ?p ?s }}"
        yield f"DELETE {{ {loops} }} WHERE {{ VALUES ?p {{ {reflexive} }} {loops} }}"
    extra = graphs.axiomatic
    upward = " ".join(str(p) for p in (RDF["type"], RDFS["subClassOf"], RDFS["domain"], RDFS["range"]))
    yield (
        f"DELETE {{ GRAPH {extra} {{ ?s ?p {OWL['Thing']} }} }} "
        f"WHERE {{ VALUES ?p {{ {upward} }} GRAPH {extra} {{ ?s ?p {OWL['Thing']} }} }}"
    )
    below = f"{OWL['Nothing']} {RDFS['subClassOf']} ?o"
    yield f"DELETE {{ GRAPH {extra} {{ {below} }} }} WHERE {{ GRAPH {extra} {{ {below} }} }}"
    ends = f"VALUES ?s {{ {OWL['Thing']} {OWL['Nothing']} }} GRAPH {extra} {{ ?s {RDF['type']} ?o }}"
    yield f"DELETE {{ GRAPH {extra} {{ ?s {RDF['type']} ?o }} }} WHERE {{ {ends} }}"
