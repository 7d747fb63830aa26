"""What literals mean: the values of the OWL 2 RL datatypes (OWL 2 Profiles, 4.2.1; XSD 1.1 Part 2).

A value is a tuple whose first member names its value space, so values of disjoint spaces (float and double,
number and text) are never equal, and all decimal and integer types share the space "number". Two literals are
the same when their values are *identical*, which is narrower than equal: +0 and -0, and one instant in two
time zones, differ (OWL 2 Syntax, section 4).
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from collections.abc import Callable, Hashable
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from xml.etree.ElementTree import ParseError, canonicalize

from pyoxigraph import Literal, NamedNode

from rlreason.vocabulary import OWL, RDF, RDFS, XSD

#: the name of a value space, then what distinguishes the value from others of that space
LiteralValue = tuple[Hashable, ...]

_INTEGER_TYPES: dict[str, tuple[int | None, int | None]] = {
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
#: NameStartChar of XML 1.0 (fifth edition), production 4, without the colon, and what NameChar adds (4a)
_NAME_START = (
    "A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_NAME_MORE = rf"{_NAME_START}.\-0-9\u00b7\u0300-\u036f\u203f-\u2040"
#: XSD collapses four blank characters only (XSD 1.1 Part 2, 4.3.6); Python's \s has many more
_STRING_TYPES = {
    "string": r"[\s\S]*",
    "normalizedString": r"[^\r\n\t]*",
    "token": r"|[^ \t\r\n]+(?: [^ \t\r\n]+)*",
    "language": r"[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*",
    "Name": rf"[:{_NAME_START}][:{_NAME_MORE}]*",
    "NCName": rf"[{_NAME_START}][{_NAME_MORE}]*",
    "NMTOKEN": rf"[:{_NAME_MORE}]+",
}
#: not compiled: the name patterns take milliseconds, and few graphs have such literals
_STRING_PATTERNS = {XSD[name]: pattern for name, pattern in _STRING_TYPES.items()}
_INTEGER_LIMITS = {XSD[name]: limits for name, limits in _INTEGER_TYPES.items()}
_DECIMAL_PATTERN = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_INTEGER_PATTERN = re.compile(r"[+-]?[0-9]+")
_FLOAT_PATTERN = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN")
#: BCP 47: subtags of one to eight characters, the first of letters only
_LANGUAGE_PATTERN = re.compile(_STRING_TYPES["language"])
#: RFC 3986, section 4.1, once a reader has escaped what XLink 5.4 escapes: a colon only after a scheme
_IRI_PATTERN = re.compile(
    r"(?:[a-zA-Z][a-zA-Z0-9+.\-]*:|(?![^/?#]*:))(?:[^%#]|%[0-9a-fA-F]{2})*(?:#(?:[^%#]|%[0-9a-fA-F]{2})*)?"
)
_DATE_TIME_PATTERN = re.compile(
    r"(-?(?:[1-9][0-9]{3,}|0[0-9]{3}))-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T"
    r"(?:([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9](?:\.[0-9]+)?)|(24):(00):(00(?:\.0+)?))"
    r"(Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
)


def parse_value(literal: Literal) -> LiteralValue | None:
    """Return the value of a literal, None when its datatype is not of OWL 2 RL.

    Raises ValueError when the literal is ill-typed: its text is not in the lexical space of its datatype.
    """
    if literal.language:
        return ("text", literal.value, literal.language.lower())
    datatype = literal.datatype
    if datatype in _STRING_PATTERNS:
        return _parse_string(literal.value, _STRING_PATTERNS[datatype])
    reader = _PARSERS.get(datatype)
    return reader(literal.value) if reader else None


def is_text_type(term: object) -> bool:
    """Return whether a literal is of a type whose values are texts, and so may equal a plain string."""
    return isinstance(term, Literal) and (
        term.datatype in _STRING_PATTERNS or term.datatype == RDF["PlainLiteral"]
    )


def is_in_value_space(literal_value: LiteralValue, datatype: NamedNode) -> bool:
    """Return whether a value is one of a datatype that OWL 2 RL knows."""
    if datatype == RDFS["Literal"]:
        return True
    if literal_value[0] == "text":
        return _is_text_in(literal_value, datatype)
    if literal_value[0] == "number":
        number = literal_value[1]
        if datatype not in _INTEGER_LIMITS:
            return datatype in _NUMBER_TYPES
        low, high = _INTEGER_LIMITS[datatype]
        return (
            isinstance(number, Fraction)
            and number.denominator == 1
            and (low is None or number >= low)
            and (high is None or number <= high)
        )
    if datatype == XSD["dateTimeStamp"]:
        return literal_value[0] == "instant" and literal_value[-1] is not None
    return _VALUE_SPACES.get(datatype) == literal_value[0]


def _is_text_in(literal_value: LiteralValue, datatype: NamedNode) -> bool:
    """Return whether a text belongs to a datatype."""
    if datatype == RDF["PlainLiteral"]:
        return True
    if len(literal_value) == 3:
        return datatype == RDF["langString"]
    pattern = _STRING_PATTERNS.get(datatype)
    return pattern is not None and re.fullmatch(pattern, str(literal_value[1])) is not None


def _parse_string(text: str, pattern: str) -> LiteralValue:
    """Return the value of a string of a derived type."""
    if re.fullmatch(pattern, text) is None:
        raise ValueError(text)
    return ("text", text)


def _parse_plain_literal(text: str) -> LiteralValue:
    """Return the value of an rdf:PlainLiteral, `text@language`."""
    body, mark, language = text.rpartition("@")
    if not mark or (language and _LANGUAGE_PATTERN.fullmatch(language) is None):
        raise ValueError(text)
    return ("text", body, language.lower()) if language else ("text", body)


def _parse_decimal(text: str) -> LiteralValue:
    """Return the value of a decimal number."""
    if _DECIMAL_PATTERN.fullmatch(text) is None:
        raise ValueError(text)
    return ("number", Fraction(Decimal(text)))


def _make_integer_parser(low: int | None, high: int | None) -> Callable[[str], LiteralValue]:
    """Return the parser of an integer type with its limits."""

    def parse_integer(text: str) -> LiteralValue:
        if _INTEGER_PATTERN.fullmatch(text) is None:
            raise ValueError(text)
        number = int(Decimal(text))  # int(text) refuses more than 4,300 digits
        if (low is not None and number < low) or (high is not None and number > high):
            raise ValueError(text)
        return ("number", Fraction(number))

    return parse_integer


def _make_float_parser(space: str, code: str) -> Callable[[str], LiteralValue]:
    """Return the parser of a binary floating-point type; its bits are the value.

    A number too large for the type is INF, one too small is zero (XSD 1.1, 3.3.4.2 and 3.3.5.2). In the
    test suite of the OWL 2 RDF-Based Semantics both are ill-typed (dat-dtype-float-illtyped-hi).
    """

    def parse_float(text: str) -> LiteralValue:
        if _FLOAT_PATTERN.fullmatch(text) is None:
            raise ValueError(text)
        if text == "NaN":
            return (space, "NaN")
        number = float(text.replace("INF", "inf"))
        try:
            return (space, struct.pack(code, number))
        except OverflowError:
            return (space, struct.pack(code, math.copysign(math.inf, number)))

    return parse_float


def _parse_boolean(text: str) -> LiteralValue:
    """Return the value of a truth value."""
    if text not in ("true", "1", "false", "0"):
        raise ValueError(text)
    return ("truth", text in ("true", "1"))


def _parse_hex(text: str) -> LiteralValue:
    """Return the octets of a hexBinary."""
    if re.fullmatch(r"(?:[0-9a-fA-F]{2})*", text) is None:
        raise ValueError(text)
    return ("hex", bytes.fromhex(text))


def _parse_base64(text: str) -> LiteralValue:
    """Return the octets of a base64Binary; single blanks may stand between characters (XSD 1.1, 3.3.16.2)."""
    joined = text.replace(" ", "")
    try:
        octets = base64.b64decode(joined, validate=True)
    except binascii.Error as error:
        raise ValueError(text) from error
    # The bits that no octet has must be zero: "QR==" is not in the lexical space, though it could be decoded.
    if base64.b64encode(octets).decode() != joined or text != text.strip(" ") or "  " in text:
        raise ValueError(text)
    return ("base64", octets)


def _parse_iri(text: str) -> LiteralValue:
    """Return the value of an anyURI, a reference by RFC 3987.

    Characters that a reader escapes are accepted, and so are blanks around it, which XSD collapses: the
    Relation Ontology has one.
    """
    if _IRI_PATTERN.fullmatch(text.strip(" \t\r\n")) is None:
        raise ValueError(text)
    return ("iri", text)


def _parse_xml(text: str) -> LiteralValue:
    """Return the canonical form of an XML literal, which must be well balanced (RDF 1.1 Concepts, 5.2)."""
    try:
        return ("xml", canonicalize(f"<x>{text}</x>", with_comments=True))
    except ParseError as error:
        raise ValueError(text) from error


def _parse_date_time(text: str) -> LiteralValue:
    """Return minutes since the year 0, seconds and the offset in minutes (or None) of a dateTime."""
    match = _DATE_TIME_PATTERN.fullmatch(text)
    if match is None:
        raise ValueError(text)
    year, month, day = (int(Decimal(part)) for part in match.group(1, 2, 3))
    if day > _count_days_of_month(year, month):
        raise ValueError(text)
    hour, minute, second = match.group(4, 5, 6) if match.group(4) else match.group(7, 8, 9)
    days = _count_days_before(year, month) + day
    minutes = (days * 24 + int(hour)) * 60 + int(minute)
    return ("instant", minutes, Fraction(Decimal(second)), _parse_offset(match.group(10)))


def _parse_date_time_stamp(text: str) -> LiteralValue:
    """Return the value of a dateTimeStamp: a dateTime with its zone."""
    stamp = _parse_date_time(text)
    if stamp[-1] is None:
        raise ValueError(text)
    return stamp


def _parse_offset(zone: str | None) -> int | None:
    """Return a time zone in minutes."""
    if zone is None:
        return None
    if zone == "Z":
        return 0
    return (-1 if zone[0] == "-" else 1) * (int(zone[1:3]) * 60 + int(zone[4:6]))


def _count_days_of_month(year: int, month: int) -> int:
    """Return the number of days of a month."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 28 + leap if month == 2 else 30 + (month in (1, 3, 5, 7, 8, 10, 12))


def _count_days_before(year: int, month: int) -> int:
    """Return the days from the year 0 to the start of a month."""
    before = year - 1
    days = before * 365 + before // 4 - before // 100 + before // 400
    return days + sum(_count_days_of_month(year, earlier) for earlier in range(1, month))


_NUMBER_TYPES = frozenset((XSD["decimal"], OWL["real"], OWL["rational"]))
_VALUE_SPACES = {
    XSD["float"]: "float",
    XSD["double"]: "double",
    XSD["boolean"]: "truth",
    XSD["hexBinary"]: "hex",
    XSD["base64Binary"]: "base64",
    XSD["anyURI"]: "iri",
    XSD["dateTime"]: "instant",
    RDF["XMLLiteral"]: "xml",
}
_PARSERS: MappingProxyType[NamedNode, Callable[[str], LiteralValue]] = MappingProxyType(
    {XSD[name]: _make_integer_parser(*limits) for name, limits in _INTEGER_TYPES.items()}
    | {
        RDF["PlainLiteral"]: _parse_plain_literal,
        XSD["decimal"]: _parse_decimal,
        XSD["float"]: _make_float_parser("float", ">f"),
        XSD["double"]: _make_float_parser("double", ">d"),
        XSD["boolean"]: _parse_boolean,
        XSD["hexBinary"]: _parse_hex,
        XSD["base64Binary"]: _parse_base64,
        XSD["anyURI"]: _parse_iri,
        XSD["dateTime"]: _parse_date_time,
        XSD["dateTimeStamp"]: _parse_date_time_stamp,
        RDF["XMLLiteral"]: _parse_xml,
    }
)
#: every datatype whose values are known
DATATYPES = (
    frozenset(_PARSERS) | frozenset(_STRING_PATTERNS) | _NUMBER_TYPES | {RDFS["Literal"], RDF["langString"]}
)
