"""`kg resolve`: everything the graph has for an outside identifier."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import click

from kg.pages.mappings.view import AcceptedMapping, list_unaccepted_mappings, select_accepted_mappings
from kg.pages.page_queries import PageQueryReader
from kg.pages.resolve.view import (
    NOT_FROM_TEXT,
    BroaderGroup,
    ClaimAboutEntity,
    MappingBelow,
    ReachedEntity,
    Resolution,
    resolve_identifier,
)
from kg.pages.term_refs import as_json
from kg.settings import Settings


@click.command(
    epilog="""\b
Examples:
  kg resolve RXNORM:282388
  kg resolve SNOMEDCT_US:91857003
  kg resolve atc:N02A
  kg resolve 'NDC 0078-0401-05'
  kg resolve --format json http://purl.obolibrary.org/obo/MONDO_0004967

\b
Any spelling of a prefix works: SCTID, SNOMEDCT_US and snomedct are the same.
Exit codes: 0 found, 1 not an identifier, or not in the graph, 2 wrong use."""
)
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.argument("curie")
def resolve(curie: str, format_: str) -> None:
    """Show what the graph has for CURIE: RxNorm, ATC, SNOMED CT, MONDO, NCIt and others."""
    from kg.build.opening import open_build
    from kg.mapping_files import read_mappings, read_prefixes
    from kg.questions.code_answers import load_code_index

    settings = Settings.from_environment(os.environ)
    reader = PageQueryReader(open_build(settings), settings.root / "queries" / "pages")
    files = read_mappings(settings.root)
    others = list_unaccepted_mappings(files, "rejected") + list_unaccepted_mappings(files, "undecided")
    prefixes = read_prefixes(settings.root)
    index = load_code_index(reader.store, settings.root)
    accepted = select_accepted_mappings(reader)
    resolution = resolve_identifier(reader, prefixes, curie, accepted, others, index)
    if format_ == "json":
        click.echo(json.dumps(as_json(resolution), ensure_ascii=False, indent=1))
    else:
        click.echo(_format_resolution(resolution))


def _format_resolution(resolution: Resolution) -> str:
    """Return a resolution as lines for people."""
    head = " ".join(
        part for part in (resolution.curie, resolution.label, f"({resolution.vocabulary})") if part
    )
    lines = [
        head,
        f"  {resolution.page}",
        *map(_format_match, resolution.matches),
        *map(_format_descendant, resolution.below),
    ]
    lines += [f"  not accepted for {row.entity_curie}: {row.comment}" for row in resolution.rejected]
    lines += [line for entity in resolution.reached for line in _format_reached(entity)]
    if resolution.reached:
        return "\n".join(lines)
    lines += ["", f"Claims of the text ({len({claim.claim for claim in resolution.claims})}):"]
    lines += map(_format_claim, resolution.claims)
    return "\n".join([*lines, *(line for group in resolution.wider for line in _format_group(group))])


def _format_match(term: AcceptedMapping) -> str:
    """Return the line of a match."""
    proof = f"proof {term.proof}, {term.version}"
    note = f"; {term.comment}" if term.comment else ""
    return f"  {term.match} match of {term.entity_curie} ({term.entity_label}); {proof}{note}"


def _format_descendant(descendant: MappingBelow) -> str:
    """Return the line of a mapped code below the identifier, with the path to it."""
    path = " > ".join(f"{step.curie} {step.label}".strip() for step in descendant.path)
    return f"  above {descendant.mapped.entity_curie} by {path} ({NOT_FROM_TEXT})"


def _format_reached(entity: ReachedEntity) -> Iterator[str]:
    """Yield the lines of an entity that a code leads to without being a match of it."""
    proof = f"{entity.source}, {entity.version}"
    yield f"  {entity.relation} {entity.entity_curie} ({entity.entity_label}); {proof}"
    yield f"    {entity.path}"
    yield from ("", f"Claims {entity.note}:")
    yield from map(_format_claim, entity.claims)


def _format_group(group: BroaderGroup) -> Iterator[str]:
    """Yield the lines of a broader group: its name, the path to it, its claims."""
    first, *steps = group.path
    path = "".join(f" - {step.by} - {step.label}" for step in steps)
    yield from ("", f"{group.marked[0].upper()}{group.marked[1:]}", f"  by {first.label}{path}")
    yield from map(_format_claim, group.claims)


def _format_claim(claim: ClaimAboutEntity) -> str:
    """Return the line of a claim."""
    features = sorted({about.through for about in claim.about if about.through})
    through = f" [through {', '.join(features)}]" if features else ""
    return f"  {claim.claim} {claim.label} - {claim.hedge}: “{claim.cue}” ({claim.sentence}){through}"
