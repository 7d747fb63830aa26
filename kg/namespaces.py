"""The only module that spells IRIs: the project's namespaces and those it borrows."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from pyoxigraph import NamedNode

if TYPE_CHECKING:
    from curies import Converter

BASE = "https://w3id.org/rrall-kg/"


class Namespace(str):
    """An IRI prefix; `ns["local"]` is the NamedNode of a local name."""

    __slots__ = ()

    def __getitem__(self, local: object) -> NamedNode:  # type: ignore[override]
        """Return the term `local` of this namespace."""
        return NamedNode(str(self) + str(local))


class ClosedNamespace(Namespace):
    """A namespace that lists the terms Python names; any other raises KeyError, so a typo cannot pass."""

    _names: frozenset[str]

    def __new__(cls, iri: str, names: str) -> ClosedNamespace:
        """Return namespace `iri` with the blank-separated `names` as its terms."""
        self = super().__new__(cls, iri)
        self._names = frozenset(names.split())
        return self

    def __getitem__(self, local: object) -> NamedNode:  # type: ignore[override]
        """Return the term `local`; raises KeyError when it is not listed."""
        if local not in self._names:
            raise KeyError(f"{local} is not listed as a term of {self!s} in {__name__}")
        return NamedNode(str(self) + str(local))


#: the terms of the ontology that Python names; a test compares them with `ontology/`. Terms that come from a
#: file of the project (a table, a header) are expanded with `expand_curie`; checks report the unknown ones.
KG = ClosedNamespace(
    BASE + "ont#",
    """
    AdviceClaim CautionClaim Claim ClinicalProblem ClinicalSituation CollectiveClaim
    ConditionalClaim CourseClaim CuratorDecision EscalationClaim Feature FrequencyClaim
    GoalShiftClaim InferredEdge InterpretedClaim Intervention OfferClaim PatientScenario
    Population PracticeClaim PropertyGroup Sentence SourceDocument TerminologyClaim
    UnconditionalOffer UnstatedCriterion WordingExcuse
    addressee adviser advisesIf alternativeFeature appliesTo atWords brandName broaderSituation
    byteLength cautionedAbout characterLength claimsCreated claimsCreator claimsLicense
    claimsVersion classifiedAs classifies concedes concerns concernsOutcome concernsSentence
    concessionCue conditionCue contrastCue cue curatorType datePrinted denominatorText dependent
    dependsOnVariable discountedBy discounts end exactSha256 exampleClass exampleOf exceptionCue
    excusedBecause excusedFor excusesWord feasibilityOf featureFromDocument featureFromHeading
    featureFromLeadIn featureFromParagraph featureFromParagraphBefore featureFromSentence
    featureOfDisease featureOfProblem fitsLink goalFromScope governingSpan governorAt
    hasCuratorDecision hasExample hasFallbackClaim hasFeature hasGoal hasHedge hasIntervention
    hasKind hasPrerequisite hasProviso hasSourceDocument hasSourceSpan hedgeKind inDefaultGraph inDocument
    inSentence incompatibleWith infeasibilityOf inheritedLimitedBenefitFor jointlyFor
    jointlyOffers kindOf lastRevised lastRevisedPrinted length limitedBenefitFor lineNumber
    listCue matchesSituation mayPrecede nameGiven names namesExample narrowerSituation
    noMappingBecause notAimedAt occurrence occurrences offers offersIf offersToAll onlyIf
    optionFor order outcomeCue outcomeHedge polarity prerequisiteCue printedAs provisoCue
    queryDeadline queryMemory queryQueue queryRows querySize querySlots reportsPractice
    reportsStudy reportsTest restatedIn restsOnClaim riskFactor riskOf satisfies scopeBasis
    segmentCount segmentKind sentence setAsideBecause sha256 sourceSpelling start statesProblem
    strengthRank strongestReading targetsProblem temporalCue topic unavailable undatedBecause
    weakestHedge whenUnavailable
    """,
)
GRAPH = Namespace(BASE + "graph/")
CLAIM = Namespace(BASE + "claim/")

RDF = ClosedNamespace(
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "type first rest nil Property List langString subject predicate object Statement value reifies",
)
RDFS = ClosedNamespace(
    "http://www.w3.org/2000/01/rdf-schema#",
    "label comment subClassOf subPropertyOf domain range Class Resource Literal Datatype seeAlso isDefinedBy "
    "member ContainerMembershipProperty",
)
OWL = Namespace("http://www.w3.org/2002/07/owl#")
XSD = Namespace("http://www.w3.org/2001/XMLSchema#")
SKOS = ClosedNamespace(
    "http://www.w3.org/2004/02/skos/core#",
    "altLabel broadMatch closeMatch definition exactMatch hiddenLabel narrowMatch notation note "
    "prefLabel relatedMatch",
)
DCTERMS = ClosedNamespace(
    "http://purl.org/dc/terms/",
    "created creator description format hasPart hasVersion identifier isPartOf isReplacedBy isVersionOf "
    "license rights source subject title",
)
DC = Namespace("http://purl.org/dc/elements/1.1/")
FOAF = Namespace("http://xmlns.com/foaf/0.1/")
ORCID = Namespace("https://orcid.org/")
PROV = ClosedNamespace(
    "http://www.w3.org/ns/prov#",
    "Activity Entity hadPrimarySource used wasAttributedTo wasDerivedFrom wasGeneratedBy "
    "wasInfluencedBy wasQuotedFrom",
)
OA = ClosedNamespace(
    "http://www.w3.org/ns/oa#", "SpecificResource TextPositionSelector end hasSelector hasSource start"
)
SH = ClosedNamespace(
    "http://www.w3.org/ns/shacl#",
    "PrefixDeclaration SPARQLAskExecutable SPARQLExecutable SPARQLSelectExecutable ask declare "
    "namespace prefix prefixes select",
)
VOID = ClosedNamespace("http://rdfs.org/ns/void#", "Dataset classes sparqlEndpoint subset triples uriSpace")
DCAT = Namespace("http://www.w3.org/ns/dcat#")
SD = Namespace("http://www.w3.org/ns/sparql-service-description#")
ENTAILMENT = Namespace("http://www.w3.org/ns/entailment/")
OWL_PROFILE = Namespace("http://www.w3.org/ns/owl-profile/")
SCHEMA = Namespace("https://schema.org/")
CC = Namespace("https://creativecommons.org/licenses/")
NP = ClosedNamespace(
    "http://www.nanopub.org/nschema#", "Nanopublication hasAssertion hasProvenance hasPublicationInfo"
)
SSSOM = Namespace("https://w3id.org/sssom/")
SEMAPV = Namespace("https://w3id.org/semapv/vocab/")
OBO = Namespace("http://purl.obolibrary.org/obo/")
#: terms by CURIE, for prefixes that no known vocabulary has; and the vocabularies themselves
BIOREGISTRY = Namespace("https://bioregistry.io/")
BIOREGISTRY_PREFIX = Namespace("https://bioregistry.io/registry/")
OBOINOWL = Namespace("http://www.geneontology.org/formats/oboInOwl#")
SPDX = ClosedNamespace(
    "http://spdx.org/rdf/terms#", "Checksum algorithm checksum checksumAlgorithm_sha256 checksumValue"
)
IMPORT_GRAPH = Namespace(BASE + "graph/import/")
#: names of ingredients in imported tables that have no code for them
INGREDIENT_NAME = BASE + "ingredient-name/"
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
        "test": "test",
        "variable": "var",
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

_NAMESPACES_BY_FOLDED_PREFIX = {prefix.casefold(): namespace for prefix, namespace in PREFIXES.items()}

#: the local part of an OBO term's IRI, `CHEBI_15365`
_OBO_TERM = re.compile(r"(?P<prefix>[A-Za-z]+)_(?P<identifier>\w+)")


@cache
def _load_converter() -> Converter:
    """Return the converter of PREFIXES, made at first use: `curies` takes 0.1 s to import."""
    from curies import Converter

    return Converter.from_prefix_map(dict(PREFIXES))


@lru_cache(maxsize=8192)
def compress_iri(iri: str) -> str:
    """Return an IRI as a CURIE: `prefix:local` of PREFIXES, `CHEBI:15365` of OBO; else the IRI unchanged."""
    if iri.startswith(OBO) and (term := _OBO_TERM.fullmatch(iri, len(OBO))):
        return f"{term['prefix']}:{term['identifier']}"
    curie = _load_converter().compress(iri)
    return iri if curie is None or curie.endswith(":") else curie


def expand_curie(name: str) -> str:
    """Return the IRI of a CURIE of PREFIXES, its prefix in any case; anything else, as a label, unchanged.

    Identifiers of outside vocabularies are read by `kg.model.identifiers`, in any spelling.
    """
    prefix, colon, local = name.partition(":")
    namespace = _NAMESPACES_BY_FOLDED_PREFIX.get(prefix.casefold()) if colon else None
    return name if namespace is None else namespace + local


def get_local_name(name: str) -> str:
    """Return what follows the last `/`, `#` or `:` of an IRI or a CURIE.

    >>> get_local_name("https://w3id.org/rrall-kg/claim/S07-1"), get_local_name("claim:S07-1")
    ('S07-1', 'S07-1')
    """
    return re.split(r"[/#:]", name.rstrip("/#"))[-1]


def declare_prefixes(text: str) -> str:
    """Return the query preceded by one line with the project's prefixes that it uses and does not declare."""
    declared = {
        name.lower() for name in PREFIXES if f"prefix {name}:".lower() in " ".join(text.split()).lower()
    }
    missing = [name for name in PREFIXES if f"{name}:" in text and name.lower() not in declared]
    line = " ".join(f"PREFIX {name}: <{PREFIXES[name]}>" for name in missing)
    return f"{line}\n{text}" if line else text
