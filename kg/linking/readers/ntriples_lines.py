"""N-Triples terms written as text, without RDF objects: several times faster for millions of lines."""

from __future__ import annotations

import re

from kg.namespaces import RDF, XSD

RDF_TYPE = f"<{RDF['type'].value}>"
XSD_BOOLEAN = f"<{XSD['boolean'].value}>"

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"})
#: characters that an IRIREF cannot have (N-Triples, section 7)
_ILLEGAL_IN_IRI = re.compile(r"[\x00-\x20<>\"{}|^`\\]")


def format_iri(value: str) -> str:
    """Return `<value>`; characters that an IRI cannot have are percent-encoded."""
    if _ILLEGAL_IN_IRI.search(value):
        value = _ILLEGAL_IN_IRI.sub(lambda match: f"%{ord(match[0]):02X}", value)
    return f"<{value}>"


def format_literal(text: str, datatype: str = "", language: str = "") -> str:
    """Return a literal; `datatype` is an IRI in angle brackets."""
    quoted = f'"{text.translate(_ESCAPES)}"'
    if language:
        return f"{quoted}@{language}"
    return f"{quoted}^^{datatype}" if datatype else quoted
