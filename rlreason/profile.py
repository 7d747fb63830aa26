"""Which axioms of an ontology lie outside the OWL 2 RL profile (OWL 2 Profiles, section 4.2).

Pure: triples in, violations out. It reads the RDF form of axioms (OWL 2 Mapping to RDF Graphs) and does not
judge annotations. It does not check the global restrictions of OWL 2 DL (regular property hierarchies).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from rlreason.term_dictionary import Term
from rlreason.vocabulary import OWL, RDF, RDFS, XSD
from rlreason.wording import TermFormatter, format_standard_term

#: section 4.2.1: the datatypes of OWL 2 but owl:real and owl:rational
_DATATYPES = frozenset(
    {RDFS["Literal"], RDF["langString"], RDF["PlainLiteral"], RDF["XMLLiteral"]}
    | {
        XSD[name]
        for name in (
            "decimal integer nonNegativeInteger nonPositiveInteger positiveInteger negativeInteger long int "
            "short byte unsignedLong unsignedInt unsignedShort unsignedByte float double string "
            "normalizedString token language Name NCName NMTOKEN boolean hexBinary base64Binary anyURI "
            "dateTime dateTimeStamp"
        ).split()
    }
)
_PROPERTY_KINDS = frozenset({OWL["ObjectProperty"], OWL["DatatypeProperty"], OWL["AnnotationProperty"]})
_CLASS_KINDS = frozenset({OWL["Class"], RDFS["Class"]})
#: expression -> its name; outside the profile in every position (section 4.2.3)
_NEVER_ALLOWED = {
    OWL["hasSelf"]: "owl:hasSelf",
    OWL["minCardinality"]: "a minimum cardinality",
    OWL["minQualifiedCardinality"]: "a minimum cardinality",
    OWL["cardinality"]: "an exact cardinality",
    OWL["qualifiedCardinality"]: "an exact cardinality",
}
_MAXIMUM_CARDINALITIES = (OWL["maxCardinality"], OWL["maxQualifiedCardinality"])
_SUB, _SUPER, _EQUIVALENT = "subclass", "superclass", "equivalent class"


@dataclass(frozen=True, slots=True)
class ProfileViolation:
    """An axiom outside the profile: the triple that carries it, and what in it is not allowed."""

    axiom: Triple
    message: str
    format_term: TermFormatter = field(default=format_standard_term, repr=False, compare=False)

    def __str__(self) -> str:
        """Return one sentence with the axiom."""
        return f"{' '.join(self.format_term(term) for term in self.axiom)}: {self.message}"


def check_profile(
    triples: Iterable[Triple],
    context: Iterable[Triple] = (),
    *,
    own_namespace: str | None = None,
    format_term: TermFormatter = format_standard_term,
) -> list[ProfileViolation]:
    """Return what in `triples` is outside OWL 2 RL; `context` adds declarations made elsewhere.

    Classes and properties that start with `own_namespace` must be declared also where they are only used, in
    facts.
    """
    checked = list(triples)
    checker = _ProfileChecker((*checked, *context), own_namespace, format_term)
    return [
        ProfileViolation(triple, message, format_term)
        for triple in checked
        for message in checker.check_axiom(triple)
    ]


class _ProfileChecker:
    """The triples by subject, and the rules of the profile over them; each check yields messages."""

    def __init__(
        self, triples: Iterable[Triple], own_namespace: str | None, format_term: TermFormatter
    ) -> None:
        self._own_namespace, self._format_term = own_namespace, format_term
        self._objects: dict[tuple[Term, NamedNode], list[Term]] = {}
        for triple in triples:
            self._objects.setdefault((triple.subject, triple.predicate), []).append(triple.object)
        self._axiom_checks: dict[NamedNode, Callable[[Triple], Iterator[str]]] = {
            RDFS["subClassOf"]: self._check_subclass,
            OWL["equivalentClass"]: self._check_equivalent,
            OWL["disjointWith"]: self._check_disjoint,
            RDFS["domain"]: self._check_domain,
            RDFS["range"]: self._check_range,
            RDFS["subPropertyOf"]: self._check_subproperty,
            OWL["inverseOf"]: self._check_subproperty,
            OWL["propertyChainAxiom"]: self._check_chain,
            OWL["hasKey"]: self._check_key,
            OWL["members"]: self._check_members,
            RDF["type"]: self._check_type,
        }

    def check_axiom(self, triple: Triple) -> Iterator[str]:
        """Yield what is outside the profile in the axiom that a triple carries."""
        yield from self._check_declarations(triple)
        if triple.predicate == OWL["disjointUnionOf"]:
            yield "owl:disjointUnionOf is not allowed"
        if triple.predicate == OWL["onProperty"]:
            yield from self._require_declaration(triple.object, _PROPERTY_KINDS, "property")
        if triple.predicate in self._axiom_checks:
            yield from self._axiom_checks[triple.predicate](triple)

    def _objects_of(self, subject: Term, predicate: NamedNode) -> list[Term]:
        return self._objects.get((subject, predicate), [])

    def _types_of(self, term: Term) -> frozenset[Term]:
        return frozenset(self._objects_of(term, RDF["type"]))

    def _list_members(self, head: Term) -> list[Term]:
        """Return the members of an RDF list; a cell seen twice ends it."""
        members, seen = list[Term](), set[Term]()
        while head != RDF["nil"] and head not in seen:
            seen.add(head)
            members += self._objects_of(head, RDF["first"])
            head = next(iter(self._objects_of(head, RDF["rest"])), RDF["nil"])
        return members

    # axioms (section 4.2.5)

    def _check_subclass(self, triple: Triple) -> Iterator[str]:
        yield from self._check_expression(triple.subject, _SUB)
        yield from self._check_expression(triple.object, _SUPER)

    def _check_equivalent(self, triple: Triple) -> Iterator[str]:
        if self._is_datatype(triple.subject):
            yield from self._check_data_range(triple.object)
            return
        yield from self._check_expression(triple.subject, _EQUIVALENT)
        yield from self._check_expression(triple.object, _EQUIVALENT)

    def _check_disjoint(self, triple: Triple) -> Iterator[str]:
        yield from self._check_expression(triple.subject, _SUB)
        yield from self._check_expression(triple.object, _SUB)

    def _check_domain(self, triple: Triple) -> Iterator[str]:
        yield from self._check_expression(triple.object, _SUPER)

    def _check_range(self, triple: Triple) -> Iterator[str]:
        if OWL["DatatypeProperty"] in self._types_of(triple.subject):
            yield from self._check_data_range(triple.object)
        elif OWL["ObjectProperty"] in self._types_of(triple.subject):
            yield from self._check_expression(triple.object, _SUPER)

    def _check_subproperty(self, triple: Triple) -> Iterator[str]:
        for term in (triple.subject, triple.object):
            if isinstance(term, NamedNode):
                yield from self._require_declaration(term, _PROPERTY_KINDS, "property")

    def _check_chain(self, triple: Triple) -> Iterator[str]:
        """Section 4.2.5: chains run over object properties, and so does what they imply."""
        for term in (triple.subject, *self._list_members(triple.object)):
            inverted = self._objects_of(term, OWL["inverseOf"])
            kinds = self._types_of(inverted[0] if inverted else term)
            if OWL["DatatypeProperty"] in kinds:
                yield f"a property chain with the data property {self._format_term(term)}"
            elif OWL["ObjectProperty"] not in kinds:
                name = self._format_term(term)
                yield f"a property chain with {name}, which is not declared as an object property"
        if len(self._list_members(triple.object)) < 2:
            yield "a property chain of fewer than two properties"

    def _check_key(self, triple: Triple) -> Iterator[str]:
        yield from self._check_expression(triple.subject, _SUB)

    def _check_members(self, triple: Triple) -> Iterator[str]:
        if OWL["AllDisjointClasses"] in self._types_of(triple.subject):
            for member in self._list_members(triple.object):
                yield from self._check_expression(member, _SUB)

    def _check_type(self, triple: Triple) -> Iterator[str]:
        if triple.object == OWL["ReflexiveProperty"]:
            yield "reflexive properties are not allowed"
        kinds = self._types_of(triple.subject)
        if triple.object == OWL["ObjectProperty"] and OWL["DatatypeProperty"] in kinds:
            yield "a property that is both an object and a data property"
        if isinstance(triple.object, BlankNode):
            yield from self._check_expression(triple.object, _SUPER)

    # class expressions (section 4.2.3)

    def _check_expression(self, term: Term, position: str) -> Iterator[str]:
        """Check a class expression in a position."""
        if isinstance(term, NamedNode):
            yield from self._check_named_class(term, position)
            return
        for predicate, name in _NEVER_ALLOWED.items():
            if self._objects_of(term, predicate):
                yield f"{name} is not allowed"
        yield from self._check_boolean(term, position)
        yield from self._check_restriction(term, position)

    def _check_named_class(self, term: NamedNode, position: str) -> Iterator[str]:
        if term == OWL["Thing"]:
            yield f"owl:Thing is not allowed as a {position}"
        elif not term.value.startswith(str(OWL)):
            yield from self._require_declaration(term, _CLASS_KINDS, "class")

    def _check_boolean(self, term: Term, position: str) -> Iterator[str]:
        for head in self._objects_of(term, OWL["intersectionOf"]):
            for member in self._list_members(head):
                yield from self._check_expression(member, position)
        for head in self._objects_of(term, OWL["unionOf"]):
            yield from self._require_position(_SUB, position, "owl:unionOf")
            for member in self._list_members(head):
                yield from self._check_expression(member, _SUB)
        if self._objects_of(term, OWL["oneOf"]):
            yield from self._require_position(_SUB, position, "owl:oneOf")
        for negated in self._objects_of(term, OWL["complementOf"]):
            yield from self._require_position(_SUPER, position, "owl:complementOf")
            yield from self._check_expression(negated, _SUB)

    def _check_restriction(self, term: Term, position: str) -> Iterator[str]:
        for filler in self._objects_of(term, OWL["someValuesFrom"]):
            yield from self._require_position(_SUB, position, "owl:someValuesFrom")
            yield from self._check_filler(term, filler, _SUB)
        for filler in self._objects_of(term, OWL["allValuesFrom"]):
            yield from self._require_position(_SUPER, position, "owl:allValuesFrom")
            yield from self._check_filler(term, filler, _SUPER)
        for maximum in (
            value for predicate in _MAXIMUM_CARDINALITIES for value in self._objects_of(term, predicate)
        ):
            yield from self._require_position(_SUPER, position, "a maximum cardinality")
            if not isinstance(maximum, Literal) or maximum.value not in ("0", "1"):
                yield "a maximum cardinality other than 0 or 1"
        for filler in self._objects_of(term, OWL["onClass"]):
            yield from self._check_filler(term, filler, _SUB)

    def _check_filler(self, restriction: Term, filler: Term, position: str) -> Iterator[str]:
        """Check a filler: a data range for a data property; owl:Thing may fill a subclass position."""
        properties = self._objects_of(restriction, OWL["onProperty"])
        if any(OWL["DatatypeProperty"] in self._types_of(name) for name in properties):
            yield from self._check_data_range(filler)
        elif not (position == _SUB and filler == OWL["Thing"]):
            yield from self._check_expression(filler, position)

    @staticmethod
    def _require_position(allowed: str, position: str, name: str) -> Iterator[str]:
        if position != allowed:
            yield f"{name} is allowed in a {allowed} only, not in a {position}"

    # data ranges (section 4.2.4) and declarations

    def _is_datatype(self, term: Term) -> bool:
        return RDFS["Datatype"] in self._types_of(term)

    def _check_data_range(self, term: Term) -> Iterator[str]:
        intersections = self._objects_of(term, OWL["intersectionOf"])
        if intersections:
            for member in self._list_members(intersections[0]):
                yield from self._check_data_range(member)
        elif term not in _DATATYPES and not (isinstance(term, NamedNode) and self._is_datatype(term)):
            yield f"the data range {self._format_term(term)} is not allowed"

    def _check_declarations(self, triple: Triple) -> Iterator[str]:
        if self._is_own(triple.predicate):
            yield from self._require_declaration(triple.predicate, _PROPERTY_KINDS, "property")
        if triple.predicate == RDF["type"] and self._is_own(triple.object):
            yield from self._require_declaration(triple.object, _CLASS_KINDS, "class")

    def _is_own(self, term: Term) -> bool:
        own = self._own_namespace
        return own is not None and isinstance(term, NamedNode) and term.value.startswith(own)

    def _require_declaration(self, term: Term, kinds: frozenset[NamedNode], name: str) -> Iterator[str]:
        builtin = isinstance(term, NamedNode) and term.value.startswith((str(OWL), str(RDFS), str(RDF)))
        if not builtin and not self._types_of(term) & kinds:
            yield f"the {name} {self._format_term(term)} is declared nowhere"
