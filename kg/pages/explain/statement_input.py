"""From the words of a user to a statement of the graph: names of terms, literals, and what was perhaps meant.

Also the form that asks for a statement, with the names it suggests and examples from the data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Triple

from kg.errors import BadQuery, NotFound
from kg.model.term_names import TermNames, find_similar_names
from kg.namespaces import BASE, PREFIXES, RDF, compress_iri, expand_curie, get_local_name
from kg.pages.page_queries import PageQueryReader, terms_in_rows
from kg.pages.term_refs import Term, TermLabels, TermRef, proof_address
from kg.questions.question_answers import ParameterChoice, QuestionVocabulary, load_questions
from rlreason.proofs import Prover
from rlreason.wording import correct_articles
from sparqlhost.sparql.lexer import Token, tokenize

_LITERAL_SYNTAX = re.compile(
    r'"(?P<text>.*)"(?:@(?P<language>[a-zA-Z]+(?:-[a-zA-Z0-9]+)*)|\^\^(?P<datatype>\S+))?', re.DOTALL
)


def load_term_names(reader: PageQueryReader) -> TermNames:
    """Return what labelled terms may be called."""
    return QuestionVocabulary(reader.store, reader.folder.parents[1]).load_term_names()


def parse_statement(
    term_names: TermNames, reader: PageQueryReader, subject: str, predicate: str, obj: str
) -> Triple:
    """Return the triple that a user named.

    Raises NotFound or BadQuery that says which part is not understood.
    """
    return Triple(
        term_names.find_term(subject, "subject"),
        RDF["type"] if predicate.strip() == "a" else _find_property(term_names, reader, predicate),
        parse_literal(obj) if obj.startswith('"') else term_names.find_term(obj, "object"),
    )


def _find_property(term_names: TermNames, reader: PageQueryReader, text: str) -> NamedNode:
    """Return the property of a name; raises NotFound with what a named question answers to the word."""
    try:
        return term_names.restrict_to(_is_property_name).find_term(text, "predicate")
    except NotFound as unknown:
        unknown.hint = answer_by_question(reader, text.strip()) or unknown.hint
        raise


def answer_by_question(reader: PageQueryReader, word: str) -> str:
    """Return the yes-or-no question of the project that has a word in its name, with its answer; else ""."""
    for question in load_questions(reader.folder.parents[1]):
        if question.query_form == "ASK" and word.casefold() in question.name.split("-"):
            answer = "Yes" if reader.store.ask(question.text) else "No"
            return f"{question.question} {answer}: `kg ask {question.name}`, /questions/{question.name}."
    return ""


def _is_property_name(term: NamedNode) -> bool:
    """Return whether a term has the name of a property: it begins with a small letter."""
    return get_local_name(term.value)[:1].islower()


def parse_literal(text: str) -> Literal:
    """Return a literal written as in Turtle (`"text"`, `"text"@en`, `"5"^^xsd:integer`); raises BadQuery."""
    match = _LITERAL_SYNTAX.fullmatch(text.strip())
    if match is None:
        raise BadQuery(
            f"{text} is not a literal.",
            location="object",
            hint='Write "text", "text"@en or "5"^^xsd:integer.',
        )
    if match["datatype"]:
        datatype = expand_curie(match["datatype"].strip("<>"))
        return Literal(match["text"], datatype=NamedNode(datatype))
    return Literal(match["text"], language=match["language"] or None)


def reject_unknown_terms(prover: Prover, reader: PageQueryReader, labels: TermLabels, triple: Triple) -> None:
    """Raise NotFound for a term that is in no graph: a misspelling must not read as silence of the text.

    The store is asked too: identifiers of other vocabularies stand in graphs that the reasoner does not read.
    """
    sentences, similar = [], []
    for position, term in enumerate(triple):
        if isinstance(term, NamedNode) and not prover.knows_term(term) and not _occurs(reader, term):
            what = "no property" if position == 1 else "no"
            sentences.append(f"There is {what} {compress_iri(term.value)} in the graph.")
            similar += suggest_similar_terms(term, labels.labels)
    if sentences:
        hint = f"Did you mean {' or '.join(similar)}?" if similar else "/search finds entries by name."
        hint = answer_by_question(reader, get_local_name(triple.predicate.value)) or hint
        raise NotFound(" ".join(sentences), hint=hint)


def _occurs(reader: PageQueryReader, term: NamedNode) -> bool:
    return reader.ask("term-occurs", term=[term])


def describe_unknown_terms(reader: PageQueryReader, query: str) -> Iterator[str]:
    """Yield a sentence for each term of the project that a query names and no graph has."""
    named = dict.fromkeys(term for token in tokenize(query) if (term := _project_term(token)) is not None)
    unknown = [term for term in named if not _occurs(reader, term)]
    labels = reader.load_all_labels().labels if unknown else {}
    for term in unknown:
        similar = suggest_similar_terms(term, labels)
        meant = f"; did you mean {' or '.join(similar)}?" if similar else "."
        yield f"{compress_iri(term.value)} occurs nowhere in this graph{meant}"


def _project_term(token: Token) -> NamedNode | None:
    """Return the term of the project's namespaces that a token of a query is; None for a bare prefix."""
    iri = token.text[1:-1] if token.kind == "iri" else ""
    if token.kind == "name":
        prefix, _, local = token.text.partition(":")
        iri = PREFIXES.get(prefix, "") + local if local else ""
    plain = iri.startswith(BASE) and not iri.endswith(("/", "#")) and "\\" not in iri
    return NamedNode(iri) if plain else None


def suggest_similar_terms(term: NamedNode, known: Iterable[str]) -> list[str]:
    """Return the CURIEs of at most three terms of the same namespace with a similar spelling.

    >>> suggest_similar_terms(NamedNode("https://w3id.org/rrall-kg/goal/cur"), ["https://w3id.org/rrall-kg/goal/cure"])
    ['goal:cure']
    """
    namespace, local = _split_iri(term.value)
    names = [name for space, name in map(_split_iri, known) if space == namespace]
    return [compress_iri(namespace + name) for name in find_similar_names(local, names)]


def _split_iri(iri: str) -> tuple[str, str]:
    """Return an IRI in two: up to its last / or #, and the rest."""
    cut = max(iri.rfind("/"), iri.rfind("#")) + 1
    return iri[:cut], iri[cut:]


def suggest_correction(prover: Prover, naming: TermLabels, triple: Triple) -> str:
    """Return a sentence that says what holds instead, or which term the reasoner does not read; else ""."""
    label = naming.ref(triple.object).label.casefold()
    for literal in prover.find_asserted_literals(triple.subject, triple.predicate):
        if literal.value.casefold() == label and literal != triple.object:
            return f" It holds of the literal {literal}."
    unknown = [term for term in triple if not prover.knows_term(term)]
    if unknown:
        names = " and ".join(_short_name(term, naming) for term in unknown)
        return f" {names} occur{'s' if len(unknown) == 1 else ''} nowhere in what the reasoner reads."
    if isinstance(triple.object, NamedNode):
        turned = Triple(triple.object, triple.predicate, triple.subject)
        if prover.is_provable(turned):
            sentence = correct_articles(" ".join(naming.ref(term).label for term in turned))
            return f" The other way round it holds: “{sentence}”."
    return ""


def _short_name(term: Term, naming: TermLabels) -> str:
    ref = naming.ref(term)
    return ref.curie or f"“{ref.label}”"


@dataclass(frozen=True, slots=True)
class ExampleStatement:
    """A derived statement, and the address of its proof."""

    subject: TermRef
    predicate: TermRef
    object: TermRef
    href: str


@dataclass(frozen=True, slots=True)
class ExplainForm:
    """The names that the fields of the form suggest, and examples."""

    things: tuple[str, ...]
    properties: tuple[str, ...]
    examples: tuple[ExampleStatement, ...]


def build_explain_form(
    reader: PageQueryReader, things: Sequence[ParameterChoice], properties: Sequence[ParameterChoice]
) -> ExplainForm:
    """Return the form; `things` and `properties` are suggested by their labels."""
    rows = reader.select_rows("edges-explained")
    naming = reader.load_labels(terms_in_rows(rows))
    examples = [
        ExampleStatement(naming.ref(s), naming.ref(p), naming.ref(o), proof_address(s, p, o))
        for s, p, o in ((row["s"], row["p"], row["o"]) for row in rows)
    ]
    return ExplainForm(_unique_labels(things), _unique_labels(properties), tuple(examples))


def _unique_labels(choices: Sequence[ParameterChoice]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(choice.label for choice in choices))
