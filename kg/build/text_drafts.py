"""Drafts of claims on disk: kept beside the build, accepted into `data/claims/`, or rejected with a reason.

A draft file holds no sentence: word numbers, cues and CURIEs. What was decided is kept beside the document's
description, so that a decided draft does not come back.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Triple

from kg.build.claim_files import append_claims
from kg.build.derived_claims import DRAFT_DECISIONS_FILE, read_table
from kg.build.loading import load_project
from kg.build.reader_copy import describe_documents, find_document, list_segment_rows, read_lexicon
from kg.errors import BadData, NotFound
from kg.model.graphs import ASSERTED
from kg.model.triple_index import TripleIndex
from kg.namespaces import CLAIM, KG, RDF, RDFS, expand_curie
from kg.settings import Settings
from kg.text_files import read_text, write_text_atomically
from kg.texts.claim_wording import WordingReader
from kg.texts.draft_vocabulary import ConceptProposal, DraftVocabulary, collect_labels, propose_concepts
from kg.texts.drafting import ClaimDraft, Drafter, DraftSlot, list_drafts, write_label
from kg.texts.segmentation import format_table, hash_text

_DRAFT_HINT = "Run `kg text draft` for the document again."
#: slots whose values are words of the text, not CURIEs
_WORDS = frozenset({"cue", "conditionCue", "prerequisiteCue", "temporalCue", "nameGiven"})


@dataclass(frozen=True, slots=True)
class DraftDecision:
    """What a person decided on a draft: `accepted` with the claim's name, or `rejected` with a reason."""

    draft: str
    decision: str
    claim: str
    reason: str
    date: str


@dataclass(frozen=True, slots=True)
class DraftFile:
    """The drafts of a document that nobody decided on, its proposals, and the sha256 of the text."""

    document: str
    sha256: str
    drafts: tuple[ClaimDraft, ...]
    proposals: tuple[ConceptProposal, ...]


def draft_document(
    settings: Settings, name: str, text: str, outside_names: Mapping[str, tuple[str, ...]]
) -> DraftFile:
    """Write the drafts of a document and return them; `outside_names` are those that imports know."""
    sources = load_project(settings.root)
    document = find_document(describe_documents(sources.dataset), name)
    concepts = TripleIndex(sources.dataset.graphs.get(ASSERTED, ()))
    lexicon, forms = read_lexicon(settings.root, concepts)
    vocabulary = DraftVocabulary.from_concepts(concepts, WordingReader(concepts, forms))
    rows = list_segment_rows(settings.root, document, text)
    drafter = Drafter(rows, text, vocabulary, lexicon)
    decided = {row.draft for row in read_decisions(settings.root, name)}
    drafts = tuple(draft for draft in list_drafts(drafter.draft_claims()) if draft.id not in decided)
    made = DraftFile(
        name, hash_text(text), drafts, tuple(propose_concepts(rows, text, vocabulary, outside_names))
    )
    content = asdict(made) | {"drafts": [{"id": draft.id, **asdict(draft)} for draft in drafts]}
    write_text_atomically(
        _locate_drafts(settings, name), json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    )
    return made


def read_drafts(settings: Settings, name: str) -> DraftFile:
    """Return the drafts of a document; raises BadData for none, and for those of another text."""
    path = _locate_drafts(settings, name)
    if not path.exists():
        raise NotFound(f"There are no drafts of {name}.", hint=_DRAFT_HINT)
    document = find_document(describe_documents(load_project(settings.root).dataset), name)
    try:
        content = json.loads(read_text(path))
        drafts = tuple(_read_draft(values) for values in content["drafts"])
        sha256 = str(content["sha256"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadData("This is not a file of drafts.", location=str(path), hint=_DRAFT_HINT) from error
    if sha256 != document.sha256:
        raise BadData("These are drafts of an older text.", location=str(path), hint=_DRAFT_HINT)
    decided = {row.draft for row in read_decisions(settings.root, name)}
    return DraftFile(name, sha256, tuple(draft for draft in drafts if draft.id not in decided), ())


def accept_drafts(settings: Settings, name: str, ids: Sequence[str], label: str = "") -> list[str]:
    """Write drafts as claims of a document, and that they were accepted; return the names of the claims.

    `label` is the sentence of a single claim; without it one is made of labels. Raises NotFound.
    """
    chosen = _choose_drafts(read_drafts(settings, name), ids)
    sources = load_project(settings.root)
    labels = collect_labels(TripleIndex(sources.dataset.graphs.get(ASSERTED, ())))
    used = {iri.removeprefix(CLAIM) for file in sources.files for iri in file.positions.definitions}
    decisions = read_decisions(settings.root, name)
    used |= {row.claim for row in decisions}
    claims: list[tuple[str, list[Triple]]] = []
    for draft in chosen:
        number = next(n for n in range(1, len(used) + 2) if f"{draft.segment}-{n}" not in used)
        claim = f"{draft.segment}-{number}"
        used.add(claim)
        claims.append(
            (CLAIM + claim, list(_make_claim(CLAIM + claim, draft, label or write_label(draft, labels))))
        )
        decisions.append(DraftDecision(draft.id, "accepted", claim, "", _get_today()))
    path = settings.root / "data" / "claims" / name / "accepted.ttl"
    write_text_atomically(path, append_claims(path, f"Claims of {name} that began as drafts.", claims))
    _write_decisions(settings.root, name, decisions)
    return [claim.removeprefix(CLAIM) for claim, _ in claims]


def reject_drafts(settings: Settings, name: str, ids: Sequence[str], reason: str) -> None:
    """Write that drafts were rejected, and why; they do not come back. Raises NotFound."""
    chosen = _choose_drafts(read_drafts(settings, name), ids)
    rejected = [DraftDecision(draft.id, "rejected", "", reason, _get_today()) for draft in chosen]
    _write_decisions(settings.root, name, [*read_decisions(settings.root, name), *rejected])


def read_decisions(root: Path, name: str) -> list[DraftDecision]:
    """Return what was decided on the drafts of a document."""
    path = root / "data" / "sources" / name / DRAFT_DECISIONS_FILE
    return [row for _, row in read_table(path, root, DraftDecision)] if path.exists() else []


def _choose_drafts(made: DraftFile, ids: Iterable[str]) -> list[ClaimDraft]:
    by_id = {draft.id: draft for draft in made.drafts}
    unknown = [id_ for id_ in ids if id_ not in by_id]
    if unknown:
        raise NotFound(
            f"{made.document} has no draft {', '.join(unknown)}.", hint="`kg text draft` lists them."
        )
    return [by_id[id_] for id_ in ids]


def _make_claim(iri: str, draft: ClaimDraft, label: str) -> Iterable[Triple]:
    """Yield the triples of a draft as a curator would write them."""
    subject = NamedNode(iri)
    yield Triple(subject, RDF["type"], KG["Claim"])
    if draft.claim_class:
        yield Triple(subject, RDF["type"], NamedNode(expand_curie(draft.claim_class)))
    yield Triple(subject, RDFS["label"], Literal(label, language="en"))
    if draft.words:
        yield Triple(subject, KG["atWords"], Literal(draft.words))
    if draft.governor:
        yield Triple(subject, KG["governorAt"], Literal(draft.governor))
    for slot in draft.slots:
        value: Literal | NamedNode
        if slot.property == "scopeNote":
            value = Literal(slot.value, language="en")
        else:
            value = Literal(slot.value) if slot.property in _WORDS else NamedNode(expand_curie(slot.value))
        yield Triple(subject, NamedNode(expand_curie(f"kg:{slot.property}")), value)


def _read_draft(values: dict[str, object]) -> ClaimDraft:
    """Return a draft from its JSON; raises ValueError, KeyError or TypeError where it is not one."""
    slots = values["slots"]
    if not isinstance(slots, list):
        raise TypeError("slots")
    segment, words, governor, claim_class = (
        str(values[name]) for name in ("segment", "words", "governor", "claim_class")
    )
    draft = ClaimDraft(segment, words, governor, claim_class, tuple(DraftSlot(**slot) for slot in slots))
    if draft.id != values["id"]:
        raise ValueError("id")
    return draft


def _write_decisions(root: Path, name: str, decisions: Iterable[DraftDecision]) -> None:
    path = root / "data" / "sources" / name / DRAFT_DECISIONS_FILE
    write_text_atomically(path, format_table(DraftDecision, decisions))


def _locate_drafts(settings: Settings, name: str) -> Path:
    return settings.build_dir / "drafts" / f"{name}.json"


def _get_today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()
