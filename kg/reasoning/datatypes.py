"""What literals mean: the values of the OWL 2 RL datatypes (OWL 2 Profiles, Table 8; XSD 1.1 Part 2).

Two literals are the same when their values are identical, which is narrower than equal: +0 and -0, and one
instant in two time zones, differ (OWL 2 Syntax, section 4).
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from collections.abc import Callable, Hashable
from fractions import Fraction
from types import MappingProxyType
from xml.etree.ElementTree import ParseError, canonicalize

from pyoxigraph import Literal, NamedNode

from kg.namespaces import OWL, RDF, RDFS, XSD

#: a value: the name of its space, then what tells it from others of the space
Value = tuple[Hashable, ...]

PLAIN = NamedNode(str(RDF) + "PlainLiteral")
XML = NamedNode(str(RDF) + "XMLLiteral")
LANG_STRING = RDF["langString"]
ANY = RDFS["Literal"]

_INTEGERS: dict[str, tuple[int | None, int | None]] = {
    "integer": (None, None),
    "nonNegativeInteger": (0, None),
    "nonPositiveInteger": (None, 0),
    "positiveInteger": (1, None),
    "negativeInteger": (None, -1),
    "long": (-(2**63), 2**63 - 1),
    "int": (-(2**31), 2**31 - 1),
    "short": (-(2**15), 2**15 - 1),
    "byte": (-128, 127),
    "unsignedLong": (0, 2**64 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedByte": (0, 255),
}
_NAME = r"[^\W\d][\w.\-·]*"
_STRINGS = {
    "string": r"[\s\S]*",
    "normalizedString": r"[^\r\n\t]*",
    "token": r"|[^\s]+(?: [^\s]+)*",
    "language": r"[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*",
    "Name": rf"(?::|{_NAME})(?::|[\w.\-·])*",
    "NCName": _NAME,
    "NMTOKEN": r"[\w.\-:·]+",
}
_STRING_PATTERNS = {XSD[name]: re.compile(pattern) for name, pattern in _STRINGS.items()}
_RANGES = {XSD[name]: limits for name, limits in _INTEGERS.items()}
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN")
#: a digit other than zero before any exponent
_NOT_ZERO = re.compile(r"[^eE]*[1-9]")
#: BCP 47: subtags of one to eight characters, the first of letters only
_LANGUAGE = re.compile(_STRINGS["language"])
#: RFC 3986, section 4.1, once a reader has escaped what XLink 5.4 escapes: a colon only after a scheme
_IRI = re.compile(
    r"(?:[a-zA-Z][a-zA-Z0-9+.\-]*:|(?![^/?#]*:))(?:[^%#]|%[0-9a-fA-F]{2})*(?:#(?:[^%#]|%[0-9a-fA-F]{2})*)?"
)
_DATE_TIME = re.compile(
    r"(-?(?:[1-9][0-9]{3,}|0[0-9]{3}))-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T"
    r"(?:([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9](?:\.[0-9]+)?)|(24):(00):(00(?:\.0+)?))"
    r"(Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
)


def value(literal: Literal) -> Value | None:
    """Return the value of a literal.

    None when its datatype is not of OWL 2 RL. Raises ValueError if ill-typed.
    """
    if literal.language:
        return ("text", literal.value, literal.language.lower())
    datatype = literal.datatype
    if datatype in _STRING_PATTERNS:
        return _string(literal.value, _STRING_PATTERNS[datatype])
    reader = _READERS.get(datatype)
    return reader(literal.value) if reader else None


def is_text_type(term: object) -> bool:
    """Say whether a literal is of a type whose values are texts, and so may equal a plain string."""
    return isinstance(term, Literal) and (term.datatype in _STRING_PATTERNS or term.datatype == PLAIN)


def belongs(of: Value, datatype: NamedNode) -> bool:
    """Say whether a value is one of a datatype that OWL 2 RL knows."""
    if datatype == ANY:
        return True
    if of[0] == "text":
        return _is_text(of, datatype)
    if of[0] == "number":
        number = of[1]
        if datatype not in _RANGES:
            return datatype in _NUMBERS
        low, high = _RANGES[datatype]
        return (
            isinstance(number, Fraction)
            and number.denominator == 1
            and (low is None or number >= low)
            and (high is None or number <= high)
        )
    if datatype == XSD["dateTimeStamp"]:
        return of[0] == "instant" and of[-1] is not None
    return _SPACES.get(datatype) == of[0]


def _is_text(of: Value, datatype: NamedNode) -> bool:
    """Say whether a text belongs to a datatype."""
    if datatype == PLAIN:
        return True
    if len(of) == 3:
        return datatype == LANG_STRING
    pattern = _STRING_PATTERNS.get(datatype)
    return pattern is not None and pattern.fullmatch(str(of[1])) is not None


def _string(text: str, pattern: re.Pattern[str]) -> Value:
    """Return the value of a string of a derived type."""
    if pattern.fullmatch(text) is None:
        raise ValueError(text)
    return ("text", text)


def _plain(text: str) -> Value:
    """Return the value of an rdf:PlainLiteral, `text@language`."""
    body, mark, language = text.rpartition("@")
    if not mark or (language and _LANGUAGE.fullmatch(language) is None):
        raise ValueError(text)
    return ("text", body, language.lower()) if language else ("text", body)


def _number(text: str) -> Value:
    """Return the value of a decimal number."""
    if _DECIMAL.fullmatch(text) is None:
        raise ValueError(text)
    return ("number", Fraction(text if text[-1] != "." else text[:-1]))


def _ranged(low: int | None, high: int | None) -> Callable[[str], Value]:
    """Return the reader of an integer type with its limits."""

    def read(text: str) -> Value:
        if _INTEGER.fullmatch(text) is None:
            raise ValueError(text)
        number = int(text)
        if (low is not None and number < low) or (high is not None and number > high):
            raise ValueError(text)
        return ("number", Fraction(number))

    return read


def _floating(space: str, code: str) -> Callable[[str], Value]:
    """Return the reader of a binary floating-point type; its bits are the value.

    A number that is too large or too small for the type is ill-typed, as in the test suite of the OWL 2
    RDF-Based Semantics (rdfbased-dat-dtype-float-illtyped-hi, -lo); XSD 1.1 would round it to INF or zero.
    """

    def read(text: str) -> Value:
        if _FLOAT.fullmatch(text) is None:
            raise ValueError(text)
        if text == "NaN":
            return (space, "NaN")
        number = float(text.replace("INF", "inf"))
        try:
            bits = struct.pack(code, number)
        except OverflowError as error:
            raise ValueError(text) from error
        (kept,) = struct.unpack(code, bits)
        if (math.isinf(kept) and "INF" not in text) or (kept == 0 and _NOT_ZERO.match(text)):
            raise ValueError(text)
        return (space, bits)

    return read


def _boolean(text: str) -> Value:
    """Return the value of a truth value."""
    if text not in ("true", "1", "false", "0"):
        raise ValueError(text)
    return ("truth", text in ("true", "1"))


def _hex(text: str) -> Value:
    """Return the octets of a hexBinary."""
    if re.fullmatch(r"(?:[0-9a-fA-F]{2})*", text) is None:
        raise ValueError(text)
    return ("hex", bytes.fromhex(text))


def _base64(text: str) -> Value:
    """Return the octets of a base64Binary."""
    try:
        return ("base64", base64.b64decode(text.replace(" ", ""), validate=True))
    except binascii.Error as error:
        raise ValueError(text) from error


def _iri(text: str) -> Value:
    """Return the value of an anyURI, a reference by RFC 3987; characters that a reader escapes are let in.

    So are blanks around it, which XSD collapses: the Relation Ontology has one.
    """
    if _IRI.fullmatch(text.strip()) is None:
        raise ValueError(text)
    return ("iri", text)


def _xml(text: str) -> Value:
    """Return the canonical form of an XML literal, which must be well balanced (RDF 1.1 Concepts, 5.2)."""
    try:
        return ("xml", canonicalize(f"<x>{text}</x>", with_comments=True))
    except ParseError as error:
        raise ValueError(text) from error


def _instant(text: str) -> Value:
    """Return minutes since the year 0, seconds and the offset in minutes (or None) of a dateTime."""
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise ValueError(text)
    year, month, day = (int(part) for part in match.group(1, 2, 3))
    if day > _days_of(year, month):
        raise ValueError(text)
    hour, minute, second = match.group(4, 5, 6) if match.group(4) else match.group(7, 8, 9)
    days = _days_before(year, month) + day
    minutes = (days * 24 + int(hour)) * 60 + int(minute)
    return ("instant", minutes, Fraction(second), _offset(match.group(10)))


def _stamp(text: str) -> Value:
    """Return the value of a dateTimeStamp: a dateTime with its zone."""
    found = _instant(text)
    if found[-1] is None:
        raise ValueError(text)
    return found


def _offset(zone: str | None) -> int | None:
    """Return a time zone in minutes."""
    if zone is None:
        return None
    if zone == "Z":
        return 0
    return (-1 if zone[0] == "-" else 1) * (int(zone[1:3]) * 60 + int(zone[4:6]))


def _days_of(year: int, month: int) -> int:
    """Return the number of days of a month."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 28 + leap if month == 2 else 30 + (month in (1, 3, 5, 7, 8, 10, 12))


def _days_before(year: int, month: int) -> int:
    """Return the days from the year 0 to the start of a month."""
    before = year - 1
    days = before * 365 + before // 4 - before // 100 + before // 400
    return days + sum(_days_of(year, earlier) for earlier in range(1, month))


_NUMBERS = frozenset((XSD["decimal"], OWL["real"], OWL["rational"]))
_SPACES = {
    XSD["float"]: "float",
    XSD["double"]: "double",
    XSD["boolean"]: "truth",
    XSD["hexBinary"]: "hex",
    XSD["base64Binary"]: "base64",
    XSD["anyURI"]: "iri",
    XSD["dateTime"]: "instant",
    XML: "xml",
}
_READERS: MappingProxyType[NamedNode, Callable[[str], Value]] = MappingProxyType(
    {XSD[name]: _ranged(*limits) for name, limits in _INTEGERS.items()}
    | {
        PLAIN: _plain,
        XSD["decimal"]: _number,
        XSD["float"]: _floating("float", ">f"),
        XSD["double"]: _floating("double", ">d"),
        XSD["boolean"]: _boolean,
        XSD["hexBinary"]: _hex,
        XSD["base64Binary"]: _base64,
        XSD["anyURI"]: _iri,
        XSD["dateTime"]: _instant,
        XSD["dateTimeStamp"]: _stamp,
        XML: _xml,
    }
)
#: every datatype whose values are known
DATATYPES = frozenset(_READERS) | frozenset(_STRING_PATTERNS) | _NUMBERS | {ANY, LANG_STRING}
