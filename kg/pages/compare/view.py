"""Face to face: what each text says of the same things in one situation, and how the wordings compare.

The named question `face-to-face` finds the statements and decides how two of them compare; here they are put
side by side, with what makes their conditions differ. A text that says nothing is silent, never against.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kg.model.questions import ParameterValue, Question, QuestionParameter
from kg.pages.page_queries import PageQueryReader, QueryRow, cell_text, terms_in_rows
from kg.pages.statements import ClaimStatement, group_claim_facts, make_statement
from kg.pages.term_refs import Term, TermRef
from kg.questions.question_answers import QuestionAnswer, QuestionVocabulary, answer_question, resolve_value
from sparqlhost.store.interface import Store

#: the named question that pages, tables and notebooks read
FACE_TO_FACE = "face-to-face"
_THING = QuestionParameter("intervention", "intervention", "one thing only", "")
_TEXTS = QuestionParameter("document", "document", "these texts only, or one against all others", "", True)

#: what is asked for by field: a situation, a thing or all, texts or all
Chosen = Mapping[str, tuple[ParameterValue, ...]]


@dataclass(frozen=True, slots=True)
class ConditionGap:
    """Features, aims and problems that one end of a comparison names and the other does not."""

    only_here: tuple[TermRef, ...] = ()
    only_there: tuple[TermRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a statement compares with one of another text; `other` is None where that text is silent."""

    relation: str
    document: TermRef
    other: TermRef | None
    gap: ConditionGap


@dataclass(frozen=True, slots=True)
class ComparedStatement:
    """A statement, and how its situation matches the one asked about: "here", "broader" or "narrower".

    `gap` explains the match: what its situation names more (`only_here`) and what it leaves out.
    """

    statement: ClaimStatement
    polarity: TermRef
    situation: TermRef
    match: str
    gap: ConditionGap
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class TextCell:
    """What one text says of a thing; `silent`: nothing of exactly it here, neither for nor against."""

    document: TermRef
    silent: bool
    statements: tuple[ComparedStatement, ...]


@dataclass(frozen=True, slots=True)
class ComparedThing:
    """A thing and what each text says of it, in the order of the texts."""

    intervention: TermRef
    texts: tuple[TextCell, ...]


@dataclass(frozen=True, slots=True)
class ComparedText:
    """A text that is compared, and the day of its last revision, "" where it prints none."""

    document: TermRef
    revised: str


@dataclass(frozen=True, slots=True)
class ComparePage:
    """Texts face to face; its JSON has the same fields."""

    situation: TermRef
    texts: tuple[ComparedText, ...]
    things: tuple[ComparedThing, ...]


def list_fields(question: Question) -> tuple[QuestionParameter, ...]:
    """Return the fields of the form: those of the question, and what its rows may be cut down to."""
    return (*question.params, _THING, _TEXTS)


def resolve_fields(
    question: Question, vocabulary: QuestionVocabulary, given: Mapping[str, Sequence[str]]
) -> Chosen:
    """Return the terms meant by the given names, the question's example where none is; raises BadQuery."""
    texts = {
        field: given[field.name] or ([field.example] if field.example else [])
        for field in list_fields(question)
    }
    return {
        field.name: tuple(resolve_value(field, text, vocabulary) for text in named)
        for field, named in texts.items()
    }


def answer_comparison(
    store: Store, question: Question, vocabulary: QuestionVocabulary, chosen: Chosen
) -> QuestionAnswer:
    """Return the rows of the question that compare the thing and the texts asked for."""
    given = {parameter.name: chosen[parameter.name] for parameter in question.params}
    answer = answer_question(store, question, given, vocabulary)
    things, texts = {*chosen["intervention"]}, {*chosen["document"]}

    def is_wanted(row: Sequence[Term | None]) -> bool:
        cells = dict(zip(answer.variables, row, strict=True))
        ends = {cells["document"], cells["other_document"]} - {None}
        compared = ends <= texts if len(texts) > 1 else not texts or bool(ends & texts)
        return compared and (not things or cells["intervention"] in things)

    return replace(answer, rows=tuple(filter(is_wanted, answer.rows)))


def compare_page(reader: PageQueryReader, answer: QuestionAnswer, situation: Term) -> ComparePage:
    """Return the rows of an answer about a situation as texts side by side."""
    rows = [
        {name: term for name, term in zip(answer.variables, row, strict=True) if term is not None}
        for row in answer.rows
    ]
    return _Layout(reader, rows, situation).make_page()


class _Layout:
    """The rows of the question with the words of their claims and what they name for whom and for what."""

    def __init__(self, reader: PageQueryReader, rows: list[QueryRow], situation: Term) -> None:
        self._rows, self._situation = rows, situation
        claims = sorted({row["claim"] for row in rows}, key=str)
        ends = ("claim", "said_of", "other_claim", "other_said_of")
        named = {situation, *(row[end] for row in rows for end in ends if end in row)}
        stated = reader.select_rows("claims", claim=claims) if claims else []
        conditions = reader.select_rows("compare-conditions", term=sorted(named, key=str))
        self._named: dict[Term, dict[Term, bool]] = defaultdict(dict)
        for row in conditions:
            self._named[row["term"]][row["names"]] = cell_text(row, "is_inferred") == "true"
        self._texts = reader.select_rows("documents")
        self._naming = reader.load_labels(terms_in_rows([*rows, *stated, *conditions, *self._texts]) | named)
        facts = group_claim_facts(stated)
        self._statements: dict[Term, ClaimStatement] = {
            each.claim: make_statement(each, self._naming) for each in facts
        }

    def make_page(self) -> ComparePage:
        ref = self._naming.ref
        compared = {row[name] for row in self._rows for name in ("document", "other_document") if name in row}
        texts = [row for row in self._texts if row["document"] in compared]
        things = dict.fromkeys(row["intervention"] for row in self._rows)
        return ComparePage(
            ref(self._situation),
            tuple(ComparedText(ref(row["document"]), cell_text(row, "revised")) for row in texts),
            tuple(
                ComparedThing(ref(thing), tuple(self._make_cell(thing, row["document"]) for row in texts))
                for thing in things
            ),
        )

    def _make_cell(self, thing: Term, document: Term) -> TextCell:
        rows = [row for row in self._rows if (row["intervention"], row["document"]) == (thing, document)]
        pairs = dict.fromkeys((row["claim"], row["said_of"]) for row in rows)
        return TextCell(
            self._naming.ref(document),
            not rows,
            tuple(
                self._make_statement([row for row in rows if (row["claim"], row["said_of"]) == pair])
                for pair in pairs
            ),
        )

    def _make_statement(self, rows: Sequence[QueryRow]) -> ComparedStatement:
        """Return a statement from its rows, one for each that it is compared with."""
        first = rows[0]
        ref, claim, own_situation = self._naming.ref, first["claim"], first["said_of"]
        return ComparedStatement(
            statement=self._statements[claim],
            polarity=ref(first["polarity"]),
            situation=ref(own_situation),
            match=cell_text(first, "match"),
            gap=ConditionGap(
                self._list_missing((own_situation,), (self._situation,)),
                self._list_missing((self._situation,), (claim, own_situation)),
            ),
            comparisons=tuple(self._make_comparison(row) for row in rows if "other_document" in row),
        )

    def _make_comparison(self, row: QueryRow) -> Comparison:
        other = row.get("other_claim")
        gap = ConditionGap()
        if other is not None:
            here, there = (row["claim"], row["said_of"]), (other, row["other_said_of"])
            gap = ConditionGap(self._list_missing(here, there), self._list_missing(there, here))
        return Comparison(
            cell_text(row, "relation"),
            self._naming.ref(row["other_document"]),
            None if other is None else self._naming.ref(other),
            gap,
        )

    def _list_missing(self, named: tuple[Term, ...], by: tuple[Term, ...]) -> tuple[TermRef, ...]:
        """Return what some terms name and others do not; what another feature brings is left out."""
        known = {name for term in by for name in self._named[term]}
        stated = {name for term in named for name, inferred in self._named[term].items() if not inferred}
        return tuple(self._naming.ref(name) for name in sorted(stated - known, key=str))
