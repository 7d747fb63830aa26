"""The only module that spells IRIs: the project's namespaces and those it borrows."""

from __future__ import annotations

from types import MappingProxyType

from pyoxigraph import NamedNode

BASE = "https://w3id.org/rrall-kg/"


class Namespace(str):
    """An IRI prefix; `ns["local"]` is the NamedNode of a local name."""

    __slots__ = ()

    def __getitem__(self, local: object) -> NamedNode:  # type: ignore[override]
        """Return the term `local` of this namespace."""
        return NamedNode(str(self) + str(local))


class ClosedNamespace(Namespace):
    """A namespace whose local names are listed; any other raises KeyError, so a typo cannot pass."""

    _names: frozenset[str]

    def __new__(cls, iri: str, names: str) -> ClosedNamespace:
        """Close namespace `iri` over the blank-separated `names`."""
        self = super().__new__(cls, iri)
        self._names = frozenset(names.split())
        return self

    def __getitem__(self, local: object) -> NamedNode:  # type: ignore[override]
        """Return the term `local`; raises KeyError when the vocabulary has none such."""
        if local not in self._names:
            raise KeyError(f"{local} is not a term of {self!s}")
        return NamedNode(str(self) + str(local))


KG = Namespace(BASE + "ont#")
GRAPH = Namespace(BASE + "graph/")
CLAIM = Namespace(BASE + "claim/")

RDF = ClosedNamespace(
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "type first rest nil Property List langString subject predicate object Statement value",
)
RDFS = ClosedNamespace(
    "http://www.w3.org/2000/01/rdf-schema#",
    "label comment subClassOf subPropertyOf domain range Class Resource Literal Datatype seeAlso isDefinedBy "
    "member ContainerMembershipProperty",
)
OWL = Namespace("http://www.w3.org/2002/07/owl#")
XSD = Namespace("http://www.w3.org/2001/XMLSchema#")
SKOS = Namespace("http://www.w3.org/2004/02/skos/core#")
DCTERMS = Namespace("http://purl.org/dc/terms/")
PROV = Namespace("http://www.w3.org/ns/prov#")
OA = Namespace("http://www.w3.org/ns/oa#")
SH = Namespace("http://www.w3.org/ns/shacl#")
VOID = Namespace("http://rdfs.org/ns/void#")
DCAT = Namespace("http://www.w3.org/ns/dcat#")
SD = Namespace("http://www.w3.org/ns/sparql-service-description#")
W3C_FORMATS = Namespace("http://www.w3.org/ns/formats/")
ENTAILMENT = Namespace("http://www.w3.org/ns/entailment/")
OWL_PROFILE = Namespace("http://www.w3.org/ns/owl-profile/")
SCHEMA = Namespace("https://schema.org/")
CC = Namespace("https://creativecommons.org/licenses/")
NP = Namespace("http://www.nanopub.org/nschema#")
SSSOM = Namespace("https://w3id.org/sssom/")
SEMAPV = Namespace("https://w3id.org/semapv/vocab/")
OBO = Namespace("http://purl.obolibrary.org/obo/")
OBOINOWL = Namespace("http://www.geneontology.org/formats/oboInOwl#")
SPDX = Namespace("http://spdx.org/rdf/terms#")
IMPORT_GRAPH = Namespace(BASE + "graph/import/")
BIOLINK = Namespace("https://w3id.org/biolink/vocab/")

#: kind of entity -> prefix; the kind is also the first path segment of the entity's page.
ENTITY_KINDS = MappingProxyType(
    {
        "disease": "dis",
        "situation": "sit",
        "feature": "feat",
        "intervention": "int",
        "problem": "prob",
        "goal": "goal",
        "hedge": "hedge",
        "claim": "claim",
        "span": "span",
        "sentence": "sent",
        "document": "doc",
        "decision": "decision",
        "relation": "rel",
        "graph": "graph",
        "scenario": "scn",
    }
)

#: prefix -> namespace IRI: what queries, Turtle files, notebooks and pages may abbreviate.
PREFIXES = MappingProxyType(
    {prefix: BASE + kind + "/" for kind, prefix in ENTITY_KINDS.items()}
    | {
        "kg": str(KG),
        "rdf": str(RDF),
        "rdfs": str(RDFS),
        "owl": str(OWL),
        "xsd": str(XSD),
        "skos": str(SKOS),
        "dcterms": str(DCTERMS),
        "prov": str(PROV),
        "oa": str(OA),
        "sh": str(SH),
        "void": str(VOID),
        "dcat": str(DCAT),
        "sd": str(SD),
        "np": str(NP),
        "sssom": str(SSSOM),
        "semapv": str(SEMAPV),
        "obo": str(OBO),
        "oboInOwl": str(OBOINOWL),
        "biolink": str(BIOLINK),
    }
)


def compress_iri(iri: str) -> str:
    """Return an IRI as `prefix:local` where a known prefix fits, or else unchanged."""
    fits = [(len(namespace), prefix) for prefix, namespace in PREFIXES.items() if iri.startswith(namespace)]
    if not fits:
        return iri
    length, prefix = max(fits)
    return f"{prefix}:{iri[length:]}"
