"""Which axioms of an ontology lie outside the OWL 2 RL profile (OWL 2 Profiles, section 4.2).

Pure: triples in, violations out. It reads the RDF form of axioms (OWL 2 Mapping to RDF Graphs) and does not
judge annotations. It does not check the global restrictions of OWL 2 DL (regular property hierarchies).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from rlreason.datatypes import DATATYPES
from rlreason.term_dictionary import Term
from rlreason.triple_sources import ObjectIndex
from rlreason.vocabulary import OWL, RDF, RDFS
from rlreason.wording import TermFormatter, format_standard_term

#: section 4.2.1: the datatypes of OWL 2 but owl:real and owl:rational
_DATATYPES = DATATYPES - {OWL["real"], OWL["rational"]}
_PROPERTY_KINDS = frozenset({OWL["ObjectProperty"], OWL["DatatypeProperty"], OWL["AnnotationProperty"]})
_CLASS_KINDS = frozenset({OWL["Class"], RDFS["Class"]})
_SUB, _SUPER, _EQUIVALENT, _ANYWHERE = "subclass", "superclass", "equivalent class", "anywhere"


class _Part(Enum):
    """What the object of a class expression is; other objects the profile does not look at."""

    LIST = "a list of class expressions"
    CLASS = "a class expression"
    FILLER = "a class expression or a data range"
    MAXIMUM = "a number"


#: section 4.2.3: expression -> its name, where it is allowed ("" nowhere), its object, the position of that
_EXPRESSIONS: dict[NamedNode, tuple[str, str, _Part | None, str]] = {
    OWL["hasSelf"]: ("owl:hasSelf", "", None, ""),
    OWL["minCardinality"]: ("a minimum cardinality", "", None, ""),
    OWL["minQualifiedCardinality"]: ("a minimum cardinality", "", None, ""),
    OWL["cardinality"]: ("an exact cardinality", "", None, ""),
    OWL["qualifiedCardinality"]: ("an exact cardinality", "", None, ""),
    OWL["intersectionOf"]: ("owl:intersectionOf", _ANYWHERE, _Part.LIST, ""),
    OWL["unionOf"]: ("owl:unionOf", _SUB, _Part.LIST, _SUB),
    OWL["oneOf"]: ("owl:oneOf", _SUB, None, ""),
    OWL["complementOf"]: ("owl:complementOf", _SUPER, _Part.CLASS, _SUB),
    OWL["someValuesFrom"]: ("owl:someValuesFrom", _SUB, _Part.FILLER, _SUB),
    OWL["allValuesFrom"]: ("owl:allValuesFrom", _SUPER, _Part.FILLER, _SUPER),
    OWL["maxCardinality"]: ("a maximum cardinality", _SUPER, _Part.MAXIMUM, ""),
    OWL["maxQualifiedCardinality"]: ("a maximum cardinality", _SUPER, _Part.MAXIMUM, ""),
    OWL["onClass"]: ("owl:onClass", _ANYWHERE, _Part.FILLER, _SUB),
}


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


class _ProfileChecker(ObjectIndex):
    """The triples by subject, and the rules of the profile over them; each check yields messages."""

    def __init__(
        self, triples: Iterable[Triple], own_namespace: str | None, format_term: TermFormatter
    ) -> None:
        super().__init__(triples)
        self._own_namespace, self._format_term = own_namespace, format_term
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

    def _types_of(self, term: Term) -> frozenset[Term]:
        return frozenset(self.list_objects(term, RDF["type"]))

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
        for term in (triple.subject, *self.list_members(triple.object)):
            inverted = self.list_objects(term, OWL["inverseOf"])
            kinds = self._types_of(inverted[0] if inverted else term)
            if OWL["DatatypeProperty"] in kinds:
                yield f"a property chain with the data property {self._format_term(term)}"
            elif OWL["ObjectProperty"] not in kinds:
                name = self._format_term(term)
                yield f"a property chain with {name}, which is not declared as an object property"
        if len(self.list_members(triple.object)) < 2:
            yield "a property chain of fewer than two properties"

    def _check_key(self, triple: Triple) -> Iterator[str]:
        yield from self._check_expression(triple.subject, _SUB)

    def _check_members(self, triple: Triple) -> Iterator[str]:
        if OWL["AllDisjointClasses"] in self._types_of(triple.subject):
            for member in self.list_members(triple.object):
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
        for predicate, (name, allowed, kind, inner) in _EXPRESSIONS.items():
            for obj in self.list_objects(term, predicate):
                if not allowed:
                    yield f"{name} is not allowed"
                elif allowed not in (position, _ANYWHERE):
                    yield f"{name} is allowed in a {allowed} only, not in a {position}"
                yield from self._check_part(term, obj, kind, inner or position)

    def _check_part(self, term: Term, part: Term, kind: _Part | None, position: str) -> Iterator[str]:
        """Check what a class expression is made of."""
        if kind is _Part.LIST:
            for member in self.list_members(part):
                yield from self._check_expression(member, position)
        elif kind is _Part.CLASS:
            yield from self._check_expression(part, position)
        elif kind is _Part.FILLER:
            yield from self._check_filler(term, part, position)
        elif kind is _Part.MAXIMUM and not (isinstance(part, Literal) and part.value in ("0", "1")):
            yield "a maximum cardinality other than 0 or 1"

    def _check_named_class(self, term: NamedNode, position: str) -> Iterator[str]:
        if term == OWL["Thing"]:
            yield f"owl:Thing is not allowed as a {position}"
        elif not term.value.startswith(str(OWL)):
            yield from self._require_declaration(term, _CLASS_KINDS, "class")

    def _check_filler(self, restriction: Term, filler: Term, position: str) -> Iterator[str]:
        """Check a filler: a data range for a data property; owl:Thing may fill a subclass position."""
        properties = self.list_objects(restriction, OWL["onProperty"])
        if any(OWL["DatatypeProperty"] in self._types_of(name) for name in properties):
            yield from self._check_data_range(filler)
        elif not (position == _SUB and filler == OWL["Thing"]):
            yield from self._check_expression(filler, position)

    # data ranges (section 4.2.4) and declarations

    def _is_datatype(self, term: Term) -> bool:
        return RDFS["Datatype"] in self._types_of(term)

    def _check_data_range(self, term: Term) -> Iterator[str]:
        intersections = self.list_objects(term, OWL["intersectionOf"])
        if intersections:
            for member in self.list_members(intersections[0]):
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
