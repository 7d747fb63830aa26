"""Rules of one's own: SPARQL CONSTRUCT queries, read by rdflib's parser into `Rule` values.

`CONSTRUCT { head } WHERE { body }` derives; `SELECT * WHERE { body }` with `# inconsistent: error` finds
contradictions. A body may hold triple patterns, the paths `/` and `^`, walks along lists (`ListWalk`),
FILTER, BIND and FILTER NOT EXISTS. What could make a closure wrong or endless is refused, with its place:
variables that nothing binds, new blank nodes, functions whose values grow or change from call to call.
Everything else that SPARQL has is refused too: a rule that is read is applied as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

from pyoxigraph import BlankNode, NamedNode, Store
from pyparsing import ParseBaseException
from rdflib import BNode, Variable
from rdflib.namespace import RDF as RDFLIB_RDF
from rdflib.namespace import XSD as RDFLIB_XSD
from rdflib.paths import InvPath, MulPath, SequencePath
from rdflib.paths import Path as PropertyPath
from rdflib.plugins.sparql.algebra import translateGroupGraphPattern, translateQuery
from rdflib.plugins.sparql.parser import parseQuery
from rdflib.plugins.sparql.parserutils import CompValue

from rlreason.rules import AbsentAtoms, Atom, Expression, ListWalk, Rule, RuleError, RuleTerm, Var
from rlreason.triple_sources import from_rdflib_term
from rlreason.vocabulary import RDF

#: what stands in a query for the blank node with the label that follows
BLANK_NODE_PREFIX = "tag:blank-node:"
_REST, _FIRST = RDFLIB_RDF.rest, RDFLIB_RDF.first
_WALKS = {
    SequencePath(MulPath(_REST, "*"), _FIRST).n3(): ListWalk.MEMBER,
    MulPath(_REST, "*").n3(): ListWalk.CELL,
    SequencePath(MulPath(_REST, "+"), _FIRST).n3(): ListWalk.LATER,
}
#: parts of the algebra that no rule has: their name there, and the keyword in the text
_REFUSED_PARTS = {
    "Union": "UNION",
    "LeftJoin": "OPTIONAL",
    "Minus": "MINUS",
    "Graph": "GRAPH",
    "ServiceGraphPattern": "SERVICE",
    "ToMultiSet": "VALUES or a SELECT within",
    "Group": "GROUP",
    "AggregateJoin": "GROUP",
    "Slice": "LIMIT",
    "OrderBy": "ORDER",
    "Distinct": "DISTINCT",
    "Reduced": "REDUCED",
}
#: functions whose value is not the same each time, or that ask for more than values
_UNSTABLE = frozenset(("NOW", "RAND", "UUID", "STRUUID", "BNODE", "EXISTS", "NOTEXISTS"))
#: functions that BIND may call: their values are no longer than their arguments, so there are finitely many
_SHRINKING = frozenset(
    "IF COALESCE STR LANG DATATYPE LCASE UCASE SUBSTR STRBEFORE STRAFTER STRLEN ABS CEIL FLOOR ROUND "
    "YEAR MONTH DAY HOURS MINUTES TZ sameTerm isIRI isURI isBLANK isLITERAL isNUMERIC BOUND CONTAINS "
    "STRSTARTS STRENDS LANGMATCHES REGEX".split()
)
_OPERATORS = frozenset(
    ("RelationalExpression", "ConditionalAndExpression", "ConditionalOrExpression", "UnaryNot")
)
_HINT = "ontology/rules/README.md says what a rule may hold."
_COMMENT_OR_STRING = re.compile(r'<[^<>\s]*>|#[^\n]*|"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'')


def load_own_rules(folder: Path) -> tuple[Rule, ...]:
    """Return the rules in the `.rq` files of a folder and those below it, by path.

    Raises RuleError when a file is not a rule, two have one name, or there is none.
    """
    rules: dict[str, Rule] = {}
    for path in sorted(folder.rglob("*.rq")):
        rule = parse_own_rule(path.read_text("utf-8"), path.as_posix(), path.stem)
        if rule.name in rules:
            raise RuleError(f"There is another rule called {rule.name}.", file=path.as_posix(), line=1)
        rules[rule.name] = rule
    if not rules:
        raise RuleError("There are no rules in this folder.", file=str(folder))
    return tuple(rules.values())


def parse_own_rule(text: str, file: str = "", name: str = "rule", extra: Iterable[Atom] = ()) -> Rule:
    """Return the rule that `text` holds; raises RuleError, which names `file`.

    Without a header its name is `name`; `extra` atoms are added to its body.
    """
    return _RuleReader(text, file, name).read(extra)


class _RuleReader:
    """Reads one rule; every method may raise RuleError."""

    def __init__(self, text: str, file: str, name: str) -> None:
        self._text, self._file = text, file
        self._header = {"rule": name} | dict(re.findall(r"^# ([a-z]+): (.*)$", text, re.MULTILINE))
        self._masked = _COMMENT_OR_STRING.sub(lambda match: " " * len(match[0]), text)
        self._body: list[Atom] = []
        self._assignments: list[tuple[str, Expression]] = []
        self._filters: list[Expression] = []
        self._negations: list[AbsentAtoms] = []
        self._numbers = count(1)
        self._outer = set[str]()  # variables around a FILTER NOT EXISTS

    def read(self, extra: Iterable[Atom]) -> Rule:
        """Return the rule."""
        algebra = self._parse()
        self._body += extra
        self._read_pattern(algebra.p)
        head = [self._read_head(triple) for triple in getattr(algebra, "template", None) or ()]
        severity = self._header.get("inconsistent", "")
        if bool(severity) == bool(head):
            self._refuse("a CONSTRUCT derives, a SELECT * with `# inconsistent:` finds a contradiction")
        rule = Rule(
            name=self._header["rule"],
            table=0,
            wording=self._header.get("wording", f"the rule {self._header['rule']} says so"),
            head=tuple(head),
            body=tuple(self._body),
            severity=severity,
            text=self._text,
            assignments=tuple(self._assignments),
            filters=tuple(self._filters),
            negations=tuple(self._negations),
        )
        self._check(rule)
        return rule

    def _refuse(self, reason: str, word: str = "", *, in_head: bool = False) -> NoReturn:
        """Raise, at the place of a word of the body or the head, or of `WHERE` where it is not there."""
        where = re.search(r"\bWHERE\b", self._masked, re.IGNORECASE)
        at = where
        if word:
            start = where.end() if where and not in_head else 0
            at = re.compile(rf"{re.escape(word)}(?!\w)", re.IGNORECASE).search(self._masked, start) or where
        before = self._text[: at.start() if at else 0]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise RuleError(
            f"This rule is refused: {reason}.", file=self._file, line=line, column=column, hint=_HINT
        )

    def _parse(self) -> Any:
        """Return the algebra of the query."""
        try:
            return translateQuery(parseQuery(self._text)).algebra
        except ParseBaseException as error:
            line, column, reason = _find_syntax_error(self._text) or (error.lineno, error.column, error.msg)
            message = f"This is not SPARQL: {reason.rstrip('.')}."
            raise RuleError(message, file=self._file, line=line, column=column, hint=_HINT) from error
        except Exception as error:  # rdflib raises Exception itself for an unknown prefix, say
            self._refuse(str(error).rstrip("."), str(error).rpartition(" ")[2])

    # bodies

    def _read_pattern(self, part: CompValue) -> None:
        """Read a part of the algebra."""
        match part.name:
            case "BGP":
                self._body += [atom for triple in part.triples for atom in self._read_triple(triple)]
            case "Join":
                self._read_pattern(part.p1)
                self._read_pattern(part.p2)
            case "Project" | "SelectQuery":
                self._read_pattern(part.p)
            case "Filter":
                self._read_pattern(part.p)
                for condition in _split_conjunction(part.expr):
                    self._read_filter(condition, part.p)
            case "Extend":
                self._read_pattern(part.p)
                expression = self._read_expression(part.expr, part.p, may_grow=False)
                self._assignments.append((str(part.var), expression))
            case _:
                word = _REFUSED_PARTS.get(part.name, part.name)
                self._refuse(f"{word} is not supported", word.partition(" ")[0])

    def _read_filter(self, condition: Any, group: CompValue) -> None:
        if getattr(condition, "name", "") != "Builtin_NOTEXISTS":
            self._filters.append(self._read_expression(condition, group, may_grow=True))
            return
        inner = _RuleReader(self._text, self._file, "")
        inner._numbers, inner._outer = self._numbers, {str(each) for each in group["_vars"]}
        pattern = translateGroupGraphPattern(condition.graph)
        inner._read_pattern(pattern)
        if inner._assignments or inner._negations or not inner._body:
            self._refuse("FILTER NOT EXISTS holds triple patterns and filters only", "EXISTS")
        for atom in inner._body:
            if not isinstance(atom.p, NamedNode):
                self._refuse("FILTER NOT EXISTS with a variable or a path as predicate", "EXISTS")
        self._negations.append(AbsentAtoms(tuple(inner._body), tuple(inner._filters)))

    def _read_expression(self, parsed: Any, group: CompValue, *, may_grow: bool) -> Expression:
        """Return an expression over the variables of its group."""
        variables, functions = set[str](), set[str]()
        _collect_parts(parsed, variables, functions)
        for function in sorted(functions):
            if function in _UNSTABLE:
                self._refuse(f"{function} is not supported there", function.replace("NOTEXISTS", "EXISTS"))
            if not may_grow and function not in _SHRINKING:
                self._refuse(
                    f"BIND with {function} could make new values without end",
                    function if function.isupper() else "BIND",
                )
        known = self._outer | {str(each) for each in (group["_vars"] if "_vars" in group else ())}
        if self._outer:
            known |= {name for atom in self._body for name in atom.variable_names()}
        for name in sorted(variables - known):
            self._refuse(f"nothing in its group binds ?{name}, which an expression reads", f"?{name}")
        return Expression(parsed, tuple(sorted(variables)), _find_inequality(parsed))

    def _read_triple(self, triple: tuple[Any, Any, Any]) -> Iterator[Atom]:
        """Yield the atoms of a triple pattern; a path in it is written out."""
        subject, predicate, obj = triple
        if not isinstance(predicate, PropertyPath):
            yield Atom(_read_term(subject), _read_term(predicate), _read_term(obj))
        elif predicate.n3() in _WALKS:
            yield Atom(_read_term(subject), _WALKS[predicate.n3()], _read_term(obj))
        elif isinstance(predicate, InvPath):
            yield from self._read_triple((obj, predicate.arg, subject))
        elif isinstance(predicate, SequencePath):
            between = [Variable(f"step/{next(self._numbers)}") for _ in predicate.args[1:]]
            for start, step, end in zip([subject, *between], predicate.args, [*between, obj], strict=True):
                yield from self._read_triple((start, step, end))
        else:
            self._refuse("of the paths only `/`, `^` and the walks along lists are supported")

    # heads and checks

    def _read_head(self, triple: tuple[Any, Any, Any]) -> Atom:
        """Return an atom of the head."""
        if any(isinstance(node, BNode) for node in triple):
            self._refuse("its head makes new blank nodes", "CONSTRUCT", in_head=True)
        atom = Atom(*(_read_term(node) for node in triple))
        if atom.p in (RDF["first"], RDF["rest"]):
            self._refuse(
                "its head makes lists, which may not grow while rules read them", "CONSTRUCT", in_head=True
            )
        return atom

    def _check(self, rule: Rule) -> None:
        """Refuse a rule whose variables are not bound, or whose patterns the engine cannot match."""
        if not rule.body:
            self._refuse("its body has no triple pattern")
        bound = {name for atom in rule.body for name in atom.variable_names()}
        bound |= {name for name, _ in rule.assignments}
        for name in sorted({name for atom in rule.head for name in atom.variable_names()} - bound):
            self._refuse(f"the body does not bind ?{name} of the head", f"?{name}", in_head=True)
        atoms = [*rule.body, *(atom for negation in rule.negations for atom in negation.atoms)]
        for atom in atoms:
            if isinstance(atom.p, Var) and atom.p in (atom.s, atom.o):
                self._refuse(f"?{atom.p.name} is both predicate and subject or object", f"?{atom.p.name}")
        for name in re.findall(r"\{(\w+)\}", rule.wording):
            if name not in bound:
                self._refuse(f"its wording names {{{name}}}, which the body does not bind")


def _find_syntax_error(text: str) -> tuple[int, int, str] | None:
    """Return line, column and reason as Oxigraph's parser gives them, which says more than rdflib's."""
    try:
        Store().query(text)
    except SyntaxError as error:
        found = re.search(r"error at (\d+):(\d+): (.*)", str(error))
        return (int(found[1]), int(found[2]), found[3]) if found else None
    return None


def _read_term(node: Any) -> RuleTerm:
    """Return a term of rdflib as a term of a rule; a blank node of a query is a variable."""
    if isinstance(node, Variable | BNode):
        return Var(str(node) if isinstance(node, Variable) else f"_:{node}")
    term = from_rdflib_term(node)
    if isinstance(term, NamedNode) and term.value.startswith(BLANK_NODE_PREFIX):
        return BlankNode(term.value.removeprefix(BLANK_NODE_PREFIX))
    return term


def _split_conjunction(expression: Any) -> Iterator[Any]:
    """Yield the parts of a conjunction."""
    if getattr(expression, "name", "") == "ConditionalAndExpression":
        for part in (expression.expr, *expression.other):
            yield from _split_conjunction(part)
    else:
        yield expression


def _collect_parts(parsed: Any, variables: set[str], functions: set[str]) -> None:
    """Add the variables of an expression, and the functions and growing operators that it has."""
    if isinstance(parsed, Variable):
        variables.add(str(parsed))
    elif isinstance(parsed, list | tuple):
        for part in parsed:
            _collect_parts(part, variables, functions)
    elif isinstance(parsed, CompValue):
        if parsed.name == "Function":
            functions.add("a cast" if parsed.iri in RDFLIB_XSD else str(parsed.iri))
        elif parsed.name in ("AdditiveExpression", "MultiplicativeExpression", "UnaryMinus"):
            functions.add("arithmetic")
        elif parsed.name not in _OPERATORS:
            functions.add(parsed.name.removeprefix("Builtin_"))
        if parsed.name not in ("Builtin_EXISTS", "Builtin_NOTEXISTS"):
            _collect_parts([value for key, value in parsed.items() if key != "_vars"], variables, functions)


def _find_inequality(parsed: Any) -> tuple[str, str] | None:
    """Return the two variables of `?a != ?b`."""
    if getattr(parsed, "name", "") != "RelationalExpression" or parsed.op != "!=":
        return None
    ends = parsed.expr, parsed.other
    return (str(ends[0]), str(ends[1])) if all(isinstance(end, Variable) for end in ends) else None
