"""Triples by subject and predicate: the one index that readers of claims, cases and exports share.

Values come out sorted, so that what is made of them does not depend on the order of a set. Subjects are given
as terms or as IRIs. Triples whose subject is not an IRI are left out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from pyoxigraph import Literal, NamedNode, Triple

from kg.namespaces import RDF, compress_iri
from sparqlhost.store.interface import Term

_WHOLE_NUMBER = re.compile(r"\d{1,12}")


class TripleIndex:
    """An index of some triples; it does not change after it was made."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        self._objects: dict[str, dict[NamedNode, set[Term]]] = defaultdict(dict)
        self._subjects: dict[NamedNode, set[str]] = defaultdict(set)
        self._instances: dict[str, set[str]] = defaultdict(set)
        for triple in triples:
            if isinstance(triple.subject, NamedNode):
                subject, value = triple.subject.value, triple.object
                self._objects[subject].setdefault(triple.predicate, set()).add(value)
                self._subjects[triple.predicate].add(subject)
                if triple.predicate == RDF["type"] and isinstance(value, NamedNode):
                    self._instances[value.value].add(subject)

    def list_objects(self, subject: str | NamedNode, *predicates: NamedNode) -> list[Term]:
        """Return the values of some properties, property by property, each sorted."""
        values = self._objects.get(subject if isinstance(subject, str) else subject.value, {})
        return [value for p in predicates for value in sorted(values.get(p, ()), key=str)]

    def list_iris(self, subject: str | NamedNode, *predicates: NamedNode) -> tuple[NamedNode, ...]:
        """Return the IRIs among the values of some properties, once each and sorted together."""
        iris = {term for term in self.list_objects(subject, *predicates) if isinstance(term, NamedNode)}
        return tuple(sorted(iris, key=str))

    def list_linked(self, subject: str | NamedNode) -> list[str]:
        """Return the IRIs that a subject is linked to, by any property, sorted."""
        values = self._objects.get(subject if isinstance(subject, str) else subject.value, {})
        return sorted({t.value for terms in values.values() for t in terms if isinstance(t, NamedNode)})

    def list_curies(self, subject: str | NamedNode, *predicates: NamedNode) -> list[str]:
        """Return the values of some properties, IRIs as CURIEs, once each and sorted together."""
        return sorted({compress_iri(text) for text in self.list_texts(subject, *predicates)})

    def list_texts(self, subject: str | NamedNode, *predicates: NamedNode) -> list[str]:
        """Return the IRIs and lexical forms of some properties, property by property, each sorted."""
        texts: list[str] = []
        for predicate in predicates:
            terms = self.list_objects(subject, predicate)
            texts += sorted({term.value for term in terms if isinstance(term, NamedNode | Literal)})
        return texts

    def get_text(self, subject: str | NamedNode, *predicates: NamedNode) -> str:
        """Return the first of `list_texts`, or an empty string."""
        return next(iter(self.list_texts(subject, *predicates)), "")

    def parse_number(self, subject: str | NamedNode, predicate: NamedNode, default: int = -1) -> int:
        """Return a property's whole number, or `default` where there is none."""
        text = self.get_text(subject, predicate)
        return int(text) if _WHOLE_NUMBER.fullmatch(text) else default

    def has_type(self, subject: str | NamedNode, class_iri: NamedNode) -> bool:
        """Return whether a subject is stated to be of a class."""
        return class_iri in self.list_objects(subject, RDF["type"])

    def list_instances(self, class_iri: NamedNode) -> list[str]:
        """Return the IRIs of the subjects of a class, sorted."""
        return sorted(self._instances.get(class_iri.value, ()))

    def list_subjects(self, prefix: str = "") -> list[str]:
        """Return the IRIs of the subjects that start with `prefix`, sorted."""
        return sorted(subject for subject in self._objects if subject.startswith(prefix))

    def list_subjects_with(self, predicate: NamedNode) -> list[str]:
        """Return the IRIs of the subjects that have a property, sorted."""
        return sorted(self._subjects.get(predicate, ()))

    def list_subjects_linking(self, predicate: NamedNode, value: NamedNode) -> list[str]:
        """Return the IRIs of the subjects that a property links to `value`, sorted."""
        return [s for s in self.list_subjects_with(predicate) if value in self._objects[s][predicate]]
