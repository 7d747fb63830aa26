"""Inferred facts as N-Triples, written a block at a time: millions of lines in seconds."""

from __future__ import annotations

from collections.abc import Iterator

from kg.reasoning.dictionary import TermDictionary
from kg.reasoning.relation import FactSet

#: lines joined before they are handed on
LINES_PER_BLOCK = 200_000


def serialize_ntriples(facts: FactSet, dictionary: TermDictionary) -> Iterator[bytes]:
    """Yield blocks of N-Triples lines; `facts` hold nothing that RDF cannot say."""
    written: dict[int, str] = {}
    terms = dictionary.terms
    for predicate, relation in facts:
        middle = f" {terms[predicate]} "
        for start in range(0, len(relation), LINES_PER_BLOCK):
            subjects = relation.subjects()[start : start + LINES_PER_BLOCK].tolist()
            objects = relation.objects()[start : start + LINES_PER_BLOCK].tolist()
            for number in {*subjects, *objects} - written.keys():
                written[number] = str(terms[number])
            yield "".join(
                [f"{written[s]}{middle}{written[o]} .\n" for s, o in zip(subjects, objects, strict=True)]
            ).encode()
