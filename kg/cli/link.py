"""`kg link`: find candidates for links to outside terms, review them, check the accepted ones."""

from __future__ import annotations

import getpass
import json
import os
import sys
import tempfile
import textwrap
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path

import click

from kg.errors import BadData
from kg.linking.candidates import Candidate, LinkableEntity
from kg.linking.link_checking import (
    AnswerChange,
    LinkFinding,
    check_links,
    format_findings,
    open_mapping_trial,
)
from kg.linking.verdicts import VERDICT_KEYS, VERDICT_PREDICATES, Verdict, explain_unwritable, record_verdict
from kg.linking.workbench import open_remote_workbench, open_workbench
from kg.pages.review.view import candidate_as_dict
from kg.settings import Settings


class LinkGroup(click.Group):
    """A group whose first argument may also be an entity: then its candidates are listed."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Insert the hidden command `find` before arguments that do not begin with a command."""
        if not args or (args[0] not in self.commands and args[0] not in ("-h", "--help")):
            args = ["find", *args]
        return super().parse_args(ctx, args)


@click.group(
    "link",
    cls=LinkGroup,
    epilog="""\b
Use:
  kg link [ENTITY...] [--in IMPORT] [--remote NAME] [--top N] [--all] [--text] [--json]
  kg link review [ENTITY...] [--in IMPORT] --author NAME
  kg link check [FILE] [--id VOCABULARY] [--in IMPORT] [--json|--csv]""",
)
def link() -> None:
    """Find outside terms an entity may be linked to, review them, check the accepted links.

    ENTITY is a CURIE (prefix:Name), a name, or any text; without one, all entities. A text that is only spelt
    like a name is not taken for it: the names are shown, and nothing else is done. Candidates come from
    labels, synonyms, cross-references of accepted matches and similar names; none is accepted automatically.
    """


_IN_OPTION = click.option(
    "--in", "imports", multiple=True, metavar="IMPORT", help="Only this import (repeatable)."
)
_STORE_OPTION = click.option(
    "--store", type=click.Path(path_type=Path), help="Directory store of the imports."
)
_TOP_OPTION = click.option(
    "--top", type=click.IntRange(1, 100), default=5, show_default=True, help="Candidates an import."
)
#: up to this many entities, those without a candidate are listed too
_LIST_ALL_UP_TO = 10
_TERMINAL_WIDTH = 100
_JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")


@link.command("find", hidden=True)
@click.argument("wanted", nargs=-1, metavar="[ENTITY]...")
@_IN_OPTION
@_STORE_OPTION
@_JSON_OPTION
@_TOP_OPTION
@click.option("--all", "every", is_flag=True, help="Accepted pairs too (rejected ones never).")
@click.option("--text", "as_text", is_flag=True, help="Look for the words as they are, whatever is alike.")
@click.option(
    "--remote",
    "remotes",
    multiple=True,
    metavar="NAME",
    help="Ask this remote, not the imports (repeatable).",
)
def find_command(
    wanted: tuple[str, ...],
    imports: tuple[str, ...],
    store: Path | None,
    as_json: bool,
    top: int,
    every: bool,
    as_text: bool,
    remotes: tuple[str, ...],
) -> None:
    """List candidates for entities, with reasons, definitions and the path to the root."""
    settings = Settings.from_environment(os.environ)
    opening = (
        open_remote_workbench(settings, remotes, wanted, _print_progress, as_text=as_text)
        if remotes
        else open_workbench(settings, imports, store, _print_progress)
    )
    with opening as bench:
        hidden = {"rejected"} if every or wanted else {"rejected", "accepted"}
        rows = [
            (entity, bench.find_candidates(entity, top, lambda verdict: verdict not in hidden))
            for entity in bench.pick_entities(wanted, as_text=as_text)
        ]
    _print_json(rows) if as_json else _print_candidates(rows)


def _print_progress(sentence: str) -> None:
    """Print a sentence on standard error."""
    click.echo(sentence, err=True)


def _print_json(rows: list[tuple[LinkableEntity, list[Candidate]]]) -> None:
    """Print entities with their candidates as JSON."""
    items = [
        {
            "entity": entity.curie,
            "label": entity.label,
            "definition": entity.definition,
            "candidates": [candidate_as_dict(candidate) for candidate in candidates],
        }
        for entity, candidates in rows
    ]
    click.echo(json.dumps(items, indent=1, ensure_ascii=False))


def _print_candidates(rows: list[tuple[LinkableEntity, list[Candidate]]]) -> None:
    """Print entities with their candidates; of many entities, only those that have some."""
    lists_all = len(rows) <= _LIST_ALL_UP_TO
    for entity, candidates in rows:
        if not candidates and not lists_all:
            continue
        click.secho(f"{entity.curie or 'text'}  {entity.label}", bold=True)
        if entity.definition:
            click.echo(f"    {entity.definition}")
        for candidate in candidates:
            click.echo("\n".join(_format_candidate(candidate)))
        if not candidates:
            click.echo("  no candidate")
    without = sum(not candidates for _, candidates in rows)
    head = "" if lists_all else f"{without} entities without a candidate; "
    total = _format_count(sum(len(candidates) for _, candidates in rows), "candidate", "candidates")
    click.echo(f"{head}{total} for {_format_count(len(rows), 'entity', 'entities')}; nothing was accepted.")


def _format_count(number: int, singular: str, plural: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {singular if number == 1 else plural}"


def _format_candidate(candidate: Candidate) -> Iterable[str]:
    """Yield the lines of a candidate: score, CURIE and label, reasons, path to the root, definition."""
    flags = [word for word in (candidate.verdict, "OBSOLETE" if candidate.obsolete else "") if word]
    mark = f"  [{', '.join(flags)}]" if flags else ""
    yield f"  {candidate.score:.2f}  {candidate.curie}  {candidate.label}  ({candidate.imported}){mark}"
    if candidate.replaced:
        yield f"        replaced by {candidate.replaced}"
    for reason in candidate.reasons:
        yield f"        - {reason.sentence}"
    if candidate.path:
        yield f"        under {' < '.join(candidate.path)}"
    if candidate.definition:
        yield f"        {candidate.definition}"


@link.command("review")
@click.argument("wanted", nargs=-1, metavar="[ENTITY]...")
@_IN_OPTION
@_STORE_OPTION
@click.option("--author", default="", help="Your name, for the mapping file.")
@_TOP_OPTION
def review_command(
    wanted: tuple[str, ...], imports: tuple[str, ...], store: Path | None, author: str, top: int
) -> None:
    """Review candidates one by one; each verdict is written to data/mappings at once.

    Keys: e exact, b broad, n narrow, c close, r related, x reject, s skip, q quit.
    """
    settings = Settings.from_environment(os.environ)
    author = author or getpass.getuser()
    written = 0
    with (
        open_workbench(settings, imports, store, _print_progress) as bench,
        open_mapping_trial(settings, bench.prefixes) as trial,
    ):
        for entity in bench.pick_entities(wanted):
            for candidate in bench.find_candidates(entity, top, lambda verdict: verdict == ""):
                if entity.curie and (reason := explain_unwritable(candidate, bench.prefixes)):
                    _print_progress(f"{candidate.curie}, for {entity.curie}, is skipped: {reason}")
                    continue
                choice = _ask_for_verdict(entity, candidate) if entity.curie else "skip"
                if choice == "quit":
                    click.echo(f"{_format_count(written, 'verdict', 'verdicts')} written.")
                    return
                if choice == "skip":
                    continue
                today = datetime.now(UTC).date()
                source = bench.find_source_file(candidate.imported)
                verdict = Verdict(candidate, choice, author, today, source=source)
                row = record_verdict(verdict, bench.prefixes, settings.root)
                written += 1
                click.echo(f"  written: {row.subject_id} {choice} {row.object_id} by {row.author_label}")
                if choice in VERDICT_PREDICATES:
                    _print_changes(trial.add_mapping(row))
    click.echo(f"{_format_count(written, 'verdict', 'verdicts')} written." if written else "Nothing written.")


def _ask_for_verdict(entity: LinkableEntity, candidate: Candidate) -> str:
    """Print a pair side by side and return the choice of the key that the user presses."""
    click.echo()
    click.echo("\n".join(_format_side_by_side(entity, candidate)))
    keys = {**VERDICT_KEYS, "q": "quit"}
    prompt = "  ".join(f"[{key}]{choice}" for key, choice in keys.items())
    while True:
        click.echo(f"{prompt}  ? ", nl=False)
        key = _read_key()
        click.echo(key)
        if key[:1].lower() in keys:
            return keys[key[:1].lower()]
        click.echo(f"{key!r} is not one of the keys.")


def _read_key() -> str:
    """Return the key pressed, or the next line of input that is not a terminal; "q" at its end."""
    if os.isatty(0):
        return str(click.getchar())
    return sys.stdin.readline().strip() or "q"


def _print_changes(changes: Iterable[AnswerChange]) -> None:
    """Print the questions whose answers change."""
    sentences = [f"    {change.sentence}" for change in changes]
    if sentences:
        click.echo("  answers that change with it:")
        click.echo("\n".join(sentences))
    else:
        click.echo("  no question's answer changes.")


@link.command("check")
@click.argument("file", required=False, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--id", "import_id", default="", help="With FILE: the vocabulary it is a version of, as rxnorm."
)
@_IN_OPTION
@_STORE_OPTION
@_JSON_OPTION
@click.option("--csv", "as_csv", is_flag=True, help="As CSV, a row for each problem.")
def check_command(
    file: Path | None,
    import_id: str,
    imports: tuple[str, ...],
    store: Path | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Check accepted links against the imports, or FILE: moved, merged, retired, reused or renamed targets.

    FILE is read like that of kg import, a folder of a release too; nothing of it is kept. Exit code 1 when a
    problem is found, 0 when there is none.
    """
    settings = Settings.from_environment(os.environ)
    with tempfile.TemporaryDirectory(prefix="kg-check-") as folder:
        if file:
            from kg.linking.importing import ImportRequest, import_file

            store = Path(folder) / "store"
            import_file(file, ImportRequest(str(file), import_id), store, settings)
        with open_workbench(settings, imports, store, _print_progress) as bench:
            checked, findings = check_links(bench)
    if as_json:
        click.echo(json.dumps([finding.as_dict() for finding in findings], indent=1, ensure_ascii=False))
    elif as_csv:
        click.echo(format_findings(findings), nl=False)
    else:
        _print_findings(findings)
        click.echo(
            f"{checked} links checked against {', '.join(i.imported.id for i in bench.indexes)}: "
            f"{_format_need(len(findings))} review."
        )
    if not checked:
        raise BadData(
            "No accepted link points into these imports.",
            hint="Import the ontology the links point to; with FILE, name its vocabulary with --id.",
        )
    if findings:
        raise click.exceptions.Exit(1)


def _format_need(number: int) -> str:
    """Return "none need", "1 needs" or "N need"."""
    return "1 needs" if number == 1 else f"{number or 'none'} need"


def _print_findings(findings: Iterable[LinkFinding]) -> None:
    """Print the problems of links, what to do, and the answers that differ without them."""
    for finding in findings:
        row = finding.row
        click.echo(
            f"{finding.mapping_file}:{row.line}: {row.subject_id} {row.predicate_id} {row.object_id}: "
            f"{finding.sentence}"
        )
        for change in finding.changes:
            click.echo(f"    without it {change.sentence}")


def _format_side_by_side(entity: LinkableEntity, candidate: Candidate) -> list[str]:
    """Return the lines of two columns of text: the entity at the left, the outside term at the right."""
    width = _TERMINAL_WIDTH // 2 - 2
    other_names = "; ".join(name for name, _ in entity.names[1:])
    state = f"OBSOLETE, replaced by {candidate.replaced or 'nothing'}" if candidate.obsolete else ""
    left = [entity.curie, entity.label, other_names, "", entity.definition]
    right = [
        f"{candidate.curie}  {candidate.score:.2f}  {candidate.imported} {candidate.version}",
        candidate.label,
        f"under {' < '.join(candidate.path)}" if candidate.path else "",
        state,
        candidate.definition or "(no definition)",
        *(f"- {reason.sentence}" for reason in candidate.reasons),
    ]
    columns = [
        [line for text in texts for line in textwrap.wrap(text, width) or [""]] for texts in (left, right)
    ]
    return [f"{entry:<{width}} | {term}".rstrip() for entry, term in zip_longest(*columns, fillvalue="")]
