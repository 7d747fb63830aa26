"""`kg resolve`: everything the graph holds for an outside identifier."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import click

from kg.settings import Settings
from kg.views.mappings import MappedTerm, judged, mapped_terms
from kg.views.reading import Reader
from kg.views.resolve import NOT_SAID, Below, Resolution
from kg.views.resolve import resolve as resolved
from kg.views.said import ClaimSaid
from kg.views.terms import as_json
from kg.views.wider import Group


@click.command(
    epilog="""\b
Examples:
  kg resolve RXNORM:282388
  kg resolve SNOMEDCT_US:91857003
  kg resolve atc:N02A
  kg resolve --format json http://purl.obolibrary.org/obo/MONDO_0004967

\b
Any spelling of a prefix will do: SCTID, SNOMEDCT_US and snomedct are one.
Exit codes: 0 found, 1 no such identifier in the graph or none at all, 2 wrong use."""
)
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.argument("curie")
def resolve(curie: str, format_: str) -> None:
    """Show what the graph holds for CURIE: RxNorm, ATC, SNOMED CT, MONDO, NCIt and others."""
    from kg.files.mappings import read_mappings, read_prefixes
    from kg.pipeline.opening import open_build

    settings = Settings.from_environment(os.environ)
    reader = Reader(open_build(settings), settings.root / "queries" / "pages")
    files = read_mappings(settings.root)
    others = judged(files, "rejected") + judged(files, "undecided")
    found = resolved(reader, read_prefixes(settings.root), curie, mapped_terms(reader), others)
    click.echo(
        json.dumps(as_json(found), ensure_ascii=False, indent=1) if format_ == "json" else _text(found)
    )


def _text(found: Resolution) -> str:
    """Return a resolution as lines for people."""
    head = " ".join(part for part in (found.curie, found.label, f"({found.vocabulary})") if part)
    lines = [head, f"  {found.page}", *map(_match, found.matches), *map(_below, found.below)]
    lines += [f"  not accepted for {row.entity_curie}: {row.comment}" for row in found.rejected]
    lines += ["", f"Claims of the text ({len({claim.claim for claim in found.claims})}):"]
    lines += map(_claim, found.claims)
    return "\n".join([*lines, *(line for group in found.wider for line in _group(group))])


def _match(term: MappedTerm) -> str:
    """Return the line of a match."""
    proof = f"proof {term.proof}, {term.version}"
    note = f"; {term.comment}" if term.comment else ""
    return f"  {term.match} match of {term.entity_curie} ({term.entity_label}); {proof}{note}"


def _below(found: Below) -> str:
    """Return the line of a code below, with its path."""
    path = " > ".join(f"{step.curie} {step.label}".strip() for step in found.path)
    return f"  above {found.mapped.entity_curie} by {path} ({NOT_SAID})"


def _group(group: Group) -> Iterator[str]:
    """Yield the lines of a wider group: what it is, the way to it, its claims."""
    first, *steps = group.path
    way = "".join(f" - {step.by} - {step.label}" for step in steps)
    yield from ("", f"{group.marked[0].upper()}{group.marked[1:]}", f"  by {first.label}{way}")
    yield from map(_claim, group.claims)


def _claim(claim: ClaimSaid) -> str:
    """Return the line of a claim."""
    features = sorted({about.through for about in claim.about if about.through})
    through = f" [through {', '.join(features)}]" if features else ""
    return f"  {claim.claim} {claim.label} - {claim.hedge}: “{claim.cue}” ({claim.sentence}){through}"
