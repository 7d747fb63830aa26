"""An explanation as plain text and as RDF (PROV-O); the same page object that HTML and JSON show."""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import BlankNode, Literal, NamedNode, Quad

from kg.namespaces import KG, PROV, RDF, RDFS
from kg.pages.explain.proof_steps import ProofStep, ProofView
from kg.pages.explain.view import ExplanationPage
from kg.pages.term_refs import TermRef


def render_text(page: ExplanationPage) -> str:
    """Return an explanation as lines of text, each step with the numbers of its premises."""
    lines = [page.summary]
    if page.claims:
        lines.append(f"Claims behind it: {', '.join(claim.curie for claim in page.claims)}.")
    for number, proof in enumerate(page.proofs, 1):
        if len(page.proofs) > 1:
            lines += ["", f"Proof {number} of {len(page.proofs)}. {proof.caveat}"]
        lines += _proof_lines(proof)
    if page.more:
        lines += ["", "There are more proofs; --all lists them."]
    for gap in page.missing:
        lines += ["", f"Rule {gap.rule} would derive it ({gap.reason}), but for one premise:"]
        lines.append(f"  missing: {_format_statement(*gap.premise)}")
        lines += [f"  holds:   {_format_statement(*held)}" for held in gap.held]
        lines += [
            f"  instead: {_format_statement(gap.premise[0], link, gap.premise[2])}" for link in gap.instead
        ]
    return "\n".join(lines) + "\n"


def _proof_lines(proof: ProofView) -> Iterator[str]:
    """Yield the steps; an axiom of the ontology stands with the step that uses it."""
    axioms = {step.number: step for step in proof.steps[1:] if step.origin == "ontology"}
    for step in proof.steps:
        if step.number not in axioms:
            yield _format_step(step, [axioms[number] for number in step.premises if number in axioms])


def _format_step(step: ProofStep, axioms: list[ProofStep]) -> str:
    """Return one step."""
    margin = "  " * step.depth
    head = f"{margin}{step.number}. {_format_statement(step.subject, step.predicate, step.object)}"
    if step.kind != "derived":
        return f"{head}\n{margin}   {_describe_source(step)}"
    used = [str(number) for number in step.premises if number not in {axiom.number for axiom in axioms}]
    used += [
        f"{axiom.number} of the ontology ({_format_statement(axiom.subject, axiom.predicate, axiom.object)})"
        for axiom in axioms
    ]
    return f"{head}\n{margin}   {step.reason}\n{margin}   by {step.rule} from {', '.join(used) or 'nothing'}"


def _describe_source(step: ProofStep) -> str:
    """Return where an asserted step comes from."""
    if step.anchor:
        sentence = f", sentence {step.anchor.sentence.label}" if step.anchor.sentence else ""
        span = f", {step.anchor.span.curie}" if step.anchor.span else ""
        cue = f", printed “{step.anchor.cue}”" if step.anchor.cue else ""
        revised = f", revised {step.anchor.revised}" if step.anchor.revised else ""
        source = f" ({step.anchor.document.label}{revised})" if step.anchor.document else ""
        return f"said by the text: {step.anchor.claim.curie}{sentence}{span}{cue}{source}"
    return {
        "ontology": "from the ontology",
        "background": "from the background: added by curators, the text does not say it",
        "model": "modeled by curators; no claim says it",
    }.get(step.origin, "asserted")


def _format_statement(subject: TermRef, predicate: TermRef, obj: TermRef) -> str:
    """Return a statement by its short names."""
    return " ".join(ref.curie or ref.label for ref in (subject, predicate, obj))


def render_prov(page: ExplanationPage) -> Iterator[Quad]:
    """Yield an explanation in PROV-O: each step an entity, derived from its premises by a rule's activity.

    The conclusion of each proof says what the edge rests on, as `graph/weakest-hedges` does.
    """
    stated = [("restsOnClaim", ref.iri) for ref in page.claims]
    stated += [("onlyIf", ref.iri) for ref in page.only_if]
    stated += [("weakestHedge", badge.iri) for badge in page.hedges[:1]]
    stated += [("strongestReading", badge.iri) for badge in page.hedges[-1:]]
    for number, proof in enumerate(page.proofs, 1):
        yield from _proof_quads(proof, number)
        for name, iri in stated:
            yield Quad(BlankNode(f"proof{number}step1"), KG[name], NamedNode(iri))


def _proof_quads(proof: ProofView, number: int) -> Iterator[Quad]:
    """Yield one proof."""
    nodes = {step.number: BlankNode(f"proof{number}step{step.number}") for step in proof.steps}
    for step in proof.steps:
        node = nodes[step.number]
        yield Quad(node, RDF["type"], PROV["Entity"])
        yield Quad(node, RDF["type"], RDF["Statement"])
        for name, ref in (("subject", step.subject), ("predicate", step.predicate), ("object", step.object)):
            yield Quad(node, RDF[name], NamedNode(ref.iri) if ref.iri else Literal(ref.label))
        if step.kind == "derived":
            yield from _activity_quads(step, node, BlankNode(f"proof{number}rule{step.number}"), nodes)
        elif step.graph:
            yield Quad(node, PROV["hadPrimarySource"], NamedNode(step.graph.iri))
            yield from _anchor_quads(step, node)


def _activity_quads(
    step: ProofStep, node: BlankNode, activity: BlankNode, nodes: dict[int, BlankNode]
) -> Iterator[Quad]:
    """Yield how a rule made a step."""
    yield Quad(activity, RDF["type"], PROV["Activity"])
    yield Quad(activity, RDFS["label"], Literal(step.rule))
    yield Quad(activity, RDFS["comment"], Literal(step.reason))
    yield Quad(node, PROV["wasGeneratedBy"], activity)
    for premise in step.premises:
        yield Quad(node, PROV["wasDerivedFrom"], nodes[premise])
        yield Quad(activity, PROV["used"], nodes[premise])


def _anchor_quads(step: ProofStep, node: BlankNode) -> Iterator[Quad]:
    """Yield where in the source a step stands."""
    anchor = step.anchor
    for ref in (anchor.claim, anchor.sentence, anchor.span) if anchor else ():
        if ref:
            yield Quad(node, PROV["wasQuotedFrom"], NamedNode(ref.iri))
