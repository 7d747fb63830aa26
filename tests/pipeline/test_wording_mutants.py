"""No careless edit of a claim passes `kg check --source-text`: thousands of mutants, each refused.

The mutants are held against the text, and against the check on lead-ins; no shape or golden answer is asked.
"""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad, QuerySolutions, Store, Triple

from kg.build.building import check_project
from kg.build.loading import load_project
from kg.build.reader_copy import describe_documents, find_document, read_lexicon
from kg.errors import BadData, InvalidFiles
from kg.model.graphs import ASSERTED, SOURCE, is_claim_assertion
from kg.model.source_documents import SourceDocument, read_source_documents
from kg.model.triple_index import TripleIndex
from kg.namespaces import CLAIM, KG, PREFIXES
from kg.settings import Settings
from kg.texts.anchors import CheckedCopy, find_cue_mismatches, find_span_mismatches
from kg.texts.claim_wording import WordingReader, read_excuses
from kg.texts.lexicon import Lexicon, locate_cue, parse_lexicon, parse_printed_forms
from kg.texts.wording_checks import find_wording_mistakes
from tests import demo_document as demo
from tests.pipeline.wording_mutants import ClaimEditor, Mutant

LEAD_INS = Path(__file__).parents[2] / "queries" / "checks" / "33-item-without-its-lead-in.rq"
#: what is made of the claims of the first document, at the least; data that grows makes more
LEAST = {
    "trim hedge": 1400,
    "trim negation": 80,
    "drop cue": 43,
    "cue a word short": 170,
    "stronger hedge": 540,
    "polarity": 142,
    "shift span": 160,
    "other hasGoal": 60,
    "other offersToAll": 50,
    "other featureFromSentence": 700,
}

#: the same of the leaflet of shapes
LEAST_OF_SHAPES = {
    "trim hedge": 90,
    "trim governing span": 480,
    "drop governing span": 60,
    "trim negation": 20,
    "drop cue": 8,
    "cue a word short": 40,
    "stronger hedge": 180,
    "polarity": 40,
    "shift span": 30,
}


@dataclass(frozen=True)
class Curated:
    """A text with its document and claims, by segment, and what they are checked with.

    `source` and `claims` hold the triples of a group of segments under each of its members: a lead-in and
    its items are one group, since words of the one govern claims of the others.
    """

    text: str
    document: SourceDocument
    source: dict[str, list[Triple]]
    claims: dict[str, frozenset[Triple]]
    reader: WordingReader
    lexicon: Lexicon

    def find_mistakes(self, segment: str, triples: Iterable[Triple]) -> list[str]:
        """Return what the checks of a copy say when `triples` are the claims of the group of a segment."""
        everything = [*self.source[self.document.iri], *self.source[segment], *triples]
        (document,) = read_source_documents(everything)
        copy = CheckedCopy(self.text, ())
        anchors = (*find_span_mismatches(document, copy), *find_cue_mismatches(document, copy))
        index = TripleIndex(everything)
        wording = find_wording_mistakes(document, self.text, index, self.reader, self.lexicon)
        found = [message for _, message in anchors] + [mistake.message for mistake in wording]
        return found or _ask_for_lead_ins(everything)

    def change(self, claim: str, *edits: tuple[str, str, str]) -> list[str]:
        """Return the mistakes after some (property, old, new) edits of the values of a claim."""
        node = NamedNode(CLAIM + claim)
        segment = next(s for s, triples in self.claims.items() if any(t.subject == node for t in triples))
        triples = set(self.claims[segment])
        for name, old, new in edits:
            triples.remove(Triple(node, KG[name], _read_value(old)))
            triples |= {Triple(node, KG[name], _read_value(new))} if new else set()
        return self.find_mistakes(segment, triples)

    def make_mutants(self) -> Iterator[tuple[str, str, Mutant]]:
        """Yield (segment, claim, mutant) for every mutant of every claim."""
        everything = frozenset(triple for triples in self.claims.values() for triple in triples)
        for claim in self.document.claims:
            span = self.document.find_span(claim)
            assert span is not None
            own = self.claims[span.segment]
            editor = ClaimEditor(claim, self.document, self.text, own, self.lexicon, self.reader, everything)
            yield from ((span.segment, claim.name, mutant) for mutant in editor.make_all())


def _ask_for_lead_ins(triples: Iterable[Triple]) -> list[str]:
    """Return what the check on the claims of list items says of some triples."""
    store = Store()
    store.extend(Quad(triple.subject, triple.predicate, triple.object) for triple in triples)
    rows = store.query(LEAD_INS.read_text("utf-8"))
    assert isinstance(rows, QuerySolutions)
    return [row["message"].value for row in rows]


def _read_value(value: str) -> NamedNode | Literal:
    prefix, _, local = value.partition(":")
    return NamedNode(PREFIXES[prefix] + local) if prefix in PREFIXES else Literal(value)


def _group_segments(document: SourceDocument) -> dict[str, frozenset[str]]:
    """Return each segment's group: all that share words with it by claims over several segments."""
    groups = {segment.iri: frozenset({segment.iri}) for segment in document.segments}
    places = {span.iri: span.segment for span in document.spans}
    for claim in document.claims:
        joined = {places[claim.span], *(places[span] for span in claim.governing), *claim.restated}
        merged = frozenset().union(*(groups[segment] for segment in joined))
        groups |= dict.fromkeys(merged, merged)
    return groups


def read_curated(root: Path, copy: Path, name: str) -> Curated:
    """Return a document of a project with its text."""
    project = load_project(root)
    document = find_document(describe_documents(project.dataset), name)
    concepts = TripleIndex(project.dataset.graphs[ASSERTED])
    lexicon, forms = read_lexicon(root, concepts)
    groups = _group_segments(document)
    groups[document.iri] = frozenset({document.iri})
    home = {claim.iri: s.iri for s in document.segments for claim in document.find_claims(s)}
    spans = {span: claim.iri for claim in document.claims for span in (claim.span, *claim.governing)}
    source: dict[str, list[Triple]] = {member: [] for member in groups}
    claims: dict[str, set[Triple]] = {member: set() for member in groups}
    for graph, triples in project.dataset.graphs.items():
        for triple in triples if graph == SOURCE or is_claim_assertion(graph) else ():
            subject = str(triple.subject)[1:-1]
            claim = next(
                (
                    spans[s]
                    for s in (subject, subject.removesuffix("#position"), subject.removesuffix("-position"))
                    if s in spans
                ),
                subject,
            )
            of_claim = claim in home
            for member in groups.get(home[claim] if of_claim else subject.partition("#excuse")[0], ()):
                (claims[member].add if of_claim else source[member].append)(triple)
    kept = {member: frozenset(triples) for member, triples in claims.items() if triples}
    text = copy.read_text("utf-8")
    return Curated(text, document, source, kept, WordingReader(concepts, forms), lexicon)


@pytest.fixture(scope="module")
def curated(root: Path, shared: Path) -> Curated:
    return read_curated(root, shared / "source" / "source-text.txt", "rrall-2014")


def refuse_mutants(curated: Curated, least: dict[str, int]) -> tuple[str, dict[str, int]]:
    """Assert that every mutant of every claim is refused and that enough are made; return their number."""
    for segment, triples in curated.claims.items():
        assert curated.find_mistakes(segment, triples) == []
    made, passed = Counter[str](), []
    for segment, claim, mutant in curated.make_mutants():
        made[mutant.kind] += 1
        if not curated.find_mistakes(segment, mutant.triples):
            passed.append((claim, mutant.kind, mutant.what))
    assert not passed, passed
    assert {kind: made[kind] for kind, number in least.items() if made[kind] < number} == {}
    return f"\nmutants refused: {made.total()} of {made.total()}: {dict(made)}\n", dict(made)


def test_every_mutant_of_every_claim_is_refused(
    curated: Curated, capsys: pytest.CaptureFixture[str], record_property: Callable[[str, object], None]
) -> None:
    told, made = refuse_mutants(curated, LEAST)
    record_property("mutants", made)
    with capsys.disabled():
        sys.stdout.write(told)


def test_every_mutant_of_a_claim_with_words_from_elsewhere_is_refused(project: Path) -> None:
    demo.add_shapes_document(project)
    leaflet = read_curated(project, demo.SHAPES_TEXT, "leaf")
    assert sum(bool(claim.governing) for claim in leaflet.document.claims) == 9
    refuse_mutants(leaflet, LEAST_OF_SHAPES)


def test_no_more_than_twenty_words_are_excused(curated: Curated) -> None:
    excuses = read_excuses(TripleIndex(t for triples in curated.source.values() for t in triples))
    assert 0 < len(excuses) <= 20
    assert all(excuse.reason and excuse.claims for excuse in excuses)


@pytest.mark.parametrize(
    ("claim", "edit", "said"),
    [
        ("S21-1", ("cue", "Palliative treatment", "treatment"), "is a part of a phrase of S21"),
        ("S13-2", ("conditionCue", "If \u2026 after a long interval", "after a long"), "'If' (condition)"),
        ("S23-2", ("contrastCue", "rather than", "rather"), "'rather than' (contrast)"),
        ("S32-2", ("hasHedge", "hedge:PRESUPPOSED", "hedge:PLAIN"), "'can' (modal) is in the clause"),
        ("S05-3", ("cue", "may be tried", "be tried"), "is not a printed form of its hedge"),
        (
            "S19-1",
            ("temporalCue", "eventually", ""),
            "'eventually' (condition) is in the span of claim:S19-1",
        ),
        ("S11-1", ("hasGoal", "goal:SecondRemission", "goal:Cure"), "does not name goal:Cure"),
        ("S29-4", ("exampleClass", "int:StrongerOpioids", "int:TargetedDrug"), "not name int:TargetedDrug"),
        ("S14-1", ("hasHedge", "hedge:NEED-may", "hedge:CAN-treat"), "printed form of hedge:CAN-treat"),
    ],
)
def test_a_careless_edit_that_once_passed_is_named(
    curated: Curated, claim: str, edit: tuple[str, str, str], said: str
) -> None:
    assert any(said in mistake for mistake in curated.change(claim, edit))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_a_word_that_no_cue_takes_is_placed_in_the_text_and_a_cut_span_in_its_file(project: Path) -> None:
    demo.add_demo_document(project)
    claims = project / "data" / "claims" / "demo" / "01-tiredness.ttl"
    cut = hashlib.sha256(b"less likely to work").hexdigest()
    edit(claims, '  kg:conditionCue "After a relapse" ;\n', "")
    edit(claims, "oa:start 111 ; oa:end 140", "oa:start 121 ; oa:end 140")
    edit(claims, "kg:length 29", "kg:length 19")
    edit(claims, "df6a51ece6dabf879d124d9b67d7a72c61c6c01335b72c678ff4ec5c0922b32e", cut)
    with pytest.raises(InvalidFiles) as caught:
        check_project(Settings(root=project, source_text=demo.TEXT))
    found = [(m.location, m.line, m.column, m.message) for m in caught.value.mistakes]
    assert (str(demo.TEXT), 2, 1, "demo-S02: 'After' (condition) is taken by no cue of a claim.") in found
    begins = [m for m in caught.value.mistakes if "begins inside a phrase of demo-S02" in m.message]
    assert [m.location for m in begins] == ["data/claims/demo/01-tiredness.ttl"]


def test_the_lexicon_takes_the_longest_phrase_and_any_apostrophe() -> None:
    lexicon = Lexicon(
        parse_lexicon("most\tfrequency\tx\nmost often\tfrequency\tx\n*n't\tnegation\tdenies\n", "x")
    )
    text = "Most often it can\u2019t; mostly it doesn't."
    assert [text[m.start : m.end] for m in lexicon.find_matches(text)] == [
        "Most often",
        "can\u2019t",
        "doesn't",
    ]


def test_a_cue_is_whole_words_in_their_order() -> None:
    assert locate_cue("if \u2026 possible", "what if, if possible") == ((5, 7), (12, 20))
    assert locate_cue("if", "gift") == locate_cue("may be", "may bend") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("may\tmodal", "x.tsv:1: A row here has 3 cells"),
        ("may\tmood\tx", "There is no class 'mood'"),
        ("May\tmodal\tx", "not in lower case"),
        ("may\tmodal\tx\nmay\tmodal\tx", "x.tsv:2: The phrase 'may' is listed twice"),
    ],
)
def test_a_broken_row_of_the_lexicon_is_told_with_its_line(text: str, said: str) -> None:
    with pytest.raises(BadData) as caught:
        parse_lexicon(text, "x.tsv")
    assert said in str(caught.value)


def test_a_printed_form_of_an_unknown_entity_is_refused() -> None:
    with pytest.raises(BadData, match="There is no feat:Nowhere"):
        parse_printed_forms("feat:Nowhere\tnowhere", "x.tsv", ())
