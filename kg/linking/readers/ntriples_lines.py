"""N-Triples terms written as text, without RDF objects: several times faster for millions of lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

from kg.model.product_names import fold_name
from kg.namespaces import INGREDIENT_NAME, RDF, RDFS, XSD

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


def write_ingredients(subject: str, names: list[str], expand_curie: Callable[[str], str]) -> Iterator[str]:
    """Yield the lines for the ingredients of a product (`<IRI>`), which a table gives by name only."""
    relation = format_iri(expand_curie("rxnorm:1")[:-1] + "has_ingredient")
    for name in filter(None, map(str.strip, names)):
        node = format_iri(INGREDIENT_NAME + quote(fold_name(name)))
        yield f"{subject} {relation} {node} .\n{node} {RDFS['label']} {format_literal(name)} .\n"
