"""Rules that stand in RDF: SWRL in OWL files, SHACL rules (sh:TripleRule, sh:SPARQLRule) in shapes graphs.

Each is written as a SPARQL CONSTRUCT query and read as any rule of one's own (`sparql_rules`), so the same is
supported and the same is refused. `read_rdf_rules` takes triples; it reads no file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, count

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from rlreason.rules import Rule, RuleError
from rlreason.sparql_rules import BLANK_NODE_PREFIX, parse_own_rule
from rlreason.term_dictionary import Term
from rlreason.triple_sources import ObjectIndex
from rlreason.vocabulary import OWL, RDF, RDFS, SH, SWRL, SWRLA, SWRLB

_COMPARISONS = {
    SWRLB["equal"]: "=",
    SWRLB["notEqual"]: "!=",
    SWRLB["lessThan"]: "<",
    SWRLB["lessThanOrEqual"]: "<=",
    SWRLB["greaterThan"]: ">",
    SWRLB["greaterThanOrEqual"]: ">=",
}
_IDENTITIES = {
    SWRL["SameIndividualAtom"]: OWL["sameAs"],
    SWRL["DifferentIndividualsAtom"]: OWL["differentFrom"],
}
_NOT_NAME = re.compile(r"\W+")


def read_rdf_rules(triples: Iterable[Triple], file: str = "") -> tuple[Rule, ...]:
    """Return the SWRL and SHACL rules among some triples, in their order; disabled ones are left out.

    Raises RuleError, which names `file` and the rule, for one that is not supported or not safe.
    """
    graph = _RuleGraph(triples, file)
    return (*_read_swrl_rules(graph), *_read_shacl_rules(graph))


class _RuleGraph(ObjectIndex):
    """The triples that rules stand in, and the names given to rules so far."""

    def __init__(self, triples: Iterable[Triple], file: str) -> None:
        super().__init__(triples)
        self.file = file
        self._names = set[str]()

    def is_stated(self, subject: Term, predicate: NamedNode, truth: str) -> bool:
        """Return whether a property has a truth value, "true" or "false"."""
        return any(isinstance(o, Literal) and o.value == truth for o in self.list_objects(subject, predicate))

    def make_name(self, node: Term, kind: str) -> str:
        """Return a name that no other rule has: the end of its IRI, or its kind and a number."""
        wanted = re.split(r"[#/]", node.value)[-1] if isinstance(node, NamedNode) else ""
        names = (f"{wanted or kind}-{number}" for number in count(1))
        name = next(each for each in chain([wanted], names) if each and each not in self._names)
        self._names.add(name)
        return name

    def parse(self, text: str, name: str, wording: str) -> Rule:
        """Return the rule that a query is; an error names the rule, since the text is not the user's."""
        try:
            return parse_own_rule(f"# rule: {name}\n# wording: {wording}\n{text}", self.file)
        except RuleError as error:
            raise RuleError(
                f"{error.message.rstrip('.')} ({name}).", file=self.file, hint=error.hint
            ) from error

    def refuse(self, name: str, reason: str) -> RuleError:
        """Return the error for a rule."""
        return RuleError(f"This rule is refused: {reason} ({name}).", file=self.file)

    def describe(self, node: Term, name: str) -> str:
        """Return how a proof words the rule: its label or comment on one line, or its name."""
        for predicate in (RDFS["label"], RDFS["comment"]):
            stated = self.get_object(node, predicate)
            if isinstance(stated, Literal):
                return re.sub(r"[{}\s]+", " ", stated.value).strip()
        return f"the rule {name} says so"


def _format_term(term: Term) -> str:
    """Return a term in a query; a blank node as an IRI that stands for it."""
    return f"<{BLANK_NODE_PREFIX}{term.value}>" if isinstance(term, BlankNode) else str(term)


# SWRL


def _read_swrl_rules(graph: _RuleGraph) -> Iterator[Rule]:
    for node in [each for each, key in graph.objects if key == RDF["type"]]:
        if SWRL["Imp"] not in graph.list_objects(node, RDF["type"]) or graph.is_stated(
            node, SWRLA["isRuleEnabled"], "false"
        ):
            continue
        name = graph.make_name(node, "swrl")
        variables: dict[Term, str] = {}

        def format_argument(term: Term, variables: dict[Term, str] = variables) -> str:
            if SWRL["Variable"] not in graph.list_objects(term, RDF["type"]):
                return _format_term(term)
            label = _NOT_NAME.sub("_", re.split(r"[#/:]", getattr(term, "value", ""))[-1])
            return variables.setdefault(term, f"?{label}_{len(variables) + 1}")

        body, head = (
            [
                _write_swrl_atom(graph, name, atom, format_argument)
                for atom in graph.list_members(graph.get_object(node, part))
            ]
            for part in (SWRL["body"], SWRL["head"])
        )
        text = f"CONSTRUCT {{ {' '.join(head)} }} WHERE {{ {' '.join(body)} }}"
        yield graph.parse(text, name, graph.describe(node, name))


def _write_swrl_atom(graph: _RuleGraph, name: str, atom: Term, format_argument: Callable[[Term], str]) -> str:
    """Return an atom of SWRL as a triple pattern or a filter."""
    kinds = graph.list_objects(atom, RDF["type"])
    arguments = [graph.get_object(atom, SWRL[key]) for key in ("argument1", "argument2")]
    ends = [format_argument(each) for each in arguments if each is not None]
    if SWRL["ClassAtom"] in kinds and len(ends) == 1:
        predicate, ends = (
            RDF["type"],
            [*ends, *map(_format_term, graph.list_objects(atom, SWRL["classPredicate"]))],
        )
    elif SWRL["BuiltinAtom"] in kinds:
        builtin = graph.get_object(atom, SWRL["builtin"])
        compared = [format_argument(t) for t in graph.list_members(graph.get_object(atom, SWRL["arguments"]))]
        if not isinstance(builtin, NamedNode) or builtin not in _COMPARISONS or len(compared) != 2:
            raise graph.refuse(name, f"the built-in {builtin} is not supported")
        return f"FILTER({compared[0]} {_COMPARISONS[builtin]} {compared[1]})"
    elif any(kind in _IDENTITIES for kind in kinds):
        predicate = next(identity for kind, identity in _IDENTITIES.items() if kind in kinds)
    else:
        found = graph.get_object(atom, SWRL["propertyPredicate"])
        if not isinstance(found, NamedNode):
            raise graph.refuse(name, "an atom is none of those that are supported")
        predicate = found
    if len(ends) != 2:
        raise graph.refuse(name, "an atom lacks an argument")
    return f"{ends[0]} {predicate} {ends[1]} ."


# SHACL


def _read_shacl_rules(graph: _RuleGraph) -> Iterator[Rule]:
    edges = [(each, key) for each, key in graph.objects if key == SH["rule"]]
    for shape, node in ((each, node) for each, key in edges for node in graph.objects[each, key]):
        if any(graph.is_stated(each, SH["deactivated"], "true") for each in (shape, node)):
            continue
        if graph.list_objects(node, SH["condition"]):
            raise graph.refuse(graph.make_name(node, "shacl"), "sh:condition is not supported")
        targets = list(_list_targets(graph, shape))
        if not targets:
            raise graph.refuse(graph.make_name(node, "shacl"), "its shape has no target that is supported")
        for target, this in targets:
            name = graph.make_name(node, "shacl")
            text = _write_shacl_rule(graph, name, node, target)
            text = re.sub(r"[?$]this\b", this, text) if this else text
            yield graph.parse(text, name, graph.describe(node, name))


def _list_targets(graph: _RuleGraph, shape: Term) -> Iterator[tuple[str, str]]:
    """Yield each target as a pattern for `?this`, or as no pattern and the term that `?this` is."""
    classes = graph.list_objects(shape, SH["targetClass"])
    if {OWL["Class"], RDFS["Class"]} & set(graph.list_objects(shape, RDF["type"])):
        classes = [*classes, shape]
    for each in classes:
        yield f"?this {RDF['type']} {_format_term(each)} .", ""
    for each in graph.list_objects(shape, SH["targetSubjectsOf"]):
        yield f"?this {each} [] .", ""
    for each in graph.list_objects(shape, SH["targetObjectsOf"]):
        yield f"[] {each} ?this .", ""
    for each in graph.list_objects(shape, SH["targetNode"]):
        yield "", _format_term(each)


def _write_shacl_rule(graph: _RuleGraph, name: str, node: Term, target: str) -> str:
    """Return a SHACL rule as a query, with its target in the body."""
    construct = graph.get_object(node, SH["construct"])
    if isinstance(construct, Literal):
        query = re.sub(r"(\bWHERE\s*)\{", rf"\1{{ {target} ", construct.value, count=1, flags=re.IGNORECASE)
        if target and query == construct.value:
            raise graph.refuse(name, "its query lacks the word WHERE")
        return "".join(_list_prefixes(graph, node)) + query
    patterns = [target]
    ends = []
    for number, key in enumerate(("subject", "predicate", "object")):
        expression = graph.get_object(node, SH[key])
        if expression is None:
            raise graph.refuse(name, f"it has no sh:{key}, and no sh:construct")
        path = graph.get_object(expression, SH["path"])
        if expression == SH["this"]:
            ends.append("?this")
        elif path is not None:
            ends.append(f"?value{number}")
            patterns.append(_write_path(graph, name, path, f"?value{number}"))
        elif isinstance(expression, BlankNode):
            raise graph.refuse(name, f"the node expression of sh:{key} is not supported")
        else:
            ends.append(str(expression))
    return f"CONSTRUCT {{ {' '.join(ends)} }} WHERE {{ {' '.join(patterns)} }}"


def _write_path(graph: _RuleGraph, name: str, path: Term, variable: str) -> str:
    """Return the pattern for what a path leads to from `?this`."""
    inverted = graph.get_object(path, SH["inversePath"])
    if isinstance(inverted, NamedNode):
        return f"{variable} {inverted} ?this ."
    if not isinstance(path, NamedNode):
        raise graph.refuse(name, "of the paths only properties and their inverses are supported")
    return f"?this {path} {variable} ."


def _list_prefixes(graph: _RuleGraph, node: Term) -> Iterator[str]:
    """Yield the PREFIX lines that a SPARQL rule refers to."""
    for ontology in graph.list_objects(node, SH["prefixes"]):
        for declared in graph.list_objects(ontology, SH["declare"]):
            prefix, namespace = (graph.get_object(declared, SH[key]) for key in ("prefix", "namespace"))
            if isinstance(prefix, Literal) and isinstance(namespace, Literal):
                yield f"PREFIX {prefix.value}: <{namespace.value}>\n"
