"""The named questions as RDF that query editors read: `sh:SPARQLExecutable` with text, comment and target.

The shape is that of the SPARQL examples project (https://github.com/sib-swiss/sparql-examples).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pyoxigraph import Literal, NamedNode, Triple

from kg.model.questions import Question
from kg.namespaces import DCTERMS, RDF, RDFS, SCHEMA, SH

#: form of a query -> the SHACL class of its executable, and the property that holds its text.
_SHACL_TERMS = {
    "SELECT": ("SPARQLSelectExecutable", "select"),
    "ASK": ("SPARQLAskExecutable", "ask"),
    "CONSTRUCT": ("SPARQLConstructExecutable", "construct"),
}


def describe_examples(questions: Iterable[Question], root: str) -> Iterator[Triple]:
    """Yield each question as an executable of the endpoint under `root`, an address that ends in `/`."""
    for question in questions:
        subject = NamedNode(f"{root}questions/{question.name}")
        class_name, text_property = _SHACL_TERMS.get(question.query_form, _SHACL_TERMS["SELECT"])
        values: tuple[tuple[NamedNode, NamedNode | Literal], ...] = (
            (RDF["type"], SH["SPARQLExecutable"]),
            (RDF["type"], SH[class_name]),
            (SH[text_property], Literal(question.text)),
            (RDFS["label"], Literal(question.title, language="en")),
            (RDFS["comment"], Literal(question.question, language="en")),
            (DCTERMS["identifier"], Literal(question.name)),
            (SCHEMA["target"], NamedNode(f"{root}sparql")),
        )
        yield from (Triple(subject, predicate, value) for predicate, value in values)
