"""The terms of RDF, RDFS, OWL 2 and XSD; a name that a vocabulary does not have raises KeyError.

The only module of the library that spells IRIs.
"""

from __future__ import annotations

from pyoxigraph import NamedNode


class Vocabulary(str):
    """The IRI of a namespace; `vocabulary["name"]` is the NamedNode of one of its terms."""

    _terms: dict[str, NamedNode]

    def __new__(cls, iri: str, names: str) -> Vocabulary:
        """Close the namespace `iri` over the blank-separated `names`."""
        self = super().__new__(cls, iri)
        self._terms = {name: NamedNode(iri + name) for name in names.split()}
        return self

    def __getitem__(self, name: object) -> NamedNode:  # type: ignore[override]
        """Return the term called `name`."""
        if name not in self._terms:
            raise KeyError(f"{name} is not a term of {self!s}")
        return self._terms[str(name)]


RDF = Vocabulary(
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "type first rest nil Property List langString PlainLiteral XMLLiteral subject predicate object Statement "
    "value",
)
RDFS = Vocabulary(
    "http://www.w3.org/2000/01/rdf-schema#",
    "label comment subClassOf subPropertyOf domain range Class Resource Literal Datatype seeAlso isDefinedBy "
    "member ContainerMembershipProperty",
)
#: OWL 2 Structural Specification, table 3 of the mapping to RDF graphs
OWL = Vocabulary(
    "http://www.w3.org/2002/07/owl#",
    "AllDifferent AllDisjointClasses AllDisjointProperties Annotation AnnotationProperty AsymmetricProperty "
    "Axiom Class DataRange DatatypeProperty DeprecatedClass DeprecatedProperty FunctionalProperty "
    "InverseFunctionalProperty IrreflexiveProperty NamedIndividual NegativePropertyAssertion Nothing "
    "ObjectProperty Ontology OntologyProperty ReflexiveProperty Restriction SymmetricProperty Thing "
    "TransitiveProperty allValuesFrom annotatedProperty annotatedSource annotatedTarget assertionProperty "
    "backwardCompatibleWith bottomDataProperty bottomObjectProperty cardinality complementOf "
    "datatypeComplementOf deprecated differentFrom disjointUnionOf disjointWith distinctMembers "
    "equivalentClass equivalentProperty hasKey hasSelf hasValue imports incompatibleWith intersectionOf "
    "inverseOf maxCardinality maxQualifiedCardinality members minCardinality minQualifiedCardinality onClass "
    "onDataRange onDatatype onProperties onProperty oneOf priorVersion propertyChainAxiom "
    "propertyDisjointWith qualifiedCardinality rational real sameAs someValuesFrom sourceIndividual "
    "targetIndividual targetValue topDataProperty topObjectProperty unionOf versionIRI versionInfo "
    "withRestrictions",
)
XSD = Vocabulary(
    "http://www.w3.org/2001/XMLSchema#",
    "decimal integer nonNegativeInteger nonPositiveInteger positiveInteger negativeInteger long int short "
    "byte unsignedLong unsignedInt unsignedShort unsignedByte float double string normalizedString token "
    "language Name NCName NMTOKEN boolean hexBinary base64Binary anyURI dateTime dateTimeStamp date time "
    "duration dayTimeDuration yearMonthDuration gYear gYearMonth gMonth gMonthDay gDay",
)
SWRL = Vocabulary(
    "http://www.w3.org/2003/11/swrl#",
    "Imp Variable AtomList ClassAtom IndividualPropertyAtom DatavaluedPropertyAtom SameIndividualAtom "
    "DifferentIndividualsAtom DataRangeAtom BuiltinAtom body head classPredicate propertyPredicate argument1 "
    "argument2 arguments builtin",
)
#: the built-ins of SWRL that compare (SWRL submission, 8.1)
SWRLB = Vocabulary(
    "http://www.w3.org/2003/11/swrlb#",
    "equal notEqual lessThan lessThanOrEqual greaterThan greaterThanOrEqual",
)
#: of the ontology by which Protege annotates SWRL rules
SWRLA = Vocabulary("http://swrl.stanford.edu/ontologies/3.3/swrla.owl#", "isRuleEnabled")
#: SHACL Advanced Features 1.1, section 8, and the targets of SHACL
SH = Vocabulary(
    "http://www.w3.org/ns/shacl#",
    "rule TripleRule SPARQLRule subject predicate object this path inversePath condition construct prefixes "
    "declare prefix namespace deactivated targetClass targetNode targetSubjectsOf targetObjectsOf",
)
