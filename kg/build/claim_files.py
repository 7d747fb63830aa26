"""Claims as Turtle in one canonical form, a few lines each: a changed claim is a change of its lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Triple

from kg.model.triple_index import TripleIndex
from kg.namespaces import KG, PREFIXES, RDF, RDFS, XSD, compress_iri
from sparqlhost.store.interface import Term

_WIDTH = 120
#: the lines of a claim, each a list of properties in their order; "*" is every other property
_LINES: tuple[tuple[str, ...], ...] = (
    ("atWords", "governorAt", "restatedIn", "appliesTo", "offers", "offersToAll", "offersIf", "advisesIf",
     "reportsPractice", "reportsStudy", "reportsTest", "discounts", "jointlyOffers", "*"),
    ("hasHedge", "cue", "outcomeHedge", "outcomeCue", "prerequisiteCue", "provisoCue", "conditionCue",
     "temporalCue", "contrastCue", "concessionCue", "exceptionCue", "listCue"),
    ("featureFromSentence", "featureFromLeadIn", "featureFromParagraph", "featureFromParagraphBefore",
     "featureFromHeading", "featureFromDocument", "scopeBasis", "polarity", "inventoryType",
     "concerns", "concedes", "alternativeTo", "hasCuratorDecision"),
    ("scopeNote",),
    ("note",),
)  # fmt: skip
_PLACE = {name: (line, number) for line, names in enumerate(_LINES) for number, name in enumerate(names)}
_DECLARATION = re.compile(r"(?m)^@prefix (\w+): <[^>]*> \.\n")
_BARE_LITERALS = frozenset({XSD["integer"], XSD["boolean"]})
_DIGITS = re.compile(r"\d+")


def format_claims_file(comment: str, claims: Iterable[tuple[str, Iterable[Triple]]]) -> str:
    """Return a whole file: the comment of its first line, the prefixes it uses, and its claims in order."""
    body = "\n".join(format_claim(iri, triples) for iri, triples in claims)
    return f"# {comment}\n{declare_turtle_prefixes(body)}\n{body}"


def append_claims(path: Path, comment: str, claims: Sequence[tuple[str, Iterable[Triple]]]) -> str:
    """Return the text of a claims file with more claims at its end; what people wrote stays as it is."""
    if not path.exists():
        return format_claims_file(comment, claims)
    old = path.read_text("utf-8").rstrip("\n")
    new = "\n".join(format_claim(iri, triples) for iri, triples in claims)
    first, rest = old.split("\n", 1)
    body = f"{_DECLARATION.sub('', rest)}\n\n{new}".lstrip("\n")
    return f"{first}\n{declare_turtle_prefixes(body, _DECLARATION.findall(old))}\n{body}"


def format_claim(iri: str, triples: Iterable[Triple]) -> str:
    """Return the statement of one claim, a few lines with its name and label first."""
    index = TripleIndex(triples)
    properties = {triple.predicate for triple in triples}
    types = sorted(index.list_iris(iri, RDF["type"]), key=lambda term: (term != KG["Claim"], term.value))
    label = index.list_objects(iri, RDFS["label"])
    head = f"{format_name(iri)} a {', '.join(format_term(term) for term in types)} ;"
    lines = _pack([head, *(f"rdfs:label {format_term(term)} ;" for term in label)])
    lines[0] = lines[0].lstrip()
    placed = sorted((_find_place(term), term) for term in properties - {RDF["type"], RDFS["label"]})
    for _, group in groupby(placed, key=lambda pair: pair[0][0]):
        lines += _pack([_format_property(index, iri, term) for _, term in group])
    lines[-1] = lines[-1].removesuffix(";") + "."
    return "\n".join(lines) + "\n"


def format_term(term: Term) -> str:
    """Return an IRI or a literal as these files write it."""
    if isinstance(term, Literal) and term.datatype in _BARE_LITERALS:
        return term.value
    if (
        isinstance(term, Literal)
        and term.datatype.value.startswith(str(XSD))
        and term.datatype != XSD["string"]
    ):
        return f'"{term.value}"^^{format_name(term.datatype.value)}'
    return format_name(term.value) if isinstance(term, NamedNode) else str(term)


def format_name(iri: str) -> str:
    """Return the prefixed name of an IRI, the mark of a fragment escaped; an IRI without a prefix in full."""
    name = compress_iri(iri)
    return f"<{iri}>" if name == iri else name.replace("#", "\\#")


def _format_property(index: TripleIndex, iri: str, predicate: NamedNode) -> str:
    """Return the values of a property; each text apart, so that cues do not add up to a sentence."""
    name, values = format_name(predicate.value), index.list_objects(iri, predicate)
    things = sorted((format_term(v) for v in values if isinstance(v, NamedNode)), key=_natural_key)
    texts = sorted(format_term(value) for value in values if not isinstance(value, NamedNode))
    return " ".join(f"{name} {value} ;" for value in filter(None, (", ".join(things), *texts)))


def _natural_key(text: str) -> list[str]:
    return [part.zfill(6) if part.isdigit() else part for part in re.split(r"(\d+)", text)]


def _find_place(predicate: NamedNode) -> tuple[int, int, str]:
    name = predicate.value.rpartition("#")[2]
    line, number = _PLACE.get(name, _PLACE["*"])
    return line, number, name


def _pack(statements: list[str]) -> list[str]:
    """Return statements on as few indented lines as fit."""
    lines = [""]
    for statement in statements:
        if lines[-1] and len(lines[-1]) + len(statement) + 1 > _WIDTH:
            lines.append("")
        lines[-1] = f"{lines[-1]} {statement}" if lines[-1] else f"  {statement}"
    return lines


def declare_turtle_prefixes(body: str, more: Iterable[str] = ()) -> str:
    """Return the declarations of the prefixes that Turtle without any uses, and of `more`."""
    without_texts = re.sub(r'"(?:[^"\\]|\\.)*"', "", body)
    used = {name for name in re.findall(r"(?<![\w:])(\w+):(?=\S)", without_texts) if name in PREFIXES}
    return "".join(f"@prefix {name}: <{PREFIXES[name]}> .\n" for name in sorted(used | set(more)))
