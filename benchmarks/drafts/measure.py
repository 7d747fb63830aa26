"""Drafts against reviewed claims: `python -m benchmarks.drafts.measure TEXT [DOCUMENT]`.

Prints recall and precision, as a table, of the interventions named, of the kind of hedge, of link, situation
and whole claims, once with the own vocabulary of the project, once with the names of outside vocabularies
for the same things (labels of accepted mappings): the own names were collected while reading this very text.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from pyoxigraph import NamedNode

from kg.build.loading import load_project
from kg.build.reader_copy import describe_documents, find_document, list_segment_rows, read_lexicon
from kg.model.graphs import ASSERTED, is_claim_assertion
from kg.model.triple_index import TripleIndex
from kg.namespaces import expand_curie
from kg.texts.claim_wording import WordingReader
from kg.texts.draft_vocabulary import DraftVocabulary
from kg.texts.drafting import ClaimDraft, Drafter, list_drafts
from kg.texts.lexicon import fold_phrase

ROOT = Path(__file__).resolve().parents[2]
LINKS = ("offers", "offersToAll", "offersIf", "advisesIf", "reportsPractice", "discounts")
THINGS = (*LINKS, "names", "namesExample", "statesFeature", "statesProblem")
SAME_NAME = {"skos:exactMatch", "skos:closeMatch"}
Facts = set[tuple[str, ...]]


def read_outside_names() -> dict[str, set[str]]:
    """Return the names that outside vocabularies have for each of the project's things."""
    names: dict[str, set[str]] = defaultdict(set)
    for path in sorted((ROOT / "data" / "mappings" / "accepted").glob("*.tsv")):
        lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
        for row in csv.DictReader(lines, delimiter="\t"):
            if row["predicate_id"] in SAME_NAME and row.get("object_label"):
                names[expand_curie(row["subject_id"])].add(fold_phrase(row["object_label"]))
    return names


def restrict_to_outside_names(vocabulary: DraftVocabulary) -> DraftVocabulary:
    """Return a vocabulary that knows things by outside names only."""
    outside = read_outside_names()
    forms = {
        kind: {iri: frozenset(outside.get(iri, ())) for iri in things}
        for kind, things in vocabulary.forms.items()
    }
    return replace(vocabulary, forms=forms)


def collect_facts(
    rows: Iterable[tuple[str, dict[str, list[str]]]], kinds: dict[str, str]
) -> dict[str, Facts]:
    """Return what claims or drafts say, by measure: each fact with its segment."""
    facts: dict[str, Facts] = defaultdict(set)
    for segment, values in rows:
        hedge = (values.get("hasHedge") or [""])[0]
        situation = tuple(values.get("appliesTo", []))
        for link in THINGS:
            for thing in values.get(link, []):
                facts["whole claims"].add((segment, link, thing, hedge, *situation))
                if link in LINKS:
                    facts["interventions"].add((segment, thing))
                    facts["kind of hedge"].add((segment, thing, kinds.get(expand_curie(hedge), "")))
                    facts["link"].add((segment, thing, link))
                    facts["situation"].add((segment, thing, *situation))
    return facts


def describe_draft(draft: ClaimDraft) -> tuple[str, dict[str, list[str]]]:
    """Return the segment of a draft, and its values by property."""
    return draft.segment, {slot.property: draft.list_values(slot.property) for slot in draft.slots}


def print_table(title: str, reviewed: dict[str, Facts], drafted: dict[str, Facts]) -> None:
    """Print recall and precision of each measure as rows of a table."""
    print(f"\n{title}\n\n| measure | reviewed | drafted | both | recall | precision |")
    print("|---|---|---|---|---|---|")
    for name, facts in reviewed.items():
        both = len(facts & drafted[name])
        recall, precision = both / len(facts), both / max(1, len(drafted[name]))
        print(f"| {name} | {len(facts)} | {len(drafted[name])} | {both} | {recall:.2f} | {precision:.2f} |")


def main(path: str, name: str = "rrall-2014") -> None:
    """Draft the claims of a document and compare them with its reviewed ones."""
    text = Path(path).read_bytes().decode("utf-8")
    sources = load_project(ROOT)
    document = find_document(describe_documents(sources.dataset), name)
    concepts = TripleIndex(sources.dataset.graphs[ASSERTED])
    lexicon, forms = read_lexicon(ROOT, concepts)
    own = DraftVocabulary.from_concepts(concepts, WordingReader(concepts, forms))
    graphs = sources.dataset.graphs.items()
    claims = TripleIndex(
        triple for graph, triples in graphs if is_claim_assertion(graph) for triple in triples
    )
    rows = [
        (claim.name.rpartition("-")[0], {
            link: claims.list_curies(claim.iri, NamedNode(expand_curie(f"kg:{link}")))
            for link in (*THINGS, "hasHedge", "appliesTo")
        })
        for claim in document.claims
    ]  # fmt: skip
    reviewed = collect_facts(rows, dict(own.hedge_kinds))
    segments = list_segment_rows(ROOT, document, text)
    for title, vocabulary in (
        ("With the project's own names", own),
        ("With outside names only", restrict_to_outside_names(own)),
    ):
        drafts = list_drafts(Drafter(segments, text, vocabulary, lexicon).draft_claims())
        print_table(title, reviewed, collect_facts(map(describe_draft, drafts), dict(own.hedge_kinds)))


if __name__ == "__main__":
    main(*sys.argv[1:])
