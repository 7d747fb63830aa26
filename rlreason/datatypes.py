"""What literals mean: the values of the OWL 2 RL datatypes (OWL 2 Profiles, 4.2.1; XSD 1.1 Part 2).

A value is a tuple whose first member names its value space, so values of disjoint spaces (float and double,
number and text) are never equal, and all decimal and integer types share the space "number". Two literals are
the same when their values are *identical*, which is narrower than equal: +0 and -0, and one instant in two
time zones, differ (OWL 2 Syntax, section 4).
"""

from __future__ import annotations

import base64
import math
import re
import struct
from collections.abc import Callable, Hashable
from datetime import date
from decimal import Decimal
from fractions import Fraction

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
#: texts: compiling these takes milliseconds, and few graphs have such literals
_STRING_PATTERNS = {XSD[name]: pattern for name, pattern in _STRING_TYPES.items()}
_INTEGER_LIMITS = {XSD[name]: limits for name, limits in _INTEGER_TYPES.items()}
_DECIMAL_PATTERN = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_FLOAT_PATTERN = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN"
#: RFC 3986, section 4.1, once a reader has escaped what XLink 5.4 escapes: a colon only after a scheme
_IRI_PATTERN = (
    r"(?:[a-zA-Z][a-zA-Z0-9+.\-]*:|(?![^/?#]*:))(?:[^%#]|%[0-9a-fA-F]{2})*(?:#(?:[^%#]|%[0-9a-fA-F]{2})*)?"
)
_DATE_TIME_PATTERN = (
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
    if literal.datatype not in _READERS:
        return None
    space, pattern, read = _READERS[literal.datatype]
    match = re.fullmatch(pattern, literal.value)
    if match is None:
        raise ValueError(literal.value)
    return (space, *read(match))


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


#: what a reader makes of a text that fits the pattern of its datatype; it may raise ValueError all the same
_Reader = Callable[[re.Match[str]], LiteralValue]


def _read_text(match: re.Match[str]) -> LiteralValue:
    """Return a text."""
    return (match[0],)


def _read_plain_literal(match: re.Match[str]) -> LiteralValue:
    """Return the text of an rdf:PlainLiteral, `text@language`, and its language if there is any."""
    return (match[1], match[2].lower()) if match[2] else (match[1],)


def _read_decimal(match: re.Match[str]) -> LiteralValue:
    """Return a number; int() would refuse more than 4,300 digits."""
    return (Fraction(Decimal(match[0])),)


def _make_integer_reader(low: int | None, high: int | None) -> _Reader:
    """Return the reader of an integer type with its limits."""

    def read_integer(match: re.Match[str]) -> LiteralValue:
        (number,) = _read_decimal(match)
        if (low is not None and number < low) or (high is not None and number > high):  # type: ignore[operator]
            raise ValueError(match[0])
        return (number,)

    return read_integer


def _make_float_reader(code: str) -> _Reader:
    """Return the reader of a binary floating-point type; its bits are the value.

    A number too large for the type is INF, one too small is zero (XSD 1.1, 3.3.4.2 and 3.3.5.2). In the
    test suite of the OWL 2 RDF-Based Semantics both are ill-typed (dat-dtype-float-illtyped-hi).
    """

    def read_float(match: re.Match[str]) -> LiteralValue:
        number = float(match[0])
        if math.isnan(number):
            return ("NaN",)
        try:
            return (struct.pack(code, number),)
        except OverflowError:
            return (struct.pack(code, math.copysign(math.inf, number)),)

    return read_float


def _read_base64(match: re.Match[str]) -> LiteralValue:
    """Return octets; the bits that no octet has must be zero: "QR==" could be decoded, but is none."""
    joined = match[0].replace(" ", "")
    octets = base64.b64decode(joined, validate=True)
    if base64.b64encode(octets).decode() != joined:
        raise ValueError(match[0])
    return (octets,)


def _read_xml(match: re.Match[str]) -> LiteralValue:
    """Return the canonical form of an XML literal, which must be well balanced (RDF 1.1 Concepts, 5.2)."""
    from xml.etree.ElementTree import ParseError, canonicalize

    try:
        return (canonicalize(f"<x>{match[0]}</x>", with_comments=True),)
    except ParseError as error:
        raise ValueError(match[0]) from error


def _read_instant(match: re.Match[str]) -> LiteralValue:
    """Return minutes, seconds and the offset in minutes (or None) of a dateTime."""
    year, month, day = (int(Decimal(part)) for part in match.group(1, 2, 3))
    hour, minute, second = match.group(4, 5, 6) if match[4] else match.group(7, 8, 9)
    # The calendar repeats after 400 years, and `date` knows years from 1 to 9999 only.
    days = date(year % 400 + 400, month, day).toordinal() + year // 400 * 146_097
    minutes = (days * 24 + int(hour)) * 60 + int(minute)
    zone = match[10]
    offset = 0 if zone == "Z" else None
    if zone and zone != "Z":
        offset = (-1 if zone[0] == "-" else 1) * (int(zone[1:3]) * 60 + int(zone[4:6]))
    return (minutes, Fraction(Decimal(second)), offset)


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
#: datatype -> the name of its value space, the pattern of its texts, and what reads them
_READERS: dict[NamedNode, tuple[str, str, _Reader]] = {
    **{name: ("text", pattern, _read_text) for name, pattern in _STRING_PATTERNS.items()},
    **{
        XSD[name]: ("number", r"[+-]?[0-9]+", _make_integer_reader(*limits))
        for name, limits in _INTEGER_TYPES.items()
    },
    RDF["PlainLiteral"]: ("text", rf"([\s\S]*)@({_STRING_TYPES['language']})?", _read_plain_literal),
    XSD["decimal"]: ("number", _DECIMAL_PATTERN, _read_decimal),
    XSD["float"]: ("float", _FLOAT_PATTERN, _make_float_reader(">f")),
    XSD["double"]: ("double", _FLOAT_PATTERN, _make_float_reader(">d")),
    XSD["boolean"]: ("truth", "(true|1)|false|0", lambda match: (match[1] is not None,)),
    XSD["hexBinary"]: ("hex", r"(?:[0-9a-fA-F]{2})*", lambda match: (bytes.fromhex(match[0]),)),
    XSD["base64Binary"]: ("base64", r"(?:[^ ](?: [^ ])*)*", _read_base64),
    # Blanks around an IRI are collapsed: the Relation Ontology has one.
    XSD["anyURI"]: ("iri", rf"[ \t\r\n]*{_IRI_PATTERN}[ \t\r\n]*", lambda match: (match[0],)),
    XSD["dateTime"]: ("instant", _DATE_TIME_PATTERN, _read_instant),
    XSD["dateTimeStamp"]: ("instant", _DATE_TIME_PATTERN.removesuffix("?"), _read_instant),
    RDF["XMLLiteral"]: ("xml", r"[\s\S]*", _read_xml),
}
#: every datatype whose values are known
DATATYPES = frozenset(_READERS) | _NUMBER_TYPES | {RDFS["Literal"], RDF["langString"]}
