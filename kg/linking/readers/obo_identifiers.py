"""Give OBO identifiers their IRIs: declared id spaces first, then the OBO Foundry's rule."""

from __future__ import annotations

from typing import IO

import fastobo
from fastobo.id import BaseIdent, PrefixedIdent, UnprefixedIdent

from kg.linking.readers.ntriples_lines import format_iri
from kg.namespaces import OBO, PREFIXES, XSD

#: prefixes whose id space every OBO file may leave out (OBO 1.4 section 5.9 and common practice).
_STANDARD_PREFIXES = {
    name: PREFIXES[name] for name in ("rdf", "rdfs", "owl", "xsd", "skos", "dcterms", "prov", "oboInOwl")
}
_CUSTOMARY_PREFIXES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "orcid": "https://orcid.org/",
    "ORCID": "https://orcid.org/",
    "sssom": PREFIXES["sssom"],
}


class OboIdentifiers:
    """From an OBO identifier to `<IRI>`; remembers what it has seen, for terms recur a thousandfold."""

    def __init__(self, shorthands: dict[str, str]) -> None:
        """Start with `shorthands`: unprefixed relation -> the prefixed xref of its Typedef."""
        self._spaces: dict[str, str] = {**_STANDARD_PREFIXES, **_CUSTOMARY_PREFIXES}
        self._shorthands = shorthands
        self._ontology = ""
        self._seen: dict[BaseIdent, str] = {}

    def declare_prefix(self, prefix: str, address: str) -> None:
        """Take over an `idspace` line of the header."""
        self._spaces[prefix] = address

    def set_ontology(self, name: str) -> None:
        """Take over the header's `ontology` line; unprefixed identifiers live under it."""
        self._ontology = name

    def __call__(self, ident: BaseIdent) -> str:
        """Return `<IRI>` of an identifier."""
        if ident not in self._seen:
            self._seen[ident] = format_iri(self._expand_identifier(ident))
        return self._seen[ident]

    def format_curie(self, ident: BaseIdent) -> str:
        """Return `PREFIX:local` unescaped, or the bare identifier."""
        if isinstance(ident, PrefixedIdent):
            return f"{ident.prefix}:{ident.local}"
        return str(ident.unescaped if isinstance(ident, UnprefixedIdent) else ident)

    def _expand_identifier(self, ident: BaseIdent) -> str:
        """Return the IRI of an identifier not seen before."""
        if isinstance(ident, PrefixedIdent):
            return self._expand_prefixed(ident.prefix, ident.local)
        if not isinstance(ident, UnprefixedIdent):
            return str(ident)
        name = str(ident.unescaped)
        if name.startswith(("http://", "https://", "urn:")):
            return name
        if name in self._shorthands:
            prefix, _, local = self._shorthands[name].partition(":")
            return self._expand_prefixed(prefix, local)
        return f"{OBO}{self._ontology}#{name}" if self._ontology else f"{OBO}{name}"

    def _expand_prefixed(self, prefix: str, local: str) -> str:
        """Return the IRI of `prefix:local`."""
        space = self._spaces.get(prefix)
        return f"{OBO}{prefix}_{local}" if space is None else space + local


def read_shorthands(stream: IO[bytes]) -> dict[str, str]:
    """Return unprefixed relation -> prefixed xref, from the Typedefs of a whole OBO file.

    `id: part_of` with `xref: BFO:0000050` means BFO:0000050 (OBO 1.4 section 5.9.3); Typedefs come last
    in most files, so they are looked up before the terms are read.
    """
    found: dict[str, str] = {}
    name = ""
    inside = False
    for line in stream:
        if line.startswith(b"["):
            inside, name = line.startswith(b"[Typedef]"), ""
        elif inside and line.startswith(b"id:"):
            name = line[3:].split(b"!")[0].strip().decode(errors="replace")
        elif inside and name and line.startswith(b"xref:") and name not in found:
            target = line[5:].split()[0:1]
            prefix = target[0].partition(b":")[0] if target else b""
            if prefix in (b"RO", b"BFO", b"IAO", b"OBI") and ":" not in name:
                found[name] = target[0].decode()
    return found


def format_datatype(ids: OboIdentifiers, ident: BaseIdent) -> str:
    """Return `<IRI>` of a literal's datatype, empty for xsd:string."""
    found = ids(ident)
    return "" if found == f"<{XSD['string'].value}>" else found


def header_facts(header: fastobo.header.HeaderFrame) -> dict[str, str]:
    """Return `ontology`, `data-version` and the like: raw header values by tag."""
    return {clause.raw_tag(): clause.raw_value() for clause in header}
