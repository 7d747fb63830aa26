"""The rules that are more than a SPARQL query, as the checker of certificates reads them without the engine.

Property chains, and the rules that compare values of literals. A value is a pair of its value space and what
tells it apart there, so two literals are equal where their pairs are. None stands for a datatype that is not
known here, ILL_TYPED for a text outside its datatype.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from xml.etree.ElementTree import ParseError, canonicalize

from pyoxigraph import Literal, QuerySolutions, RdfFormat, Store, parse

Value = tuple[str, object]
#: three terms as N-Triples has them
Triple = tuple[str, str, str]

ILL_TYPED: Value = ("ill-typed", None)
_XSD, _RDF = "http://www.w3.org/2001/XMLSchema#", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_FIRST, _REST, _NIL, _RDF_TYPE = (f"<{_RDF}{name}>" for name in ("first", "rest", "nil", "type"))
_OWL, _RDFS_LITERAL = "http://www.w3.org/2002/07/owl#", "http://www.w3.org/2000/01/rdf-schema#Literal"
_SAME, _DIFFERENT, _CHAIN = (f"<{_OWL}{name}>" for name in ("sameAs", "differentFrom", "propertyChainAxiom"))
_BITS = {"long": 63, "int": 31, "short": 15, "byte": 7}
_ENDLESS = Decimal("Infinity")
#: the smallest and the largest value of the integer types
_RANGES = {
    "integer": (-_ENDLESS, _ENDLESS),
    "nonNegativeInteger": (Decimal(0), _ENDLESS),
    "positiveInteger": (Decimal(1), _ENDLESS),
    "nonPositiveInteger": (-_ENDLESS, Decimal(0)),
    "negativeInteger": (-_ENDLESS, Decimal(-1)),
    **{name: (Decimal(-(2**bits)), Decimal(2**bits - 1)) for name, bits in _BITS.items()},
    **{f"unsigned{n.capitalize()}": (Decimal(0), Decimal(2 ** (bits + 1) - 1)) for n, bits in _BITS.items()},
}
#: the texts of string types; XML's names are read with \w, which is a little too wide
_TEXTS = {
    "string": r"(?s:.*)",
    "normalizedString": r"[^\t\r\n]*",
    "token": r"(?:[^ \t\r\n]+(?: [^ \t\r\n]+)*)?",
    "language": r"[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*",
    "Name": r"(?!\d)[\w:][\w:.-]*",
    "NCName": r"(?!\d)\w[\w.-]*",
    "NMTOKEN": r"[\w:.-]+",
}
_DECIMAL, _ESCAPED = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)", r"(?:[^%#]|%[0-9a-fA-F]{2})*"
_SCHEME = r"(?:[a-zA-Z][\w+.-]*:|(?![^/?#]*:))"
_FLOAT = rf"{_DECIMAL}(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN"
#: beyond this many characters Oxigraph does not read what is a number or an instant all the same
_MAX_LENGTH = 40


def _cast_to(name: str) -> Callable[[str], str]:
    """Return what writes a text as Oxigraph writes its value; raises ValueError for one that has none."""

    def cast(text: str) -> str:
        found = Store().query(f"SELECT (<{_XSD}{name}>({Literal(text)}) AS ?value) {{}}")
        value = next(found)["value"] if isinstance(found, QuerySolutions) else None
        if not isinstance(value, Literal):
            raise ValueError(text)
        return value.value

    return cast


#: datatype -> its value space, the pattern of its texts, and what reads them
_TYPES: dict[str, tuple[str, str, Callable[[str], object]]] = {
    **{name: ("text", pattern, lambda text: (text, "")) for name, pattern in _TEXTS.items()},
    **{name: ("number", r"[+-]?[0-9]+", Decimal) for name in _RANGES},
    "decimal": ("number", _DECIMAL, Decimal),
    **{name: (name, _FLOAT, _cast_to(name)) for name in ("float", "double")},
    "boolean": ("boolean", r"\w+", _cast_to("boolean")),
    "dateTime": ("dateTime", r"\S+", _cast_to("dateTime")),
    "dateTimeStamp": ("dateTime", r"\S+T\S+(?:Z|[+-]\d\d:\d\d)", _cast_to("dateTime")),
    "hexBinary": ("hexBinary", "(?:[0-9a-fA-F]{2})*", bytes.fromhex),
    "base64Binary": ("base64Binary", r"(?:\S ?)*", base64.b64decode),
    "anyURI": ("anyURI", rf"\s*{_SCHEME}{_ESCAPED}(?:#{_ESCAPED})?\s*", str),
    _RDF + "XMLLiteral": (_RDF + "XMLLiteral", r"(?s:.*)", lambda text: canonicalize(f"<x>{text}</x>")),
}


@cache
def read_value(term: str) -> Value | None:
    """Return the value of a literal of N-Triples; None for another term or an unknown datatype."""
    (quad,) = parse(f"<tag:s> <tag:p> {term} .", format=RdfFormat.N_TRIPLES)
    literal = quad.object
    if not isinstance(literal, Literal):
        return None
    text, language, name = literal.value, literal.language or "", literal.datatype.value.removeprefix(_XSD)
    if name == _RDF + "PlainLiteral":
        (text, at, language), name = text.rpartition("@"), "string"
        if not at or (language and not re.fullmatch(_TEXTS["language"], language)):
            return ILL_TYPED
    if language:
        return "text", (text, language.lower())
    if name not in _TYPES or (name.startswith("dateTime") and len(text) > _MAX_LENGTH):
        return None
    space, pattern, read = _TYPES[name]
    try:
        value = read(text) if re.fullmatch(pattern, text) else None
    except (ValueError, ParseError):
        value = None
    low, high = _RANGES.get(name, (-_ENDLESS, _ENDLESS))
    fits = low <= value <= high if isinstance(value, Decimal) else value is not None
    return (space, value) if fits else ILL_TYPED


def are_equal(one: str, other: str) -> bool | None:
    """Return whether two literals have one value; None where one is not known here."""
    first, second = read_value(one), read_value(other)
    return None if first is None or second is None else first == second != ILL_TYPED


def has_type(term: str, datatype: str) -> bool | None:
    """Return whether the value of a literal is of a datatype, an IRI; None where that is not known here."""
    value, name = read_value(term), datatype.removeprefix(_XSD)
    if value is None or value == ILL_TYPED:
        return None if value is None else False
    space, content = value
    if datatype == _RDFS_LITERAL or name == space:
        return True
    if isinstance(content, Decimal):
        low, high = _RANGES.get(name, (_ENDLESS, -_ENDLESS))
        whole = content == content.to_integral_value() and low <= content <= high
        return whole or name in {"decimal", _OWL + "real", _OWL + "rational"}
    if isinstance(content, tuple):
        text, language = content
        plain = not language and name in _TEXTS and bool(re.fullmatch(_TEXTS[name], text))
        return plain or name == _RDF + "PlainLiteral" or (bool(language) and name == _RDF + "langString")
    zoned = re.search(r"(?:Z|[+-]\d\d:\d\d)$", str(content)) is not None
    return space == "dateTime" and name == "dateTimeStamp" and zoned


def compare_values(rule: str, conclusion: Triple | None, premises: set[Triple]) -> bool | None:
    """Return whether a datatype rule of Table 8 says a step; None where a value is not known."""
    used = {o for s, _, o in premises if s[0] != '"'}
    if conclusion is None:  # a premise contradicts what the rule says, or a literal has no value
        pairs = [
            (s, o) for s, p, o in premises if p == (_SAME if rule == "dt-diff" else _RDF_TYPE) and s in used
        ]
        if rule == "dt-diff":
            return False in [are_equal(s, o) for s, o in pairs if o in used]
        unfit = [has_type(s, o[1:-1]) for s, o in pairs] + [read_value(o) != ILL_TYPED for o in used]
        return False in unfit or (None if pairs or any(read_value(o) is None for o in used) else False)
    s, p, o = conclusion
    if not {term for term in (s, o) if term[0] == '"'} <= used:
        return False
    if rule == "dt-type2":
        return has_type(s, o[1:-1]) if p == _RDF_TYPE else False
    equal, says_equal = are_equal(s, o), rule == "dt-eq"
    return None if equal is None else (p, equal) == (_SAME if says_equal else _DIFFERENT, says_equal)


def check_chain(conclusion: Triple, premises: set[Triple]) -> bool:
    """Return whether the properties in the list of a chain lead from one end of a conclusion to the other."""
    start, chained, end = conclusion
    after = {(s, p): o for s, p, o in premises if p in {_FIRST, _REST, _CHAIN}}
    cell, reached = after.get((chained, _CHAIN)), {start}
    while cell is not None and cell != _NIL:
        step, cell = after.get((cell, _FIRST)), after.pop((cell, _REST), None)
        reached = {o for s, p, o in premises if p == step and s in reached}
    return cell == _NIL and end in reached
