"""`kg case`: what the text raises, blocks or leaves open for a case; nothing is kept."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from kg.settings import Settings

if TYPE_CHECKING:
    from kg.pages.case.case_page import CaseClaim, CasePage
    from kg.pages.term_refs import TermRef


@click.command(
    epilog="""\b
Examples:
  kg case ALL "B-cell" "shorter interval"
  kg case feat:ALL feat:secondRemission --no "transplant feasible"
  kg case ALL pain --json
  kg case --list

What is not given is unknown, never no. Exit codes: 0 answered; 1 a feature is not known, or features
contradict each other (said in a sentence), or there is no build; 2 wrong use."""
)
@click.argument("features", nargs=-1, metavar="FEATURE...")
@click.option(
    "--no", "lacking", multiple=True, metavar="FEATURE", help="A feature that does not hold; repeatable."
)
@click.option("--json", "as_json_", is_flag=True, help="Write the whole answer as JSON.")
@click.option(
    "--all", "every", is_flag=True, help="Show the claims that do not apply and those undecided, all of them."
)
@click.option("--list", "listing", is_flag=True, help="List the features there are.")
def case(
    features: tuple[str, ...], lacking: tuple[str, ...], as_json_: bool, every: bool, listing: bool
) -> None:
    """Judge every claim by a case: FEATUREs as CURIEs, IRIs or labels."""
    from kg.build.publishing import open_build
    from kg.pages.case.view import CaseContext, case_page, empty_case_page
    from kg.pages.term_refs import as_json

    if not (features or lacking or listing):
        raise click.UsageError("Give at least one feature; --list shows them.")
    cases = CaseContext.load(open_build(Settings.from_environment(os.environ)))
    page = empty_case_page(cases) if listing else case_page(cases, features, lacking)
    if as_json_:
        click.echo(json.dumps(as_json(page), ensure_ascii=False, indent=1))
    elif listing:
        for choice in page.choices:
            click.echo(f"{choice.group}: {choice.feature.label} ({choice.feature.curie})")
    else:
        click.echo("\n".join(_format_page(page, every)))


def _format_page(page: CasePage, show_all: bool) -> Iterator[str]:
    """Yield the answer as text."""
    yield page.notice
    yield from _format_case(page)
    for status in ("applies", "applies if", "undecided", "does not apply"):
        found = [claim for claim in page.claims if claim.status == status]
        yield ""
        yield f"{status.upper()} ({len(found)})"
        shown = found if show_all or status in ("applies", "applies if") else found[:5]
        for claim in shown:
            hedge = " + ".join(each.label for each in claim.hedges) or "no hedge"
            yield f"  {claim.claim.curie} [{claim.kind}, {hedge}] {claim.summary}"
            yield f"      {claim.why}"
            for caution in claim.cautions:
                yield f"      but see the caution {caution.curie}{_describe_caution(claim, caution)}"
        if len(shown) < len(found):
            yield f"  … and {len(found) - len(shown)} more; --all shows them."
    yield from _format_extras(page)


def _describe_caution(claim: CaseClaim, caution: TermRef) -> str:
    """Return how surely a caution holds of the case."""
    if caution in claim.open_cautions:
        return " (where its own situation holds, which is not known)"
    return " (of what may come next)" if caution in claim.later_cautions else ""


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
    for one in page.unlocked:
        names = ", ".join(ref.label for ref in one.interventions)
        yield f"unlocked by {one.state.label}: {names}, {one.status}, {one.claim.curie}"
    for coming in page.ahead:
        hedge = " + ".join(each.label for each in coming.hedges)
        yield f"may come next, {coming.situation.label}: {coming.claim.curie} [{hedge}] {coming.summary}"
    for ref in page.fallbacks:
        yield f"to consider instead of what is ruled out: {ref.label}"
    for question in page.ask_next:
        yield f"ask next: {question.question} It would decide {question.decides} claims."
