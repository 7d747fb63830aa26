"""The page that says why a statement holds: its proofs, or what is missing. Fields are stable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pyoxigraph import NamedNode, Triple

from kg.namespaces import KG
from kg.pages.explain.proof_steps import (
    AnchorCache,
    ProofLists,
    ProofView,
    describe_strength,
    is_list_cell,
    number_proof,
)
from kg.pages.explain.statement_input import reject_unknown_terms, suggest_correction
from kg.pages.page_queries import PageQueryReader, cell_text
from kg.pages.term_refs import (
    ASSERTED,
    BACKGROUND,
    CURATED,
    EdgeSupport,
    HedgeBadge,
    Term,
    TermLabels,
    TermRef,
    read_edge_support,
)
from rlreason.proofs import Prover
from rlreason.why_not import WhyNot
from rlreason.wording import correct_articles, fill_wording

#: the most proofs that are shown of one statement
MAX_PROOFS = 20


@dataclass(frozen=True, slots=True)
class WhyNotView:
    """A rule that would derive the statement if `premise` held too; its other premises are `held`.

    `instead` are the properties that do link the subject and the object of `premise`.
    """

    rule: str
    reason: str
    premise: tuple[TermRef, TermRef, TermRef]
    held: tuple[tuple[TermRef, TermRef, TermRef], ...]
    instead: tuple[TermRef, ...]


@dataclass(frozen=True, slots=True)
class NearbyStatement:
    """Another situation of which the same is said; `how` is "narrower", "broader" or "other".

    `features` are those it asks for beyond what the situation of the statement brings.
    """

    situation: TermRef
    how: str
    features: tuple[TermRef, ...]


@dataclass(frozen=True, slots=True)
class ExplanationPage:
    """Why a statement holds. `status` is "asserted", "inferred" or "absent"; `summary` is one sentence.

    `hedges`, `claims` and `only_if` say of an inferred `kg:` edge what all its proofs rest on (EdgeSupport).
    """

    subject: TermRef
    predicate: TermRef
    object: TermRef
    status: str
    summary: str
    hedges: tuple[HedgeBadge, ...]
    claims: tuple[TermRef, ...]
    only_if: tuple[TermRef, ...]
    proofs: tuple[ProofView, ...]
    more: bool
    missing: tuple[WhyNotView, ...]
    elsewhere: tuple[NearbyStatement, ...]


def explain_triple(
    prover: Prover, reader: PageQueryReader, labels: TermLabels, triple: Triple, *, all_proofs: bool = False
) -> ExplanationPage:
    """Return why a triple holds; `all_proofs` lists alternatives, up to MAX_PROOFS.

    Raises NotFound for a term that the graph does not have.
    """
    reject_unknown_terms(prover, reader, labels, triple)
    limit = MAX_PROOFS if all_proofs else 1
    proofs = prover.prove(triple, limit + 1)  # one more than shown, to know whether there are more
    anchors = AnchorCache(reader, labels)
    shown = tuple(number_proof(proof, labels, anchors) for proof in proofs[:limit])
    status = "absent" if not proofs else "asserted" if prover.is_asserted(triple) else "inferred"
    elsewhere = () if proofs else tuple(_find_nearby_statements(reader, labels, triple))
    missing = (
        ()
        if proofs or elsewhere
        else tuple(_why_not_view(gap, labels) for gap in prover.explain_why_not(triple))
    )
    subject, predicate, target = (labels.ref(term) for term in triple)
    correction = suggest_correction(prover, labels, triple) if status == "absent" else ""
    support = _find_support(reader, labels, triple) if status == "inferred" else None
    strength = _describe_support(support, anchors) if support else shown[0].caveat if shown else ""
    held = support or EdgeSupport()
    return ExplanationPage(
        subject=subject,
        predicate=predicate,
        object=target,
        status=status,
        summary=_summarize(
            status,
            (subject, predicate, target),
            strength,
            shown[0].steps[0].mark if shown else "",
            missing,
            correction or _describe_elsewhere(elsewhere),
        ),
        hedges=held.hedges,
        claims=held.claims,
        only_if=held.only_if,
        proofs=shown,
        more=len(proofs) > limit,
        missing=missing,
        elsewhere=elsewhere,
    )


def _find_support(reader: PageQueryReader, labels: TermLabels, triple: Triple) -> EdgeSupport | None:
    """Return what the proofs of an inferred edge rest on; None of a triple that the build says nothing of."""
    if not (isinstance(triple.subject, NamedNode) and triple.predicate.value.startswith(KG)):
        return None
    rows = reader.select_rows("edge-support", entity=[triple.subject])
    return read_edge_support(rows, labels).get(
        (triple.subject, triple.predicate, triple.object), EdgeSupport()
    )


def _describe_support(support: EdgeSupport, anchors: AnchorCache) -> str:
    """Return how strongly an edge may be read by all its proofs, and its condition, in a sentence each."""
    claims = anchors.list_anchors([NamedNode(claim.iri) for claim in support.claims])
    stronger = [f" One proof alone reads: {badge.label}." for badge in support.hedges[1:]]
    asked = "; ".join(feature.label for feature in support.only_if)
    return describe_strength(claims, "It") + "".join(stronger) + (f" Only if: {asked}." if asked else "")


#: what the summary says of a statement that is given, by its mark
_STATED_HOW = {
    ASSERTED: "is said by a claim of the text",
    CURATED: "was modeled by curators; no claim says it",
    BACKGROUND: "was added by a curator or a user; the text does not say it",
}


def _summarize(
    status: str,
    refs: tuple[TermRef, ...],
    strength: str,
    mark: str,
    missing: tuple[WhyNotView, ...],
    correction: str,
) -> str:
    """Return the explanation in one sentence, or two."""
    sentence = correct_articles(" ".join(ref.label for ref in refs))
    if status == "asserted":
        return f"“{sentence}” {_STATED_HOW[mark]}."
    if status == "absent":
        nearest = " The nearest rule lacks one premise." if missing else " No rule could derive it."
        return f"“{sentence}” is not in the graph; the text may simply not say it.{correction or nearest}"
    return f"“{sentence}” is inferred. {strength}"


def _find_nearby_statements(
    reader: PageQueryReader, labels: TermLabels, triple: Triple
) -> Iterator[NearbyStatement]:
    """Yield the nearest situations of which the same is said: those that ask for the fewest more features."""
    if not (isinstance(triple.subject, NamedNode) and isinstance(triple.object, NamedNode)):
        return
    rows = reader.select_rows(
        "said-elsewhere", subject=[triple.subject], property=[triple.predicate], asked=[triple.object]
    )
    found: dict[tuple[Term, str], list[Term]] = {}
    for row in rows:
        features = found.setdefault((row["situation"], cell_text(row, "how")), [])
        features += [row["feature"]] if "feature" in row else []
    fewest = min(map(len, found.values()), default=0)
    for (situation, how), features in found.items():
        if len(features) == fewest:
            yield NearbyStatement(
                labels.ref(situation), how, tuple(labels.ref(feature) for feature in features)
            )


def _describe_elsewhere(elsewhere: tuple[NearbyStatement, ...]) -> str:
    """Return where the same is said and what is missing here, in one sentence; "" where nowhere."""
    places = []
    for place in elsewhere:
        how = "" if place.how == "other" else f"the {place.how} "
        asked = " and ".join(f"“{ref.label}”" for ref in place.features)
        places.append(f"{how}“{place.situation.label}”" + (f", which also asks for {asked}" if asked else ""))
    return f" It is said of {'; and of '.join(places)}." if places else ""


def _why_not_view(why_not: WhyNot, all_labels: TermLabels) -> WhyNotView:
    """Return a rule that lacks one premise, with the names of its terms."""
    labels = ProofLists.from_statements(why_not.other_premises).with_labels(all_labels)

    def ref_or_placeholder(term: Term | None) -> TermRef:
        return labels.ref(term) if term is not None else TermRef(label="(something)")

    s, p, o = (ref_or_placeholder(term) for term in why_not.lacking_premise)
    held = tuple(
        (ref_or_placeholder(premise[0]), ref_or_placeholder(premise[1]), ref_or_placeholder(premise[2]))
        for premise in why_not.other_premises
        if not is_list_cell(premise)
    )
    reason = fill_wording(why_not.wording, why_not.bindings, lambda term: labels.ref(term).label)
    instead = tuple(ref_or_placeholder(term) for term in why_not.linking_predicates)
    return WhyNotView(why_not.rule, reason, (s, p, o), held, instead)
