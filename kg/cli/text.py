"""`kg text`: bring your own text, from a file to claims."""

from __future__ import annotations

import datetime
import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from kg.namespaces import compress_iri
from kg.settings import Settings

_MAX_LINES = 30
_PLACE = click.Path(path_type=Path)


def _source_text_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--source-text", type=_PLACE, help="Your own copies: a file, several, or a folder.")(
        command
    )


@click.group(
    "text",
    epilog="""\b
Examples:
  kg text add leaflet.txt --name leaflet-2026
  kg text draft leaflet-2026 --source-text leaflet.txt

\b
Exit codes: 0 fine, 1 a text, claim or draft that cannot be used, 2 wrong use.""",
)
def text() -> None:
    """Add a source text, place its claims, draft them and accept drafts; nothing leaves this machine."""


@text.command(
    epilog="""\b
Example:
  kg text add leaflet.txt --name leaflet-2026 --title "Leaflet of 2026 on fatigue" \\
    --subject dis:NAME --revised 2026-01-02 --revised-printed "2 January 2026"

Run again on an edited text, it says what moved and changed, and which claims to read again."""
)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--name", required=True, help="A short name: small letters, digits, hyphens.")
@click.option("--title", help="Its title, in your words.")
@click.option("--topic", default="", help="What it is about, in your words.")
@click.option("--subject", default="", help="The disease it is about, as in data/concepts/.")
@click.option("--revised", default="", help="Date of its last revision, year-month-day.")
@click.option("--revised-printed", default="", help="The same date as printed.")
@click.option("--undated-because", default="", help="Why no date of revision can be given.")
@click.option(
    "--creator", default="kg:Contributors", show_default=True, help="Who writes its claims, by CURIE or IRI."
)
@click.option(
    "--license",
    "claims_license",
    default="https://creativecommons.org/licenses/by/4.0/",
    show_default=True,
    help="The IRI of the licence of its claims.",
)
def add(file: Path, name: str, **given: str | None) -> None:
    """Cut a text into segments, and write its description and their positions; no sentence is kept."""
    from kg.build.text_authoring import TextFacts, add_text

    settings = Settings.from_environment(os.environ)
    facts: dict[str, str] = {key: value or "" for key, value in given.items()}
    if not (settings.root / "data" / "sources" / name).exists():
        facts["title"] = facts["title"] or click.prompt("Title, in your words")
        if not facts["revised"] and not facts["undated_because"]:
            facts["undated_because"] = click.prompt("No --revised date is given. Why is there none")
    facts["created"] = datetime.datetime.now(datetime.UTC).date().isoformat()
    facts["curator_type"] = "written with kg text"
    added = add_text(settings.root, file, name, TextFacts(**facts))
    kinds = Counter(row.kind for row in added.segments)
    click.echo(
        f"{name}: {len(added.segments)} segments ({', '.join(f'{n} {kind}' for kind, n in kinds.items())})."
    )
    states = Counter(change.state for change in added.changes)
    if states:
        click.echo(", ".join(f"{count} {state}" for state, count in sorted(states.items())) + ".")
    edited = [f"{c.segment} {c.state}" for c in added.changes if c.state in ("changed", "new", "gone")]
    click.echo("".join(f"  {line}\n" for line in edited[:_MAX_LINES]), nl=False)
    if len(edited) > _MAX_LINES:
        click.echo(f"  and {len(edited) - _MAX_LINES} more")
    for iri, why in added.touched.items():
        click.echo(f"Read {compress_iri(iri)} again ({why}), then run kg text locate.")


@text.command(epilog="\b\nExample:\n  kg text locate --source-text ~/texts/")
@_source_text_option
def locate(source_text: Path | None) -> None:
    """Write where the words of each claim stand in your copies, for builds without the text."""
    from kg.build.text_authoring import locate_claims

    settings = Settings.from_environment(os.environ, source_text=source_text)
    wrong = False
    for name, copy in _read_copies(settings).items():
        count, problems = locate_claims(settings.root, name, copy)
        click.echo(f"{name}: {count} claims placed.")
        for problem in problems:
            click.echo(str(problem), err=True)
            wrong = True
    if wrong:
        sys.exit(1)


@text.command(
    epilog="\b\nExample:\n  kg text show leaflet-2026 --segment leaflet-2026-S01 --source-text leaflet.txt"
)
@click.argument("name")
@click.option("--segment", help="Only this one.")
@_source_text_option
def show(name: str, segment: str | None, source_text: Path | None) -> None:
    """Print the segments of your copy with the numbers of their words."""
    from kg.build.text_authoring import list_segments

    settings = Settings.from_environment(os.environ, source_text=source_text)
    copies = _read_copies(settings, name)
    for row, words in list_segments(settings.root, name, copies[name]):
        if segment in (None, row):
            click.echo(f"{row}: {' '.join(f'{word}[{n}]' for n, word in enumerate(words.split(), 1))}")


@text.command(
    "set-aside",
    epilog='\b\nExample:\n  kg text set-aside leaflet-2026 leaflet-2026-S03 --because "A remark."',
)
@click.argument("name")
@click.argument("segments", nargs=-1, required=True)
@click.option("--because", required=True, help="Why no claim is taken from them, in your words.")
def set_aside(name: str, segments: tuple[str, ...], because: str) -> None:
    """Say that no claim is taken from some segments, and why."""
    from kg.build.text_authoring import set_aside as write_reasons

    write_reasons(Settings.from_environment(os.environ).root, name, segments, because)
    click.echo(f"{len(segments)} set aside.")


@text.command(epilog="\b\nExample:\n  kg text draft leaflet-2026 --source-text leaflet.txt")
@click.argument("name")
@_source_text_option
def draft(name: str, source_text: Path | None) -> None:
    """Suggest claims for a document from its words; they are kept apart until you accept them."""
    from kg.build.text_drafts import draft_document
    from kg.linking.printed_names import find_printed_names

    settings = Settings.from_environment(os.environ, source_text=source_text)
    copy = _read_copies(settings, name)[name]
    made = draft_document(settings, name, copy, find_printed_names(settings, copy))
    for each in made.drafts:
        click.echo(f"{each.id} {each.segment} {each.words}".rstrip())
        for slot in each.slots:
            click.echo(f"    {slot.property} {slot.value}  ({slot.sure}: {slot.why})")
    for proposal in made.proposals:
        links = f": {', '.join(proposal.candidates)}" if proposal.candidates else ""
        click.echo(f"new? {proposal.words!r} in {proposal.segment} ({proposal.why}){links}")
    click.echo(f"{len(made.drafts)} drafts, {len(made.proposals)} proposals for concepts.")


@text.command(epilog="\b\nExample:\n  kg text accept leaflet-2026 48df959a31 --source-text leaflet.txt")
@click.argument("name")
@click.argument("drafts", nargs=-1, required=True)
@click.option("--label", default="", help="What the claim says, in your words; for one draft.")
@_source_text_option
def accept(name: str, drafts: tuple[str, ...], label: str, source_text: Path | None) -> None:
    """Write drafts as claims, in data/claims/NAME/accepted.ttl, to be amended there."""
    from kg.build.text_authoring import locate_claims
    from kg.build.text_drafts import accept_drafts

    settings = Settings.from_environment(os.environ, source_text=source_text)
    if label and len(drafts) > 1:
        raise click.UsageError("--label is for one draft.")
    copy = _read_copies(settings, name)[name]
    for claim in accept_drafts(settings, name, drafts, label):
        click.echo(f"claim:{claim}")
    locate_claims(settings.root, name, copy)


@text.command(
    epilog='\b\nExample:\n  kg text reject leaflet-2026 48df959a31 --because "An example, not an offer."'
)
@click.argument("name")
@click.argument("drafts", nargs=-1, required=True)
@click.option("--because", required=True, help="Why, in your words.")
def reject(name: str, drafts: tuple[str, ...], because: str) -> None:
    """Say that drafts are wrong, and why; they do not come back."""
    from kg.build.text_drafts import reject_drafts

    reject_drafts(Settings.from_environment(os.environ), name, drafts, because)
    click.echo(f"{len(drafts)} rejected.")


def _read_copies(settings: Settings, name: str | None = None) -> dict[str, str]:
    """Return the exact copies of documents, or of one, by name; raises UserError."""
    from kg.build.reader_copy import read_exact_copies

    if settings.source_text is None:
        raise click.UsageError("Name your copy of the text: --source-text or KG_SOURCE_TEXT.")
    return read_exact_copies(settings, name)
