"""`kg case`: which claims of the text apply to a case, which do not, and why; nothing is stored."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from kg.settings import Settings

if TYPE_CHECKING:
    from kg.pages.case.case_page import CaseCaution, CasePage


@click.command(
    epilog="""\b
Examples:
  kg case --list
  kg case feat:NAME "ANOTHER NAME" --no "A THIRD"
  kg case NAME NAME --json

What is not given is unknown, never no. Exit codes: 0 answered; 1 a feature is not known, or features
contradict each other (said in a sentence), or there is no build; 2 wrong use."""
)
@click.argument("features", nargs=-1, metavar="FEATURE...")
@click.option(
    "--no", "absent", multiple=True, metavar="FEATURE", help="A feature that does not hold; repeatable."
)
@click.option("--json", "writes_json", is_flag=True, help="Write the whole answer as JSON.")
@click.option(
    "--all",
    "show_all",
    is_flag=True,
    help="Show the claims that do not apply and those undecided, all of them.",
)
@click.option("--list", "lists_features", is_flag=True, help="List the features there are.")
def case(
    features: tuple[str, ...],
    absent: tuple[str, ...],
    writes_json: bool,
    show_all: bool,
    lists_features: bool,
) -> None:
    """Judge every claim by a case: FEATUREs as CURIEs, IRIs or labels."""
    from kg.build.opening import open_build
    from kg.build.project_rules import load_project_rules
    from kg.pages.case.view import CaseContext, case_page, empty_case_page
    from kg.pages.page_queries import PageQueryReader, ReasonerInput
    from kg.pages.term_refs import as_json

    if not (features or absent or lists_features):
        raise click.UsageError("Give at least one feature; --list shows them.")
    settings = Settings.from_environment(os.environ)
    reader = PageQueryReader.from_root(open_build(settings), settings.root)
    reasoner_input = ReasonerInput.load(reader.store, load_project_rules(settings.root))
    context = CaseContext.load(reader, reasoner_input)
    page = (
        empty_case_page(context)
        if lists_features
        else case_page(context, features, absent, per_page=max(1, len(context.knowledge.claims)))
    )
    if writes_json:
        click.echo(json.dumps(as_json(page), ensure_ascii=False, indent=1))
    elif lists_features:
        for choice in page.choices:
            click.echo(f"{choice.group}: {choice.feature.label} ({choice.feature.curie})")
    else:
        click.echo("\n".join(_format_page(page, show_all)))


def _format_page(page: CasePage, show_all: bool) -> Iterator[str]:
    """Yield the answer as text."""
    yield page.notice
    yield from _format_case(page)
    for status in ("applies", "applies if", "undecided", "does not apply"):
        claims = [claim for claim in page.claims if claim.status == status]
        yield ""
        yield f"{status.upper()} ({len(claims)})"
        shown = claims if show_all or status in ("applies", "applies if") else claims[:5]
        for claim in shown:
            hedges = " + ".join(hedge.label for hedge in claim.hedges) or "no hedge"
            yield f"  {claim.claim.curie} [{claim.kind}, {hedges}] {claim.summary}"
            yield f"      {claim.why}"
            for caution in page.list_cautions(claim):
                yield f"      but see the caution {caution.claim.curie}{_describe_caution(caution)}"
        if len(shown) < len(claims):
            yield f"  … and {len(claims) - len(shown)} more; --all shows them."
    yield from _format_extras(page)


def _describe_caution(caution: CaseCaution) -> str:
    """Return how certain it is that a caution applies to the case."""
    if caution.status == "undecided":
        return " (where its own situation holds, which is not known)"
    return " (of what may come next)" if caution.later else ""


def _format_case(page: CasePage) -> Iterator[str]:
    """Yield the case as it was understood."""
    yield ""
    for feature in page.features:
        because = f" (from {', '.join(ref.label for ref in feature.because)})" if feature.because else ""
        yield f"{feature.state}: {feature.feature.label}{because}"
    names = [match.situation.label for match in page.situations]
    yield f"situations matched: {', '.join(names) or 'none yet'}"


def _format_extras(page: CasePage) -> Iterator[str]:
    """Yield what else the answer holds."""
    for option in page.supportive:
        mark = " (only under a condition)" if option.conditional else ""
        mark += " (together: which for which is not said)" if option.together else ""
        offered = " + ".join(ref.label for ref in option.interventions) + mark
        problems = " + ".join(ref.label for ref in option.problems)
        yield f"for {problems}: {offered}, {option.status}, {option.claim.curie}"
    for unlocked in page.unlocked:
        names = ", ".join(ref.label for ref in unlocked.interventions)
        yield f"unlocked by {unlocked.state.label}: {names}, {unlocked.status}, {unlocked.claim.curie}"
    for upcoming in page.ahead:
        hedges = " + ".join(hedge.label for hedge in upcoming.hedges)
        claim = f"{upcoming.claim.curie} [{hedges}] {upcoming.summary}"
        yield f"may come next, {upcoming.situation.label}: {claim}"
    for fallback in page.fallbacks:
        names = ", ".join(ref.label for ref in fallback.interventions)
        hedges = " + ".join(hedge.label for hedge in fallback.hedges)
        yield f"to consider instead of what is ruled out: {names} [{hedges}], {fallback.claim.curie}"
    for question in page.ask_next:
        yield f"ask next: {question.question} It would decide {question.decides} claims."
