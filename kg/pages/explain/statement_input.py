"""What a user may have meant by a statement that does not hold; how literals are written in a question."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from pyoxigraph import Literal, NamedNode, Triple

from kg.build.question_library import ParameterChoice
from kg.errors import BadQuery, NotFound
from kg.namespaces import BASE, PREFIXES, compress_iri
from kg.pages.edge_rows import proof_address
from kg.pages.page_queries import PageQueryReader, terms_in_rows
from kg.pages.term_refs import Term, TermLabels, TermRef
from rlreason.proofs import Prover
from rlreason.wording import correct_articles
from sparqlhost.sparql.lexer import Token, tokenize
from sparqlhost.store.interface import Store

_LITERAL_SYNTAX = re.compile(
    r'"(?P<text>.*)"(?:@(?P<language>[a-zA-Z]+(?:-[a-zA-Z0-9]+)*)|\^\^(?P<datatype>\S+))?', re.DOTALL
)


def parse_literal(text: str) -> Literal:
    """Return a literal written as in Turtle: "text", "text"@language or "text"^^xsd:type."""
    found = _LITERAL_SYNTAX.fullmatch(text.strip())
    if found is None:
        raise BadQuery(
            f"{text} is no literal.", location="object", hint='Write "text", "text"@en or "5"^^xsd:integer.'
        )
    if found["datatype"]:
        prefix, _, local = found["datatype"].strip("<>").partition(":")
        name = PREFIXES[prefix] + local if prefix in PREFIXES else found["datatype"].strip("<>")
        return Literal(found["text"], datatype=NamedNode(name))
    return Literal(found["text"], language=found["language"] or None)


def reject_unknown_terms(prover: Prover, store: Store, naming: TermLabels, triple: Triple) -> None:
    """Raise NotFound for a part that is in no graph: a misspelling must not read as silence of the text.

    Outside identifiers stand in graphs that the reasoner does not read, so the store is asked too.
    """
    told, near = [], []
    for place, term in enumerate(triple):
        if isinstance(term, NamedNode) and not prover.knows_term(term) and not _occurs_in_store(store, term):
            what = "no property" if place == 1 else "no"
            told.append(f"There is {what} {compress_iri(term.value)} in the graph.")
            near += suggest_similar_terms(term, naming.labels)
    if told:
        todo = f"Did you mean {' or '.join(near)}?" if near else "/search finds what there is, by name."
        raise NotFound(" ".join(told), hint=todo)


def _occurs_in_store(store: Store, term: NamedNode) -> bool:
    """Say whether a term stands in any triple of any graph."""
    place = f"{{ {term} ?p ?o }} UNION {{ ?s {term} ?o }} UNION {{ ?s ?p {term} }}"
    named = f"{{ GRAPH ?g {{ {place} }} }} UNION {{ GRAPH {term} {{ ?s ?p ?o }} }}"
    return store.ask(f"ASK {{ {place} UNION {named} }}")


def describe_unknown_terms(store: Store, labels: Iterable[str], query: str) -> Iterator[str]:
    """Yield a sentence for each of the project's terms that a query names and no graph has."""
    words = dict.fromkeys(term for token in tokenize(query) if (term := _project_term(token)) is not None)
    for term in words:
        if not _occurs_in_store(store, term):
            near = suggest_similar_terms(term, labels)
            meant = f"; did you mean {' or '.join(near)}?" if near else "."
            yield f"{compress_iri(term.value)} occurs nowhere in this graph{meant}"


def _project_term(token: Token) -> NamedNode | None:
    """Return the term of the project's namespaces that a word of a query is; a bare prefix is none."""
    iri = token.text[1:-1] if token.kind == "iri" else ""
    if token.kind == "name":
        prefix, _, local = token.text.partition(":")
        iri = PREFIXES.get(prefix, "") + local if local else ""
    plain = iri.startswith(BASE) and not iri.endswith(("/", "#")) and "\\" not in iri
    return NamedNode(iri) if plain else None


def suggest_similar_terms(term: NamedNode, known: Iterable[str]) -> list[str]:
    """Return the CURIEs of at most three terms of the same namespace that are spelt alike.

    >>> near_terms(NamedNode("https://w3id.org/rrall-kg/goal/cur"), ["https://w3id.org/rrall-kg/goal/cure"])
    ['goal:cure']
    """
    namespace, local = _split_iri(term.value)
    alike = {name.casefold(): name for space, name in map(_split_iri, known) if space == namespace}
    found = get_close_matches(local.casefold(), alike, n=3, cutoff=0.7)
    return [compress_iri(namespace + alike[name]) for name in found]


def _split_iri(iri: str) -> tuple[str, str]:
    """Return an IRI in two: up to its last / or #, and the rest."""
    cut = max(iri.rfind("/"), iri.rfind("#")) + 1
    return iri[:cut], iri[cut:]


def suggest_correction(prover: Prover, naming: TermLabels, triple: Triple) -> str:
    """Return what holds in the place of a statement, or which term of it occurs nowhere; else nothing."""
    for found in prover.find_asserted_literals(triple.subject, triple.predicate):
        if found.value.casefold() == naming.ref(triple.object).label.casefold() and found != triple.object:
            return f" It holds of the literal {found}."
    unknown = [term for term in triple if not prover.knows_term(term)]
    if unknown:
        names = " and ".join(_short_name(term, naming) for term in unknown)
        return f" {names} occur{'s' if len(unknown) == 1 else ''} nowhere in what the reasoner reads."
    if isinstance(triple.object, NamedNode):
        turned = Triple(triple.object, triple.predicate, triple.subject)
        if prover.is_provable(turned):
            said = correct_articles(" ".join(naming.ref(term).label for term in turned))
            return f" The other way round it holds: “{said}”."
    return ""


def _short_name(term: Term, naming: TermLabels) -> str:
    """Return a term as its short name."""
    ref = naming.ref(term)
    return ref.curie or f"“{ref.label}”"


#: MERGED kg.views.explain_form
#: MERGED The form that asks why a statement holds: what may be named in it, and examples out of the data.


@dataclass(frozen=True, slots=True)
class ExampleStatement:
    """A derived statement, and where its proof stands."""

    subject: TermRef
    predicate: TermRef
    object: TermRef
    href: str


@dataclass(frozen=True, slots=True)
class ExplainForm:
    """The names that fields of the form suggest, and worked examples."""

    things: tuple[str, ...]
    properties: tuple[str, ...]
    examples: tuple[ExampleStatement, ...]


def build_explain_form(
    reader: PageQueryReader, things: Sequence[ParameterChoice], properties: Sequence[ParameterChoice]
) -> ExplainForm:
    """Return the form."""
    rows = reader.select_rows("edges-explained")
    naming = reader.load_labels(terms_in_rows(rows))
    examples = [
        ExampleStatement(naming.ref(s), naming.ref(p), naming.ref(o), proof_address(s, p, o))
        for s, p, o in ((row["s"], row["p"], row["o"]) for row in rows)
    ]
    return ExplainForm(_unique_labels(things), _unique_labels(properties), tuple(examples))


def _unique_labels(choices: Sequence[ParameterChoice]) -> tuple[str, ...]:
    """Return labels, each once."""
    return tuple(dict.fromkeys(choice.label for choice in choices))
