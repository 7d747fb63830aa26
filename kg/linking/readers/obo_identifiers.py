"""The IRIs of OBO identifiers, as OBO 1.4 translates them to OWL (section 5.9).

In this order: an id space that the header declares; a prefix that files may use undeclared; else the PURL of
the OBO Foundry, `obo:PREFIX_local`. An identifier without a prefix is an IRI, the shorthand of a relation, or
a fragment of the ontology's own PURL.
"""

from __future__ import annotations

from typing import IO

from fastobo.id import BaseIdent, PrefixedIdent, UnprefixedIdent

from kg.linking.readers.ntriples_lines import format_iri
from kg.namespaces import DC, FOAF, OBO, ORCID, PREFIXES, XSD

#: prefixes that OBO files use without an `idspace` line (OBO 1.4, section 5.9, and common practice)
_UNDECLARED_PREFIXES = {
    name: PREFIXES[name]
    for name in ("rdf", "rdfs", "owl", "xsd", "skos", "dcterms", "prov", "oboInOwl", "sssom")
} | {"dc": str(DC), "foaf": str(FOAF), "orcid": str(ORCID), "ORCID": str(ORCID)}

#: vocabularies of relations; an xref of a Typedef to any other is only a cross-reference
_RELATION_PREFIXES = (b"RO", b"BFO", b"IAO", b"OBI")


class OboIdentifiers:
    """From an OBO identifier to `<IRI>`; cached, since the same identifiers recur many times in a file."""

    def __init__(self, shorthands: dict[str, str]) -> None:
        """Use `shorthands`: unprefixed relation -> the prefixed xref of its Typedef."""
        self._spaces: dict[str, str] = dict(_UNDECLARED_PREFIXES)
        self._shorthands = shorthands
        self._ontology = ""
        self._iris: dict[BaseIdent, str] = {}

    def declare_prefix(self, prefix: str, address: str) -> None:
        """Use an `idspace` line of the header."""
        self._spaces[prefix] = address

    def set_ontology(self, name: str) -> None:
        """Use the header's `ontology` line: unprefixed identifiers are fragments of its PURL."""
        self._ontology = name

    def __call__(self, ident: BaseIdent) -> str:
        """Return `<IRI>` for an identifier."""
        if ident not in self._iris:
            self._iris[ident] = format_iri(self._expand_identifier(ident))
        return self._iris[ident]

    def format_curie(self, ident: BaseIdent) -> str:
        """Return `PREFIX:local` unescaped, or the bare identifier."""
        if isinstance(ident, PrefixedIdent):
            return f"{ident.prefix}:{ident.local}"
        return str(ident.unescaped if isinstance(ident, UnprefixedIdent) else ident)

    def _expand_identifier(self, ident: BaseIdent) -> str:
        """Return the IRI of an identifier that is not in the cache."""
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
    """Return unprefixed relation -> prefixed xref, from the Typedefs of an OBO file.

    `id: part_of` with `xref: BFO:0000050` means BFO:0000050 (OBO 1.4, section 5.9.3). In most files Typedefs
    come after the terms that use them, so this reads the whole file once before the terms are read.
    """
    shorthands: dict[str, str] = {}
    relation = ""
    in_typedef = False
    for line in stream:
        if line.startswith(b"["):
            in_typedef, relation = line.startswith(b"[Typedef]"), ""
        elif in_typedef and line.startswith(b"id:"):
            relation = line[3:].split(b"!")[0].strip().decode(errors="replace")
        elif in_typedef and relation and line.startswith(b"xref:") and relation not in shorthands:
            target = next(iter(line[5:].split()), b"")
            if target.partition(b":")[0] in _RELATION_PREFIXES and ":" not in relation:
                shorthands[relation] = target.decode()
    return shorthands


def format_datatype(ids: OboIdentifiers, ident: BaseIdent) -> str:
    """Return `<IRI>` of a literal's datatype, "" for xsd:string."""
    iri = ids(ident)
    return "" if iri == str(XSD["string"]) else iri
