"""Values of literals for the checker of certificates, read without the engine.

A value is a pair of its value space and what tells it apart there, so two literals are equal where their
pairs are. None stands for a datatype that is not known here, ILL_TYPED for a text outside its datatype.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from datetime import datetime, timedelta
from decimal import Decimal
from math import isinf

Value = tuple[str, object]

ILL_TYPED: Value = ("ill-typed", None)
_XSD, _RDF = "http://www.w3.org/2001/XMLSchema#", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_OWL, _RDFS_LITERAL = "http://www.w3.org/2002/07/owl#", "http://www.w3.org/2000/01/rdf-schema#Literal"
_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"(?:@([\w-]+)|\^\^<([^>]*)>)?', re.DOTALL)
_BITS = {"long": 63, "int": 31, "short": 15, "byte": 7}
_NO_BOUND = Decimal("Infinity")
#: the smallest and the largest value of the integer types
_RANGES = {
    "integer": (-_NO_BOUND, _NO_BOUND),
    "nonNegativeInteger": (Decimal(0), _NO_BOUND),
    "positiveInteger": (Decimal(1), _NO_BOUND),
    "nonPositiveInteger": (-_NO_BOUND, Decimal(0)),
    "negativeInteger": (-_NO_BOUND, Decimal(-1)),
    **{name: (Decimal(-(2**bits)), Decimal(2**bits - 1)) for name, bits in _BITS.items()},
    **{f"unsigned{n.capitalize()}": (Decimal(0), Decimal(2 ** (bits + 1) - 1)) for n, bits in _BITS.items()},
}
#: what may not stand in a text of each type; XML's names are read in ASCII only
_TEXTS = {
    "string": r"[^\x00]*",
    "normalizedString": r"[^\t\r\n]*",
    "token": r"(?:[^ \t\r\n]+(?: [^ \t\r\n]+)*)?",
    "language": r"[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*",
    "Name": r"[A-Za-z_:][\w:.-]*",
    "NCName": r"[A-Za-z_][\w.-]*",
    "NMTOKEN": r"[\w:.-]+",
}
_FLOAT = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?INF|NaN")
_DATE_TIME = re.compile(
    r"(\d{4}-\d\d-\d\dT)(\d\d)(:\d\d:\d\d)(?:\.(\d{1,6}))?\d*(Z|[+-](?:0\d|1[0-3]):[0-5]\d|[+-]14:00)?"
)


def read_value(term: str) -> Value | None:
    """Return the value of a literal of N-Triples; None for another term or an unknown datatype."""
    match = _LITERAL.fullmatch(term)
    if match is None:
        return None
    text, language, iri = match[1], match[2], match[3] or _XSD + "string"
    if language:
        return "text", (text, language.lower())
    name = iri.removeprefix(_XSD)
    if iri == _RDF + "PlainLiteral":
        lexical, at, language = text.rpartition("@")
        legal = at and (not language or re.fullmatch(_TEXTS["language"], language))
        return ("text", (lexical, language.lower())) if legal else ILL_TYPED
    if name in _TEXTS:
        return ("text", (text, "")) if re.fullmatch(_TEXTS[name], text) else ILL_TYPED
    if name == "decimal" or name in _RANGES:
        return _read_number(text, name)
    readers = {"boolean": _read_boolean, "float": _read_float, "double": _read_float}
    readers |= {"hexBinary": _read_octets, "base64Binary": _read_octets}
    readers |= {"dateTime": _read_instant, "dateTimeStamp": _read_instant}
    return readers[name](text, name) if name in readers else None


def _read_number(text: str, name: str) -> Value:
    legal = re.fullmatch(r"[+-]?\d+" if name in _RANGES else r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)", text)
    number = Decimal(text) if legal else Decimal("NaN")
    low, high = _RANGES.get(name, (-_NO_BOUND, _NO_BOUND))
    return ("number", number) if legal and low <= number <= high else ILL_TYPED


def _read_boolean(text: str, name: str) -> Value:
    return (name, text in {"true", "1"}) if text in {"true", "false", "1", "0"} else ILL_TYPED


def _read_float(text: str, name: str) -> Value:
    if not _FLOAT.fullmatch(text):
        return ILL_TYPED
    try:
        value = float(text)
        value = struct.unpack("f", struct.pack("f", value))[0] if name == "float" else value
    except OverflowError:
        return ILL_TYPED
    return ILL_TYPED if isinf(value) and "INF" not in text else (name, repr(value))


def _read_octets(text: str, name: str) -> Value:
    try:
        octets = bytes.fromhex(text) if name == "hexBinary" else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return ILL_TYPED
    return name, octets


def _read_instant(text: str, name: str) -> Value:
    match = _DATE_TIME.fullmatch(text)
    if match is None or (name == "dateTimeStamp" and not match[5]):
        return ILL_TYPED
    date, hour, minutes, fraction, zone = match.groups()
    midnight = hour == "24"
    try:
        instant = datetime.strptime(f"{date}{'00' if midnight else hour}{minutes}", "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        return ILL_TYPED
    if midnight and (minutes != ":00:00" or int(fraction or 0)):
        return ILL_TYPED
    zone = {"+00:00": "Z", "-00:00": "Z"}.get(zone or "", zone)
    return "dateTime", (instant + timedelta(days=midnight), Decimal(f"0.{fraction or 0}"), zone)


def are_equal(one: str, other: str) -> bool | None:
    """Return whether two literals have one value; None where one is not known here."""
    first, second = read_value(one), read_value(other)
    if first is None or second is None:
        return None
    return first == second and first != ILL_TYPED


def has_type(term: str, datatype: str) -> bool | None:
    """Return whether the value of a literal is of a datatype, an IRI; None where that is not known here."""
    value, name = read_value(term), datatype.removeprefix(_XSD)
    if value is None or value == ILL_TYPED:
        return None if value is None else False
    space, content = value
    if datatype == _RDFS_LITERAL:
        return True
    if isinstance(content, Decimal):
        low, high = _RANGES.get(name, (_NO_BOUND, -_NO_BOUND))
        whole = content == content.to_integral_value() and low <= content <= high
        return whole or name == "decimal" or datatype in {_OWL + "real", _OWL + "rational"}
    if space == "text" and isinstance(content, tuple):
        text, language = content
        if language or name not in _TEXTS:
            return datatype in {_RDF + "PlainLiteral", _RDF + "langString" if language else ""}
        return bool(re.fullmatch(_TEXTS[name], text))
    if name == "dateTimeStamp" and isinstance(content, tuple):
        return content[2] is not None
    return space == name
