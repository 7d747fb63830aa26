"""Write N-Triples lines fast: strings in, one line of text out; no RDF objects between."""

from __future__ import annotations

import re

from kg.namespaces import RDF, XSD

RDF_TYPE = f"<{RDF['type'].value}>"
XSD_BOOLEAN = f"<{XSD['boolean'].value}>"

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"})
#: what an IRIREF may not hold (N-Triples section 7).
_ILLEGAL_IN_IRI = re.compile(r"[\x00-\x20<>\"{}|^`\\]")


def format_iri(value: str) -> str:
    """Return `<value>`, characters an IRI may not hold percent-encoded."""
    if _ILLEGAL_IN_IRI.search(value):
        value = _ILLEGAL_IN_IRI.sub(lambda found: f"%{ord(found[0]):02X}", value)
    return f"<{value}>"


def format_literal(text: str, datatype: str = "", language: str = "") -> str:
    """Return a literal; `datatype` is an IRI in angle brackets."""
    quoted = f'"{text.translate(_ESCAPES)}"'
    if language:
        return f"{quoted}@{language}"
    return f"{quoted}^^{datatype}" if datatype else quoted
