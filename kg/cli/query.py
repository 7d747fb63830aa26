"""`kg query`: SPARQL over the built graph, from a file, an argument or standard input."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import click
from pyoxigraph import Literal, RdfFormat, serialize

from kg.cli.output import OUTPUT_FORMATS, print_solutions
from kg.errors import BadQuery, NotFound
from kg.namespaces import PREFIXES, XSD, declare_prefixes
from kg.settings import Settings
from kg.text_files import read_text
from sparqlhost.pool.query_runner import find_used_prefixes
from sparqlhost.store.interface import Solutions, Store

# SPARQL 1.1, section 19.8: a prologue, then the word that begins an update
_UPDATE_START = re.compile(
    r"(?:\s|#[^\n]*\n|PREFIX\s+\S*:\s*<[^>]*>|BASE\s*<[^>]*>)*"
    r"(?:INSERT|DELETE|LOAD|CLEAR|CREATE|DROP|COPY|MOVE|ADD|WITH)\b",
    re.IGNORECASE,
)


@click.command(
    epilog="""\b
Examples:
  kg query queries/questions/01-raised-for.rq
  kg query 'SELECT ?i ?s WHERE { ?i kg:raisedFor ?s }'
  kg query --format csv - < my.rq
  kg query 'DESCRIBE claim:S15-1'

\b
The project's prefixes are declared for you where the query declares none of that name.
SELECT and ASK give a table, CSV or JSON; CONSTRUCT and DESCRIBE give Turtle.
Exit codes: 0 answered, 1 no such file or not a query, 2 wrong use."""
)
@click.argument("query", metavar="FILE|TEXT|-")
@click.option(
    "--format", "output_format", type=click.Choice(OUTPUT_FORMATS), default="table", show_default=True
)
def query(query: str, output_format: str) -> None:
    """Run a SPARQL query over the built graph."""
    from kg.linking.build_overlay import open_build_with_imports
    from kg.linking.named_remotes import answer_service_calls

    text, where = _read_query(query)
    settings = Settings.from_environment(os.environ)
    store = open_build_with_imports(settings)
    try:
        called, notes = answer_service_calls(declare_prefixes(text), settings)
        if not _run_by_form(store, called, output_format):
            _print_unknown_terms(store, declare_prefixes(text))
        for note in notes:
            click.echo(f"kg: {note} The answer is without it.", err=True)
    except BadQuery as error:
        shift = declare_prefixes(text).count("\n") - text.count("\n")
        line = max(error.line - shift, 1) if error.line else 0
        raise BadQuery(
            error.message, location=where, line=line, column=error.column, hint=error.hint
        ) from error


def _read_query(argument: str) -> tuple[str, str]:
    """Return the query text and its name in messages; raises NotFound for a missing file."""
    if argument == "-":
        return sys.stdin.read(), "standard input"
    path = Path(argument)
    if "{" not in argument and len(argument) < 4096 and path.is_file():
        return read_text(path, argument), argument
    if argument.endswith((".rq", ".sparql")) and " " not in argument:
        raise NotFound(
            "There is no such file.", location=argument, hint="Check the name; queries/ holds examples."
        )
    return argument, "query"


def _print_unknown_terms(store: Store, text: str) -> None:
    """Print on stderr the terms of a query without an answer that are in no graph: they may be misspelt."""
    from kg.pages.explain.statement_input import describe_unknown_terms
    from kg.pages.page_queries import PageQueryReader

    reader = PageQueryReader.from_root(store, Settings.from_environment(os.environ).root)
    for sentence in describe_unknown_terms(reader, text):
        click.echo(f"kg: {sentence}", err=True)


def _run_by_form(store: Store, text: str, output_format: str) -> bool:
    """Run a query as the first form that the store accepts; return whether the answer has anything."""
    if _UPDATE_START.match(text):
        raise BadQuery("This is an update.", hint="Nothing is written here; a server with a token takes it.")
    for run_form in (_run_select, _run_ask, _run_construct):
        try:
            return run_form(store, text, output_format)
        except BadQuery as error:
            if not error.message.startswith("The query is not a"):
                raise
    raise BadQuery("This is neither SELECT, ASK, CONSTRUCT nor DESCRIBE.", hint="Updates are not run here.")


def _run_select(store: Store, text: str, output_format: str) -> bool:
    solutions = store.select(text)
    print_solutions(solutions, output_format)
    return bool(len(solutions))


def _run_ask(store: Store, text: str, output_format: str) -> bool:
    is_true = store.ask(text)
    value = Literal("true" if is_true else "false", datatype=XSD["boolean"])
    print_solutions(Solutions(("answer",), ((value,),)), output_format)
    return is_true


def _run_construct(store: Store, text: str, output_format: str) -> bool:
    del output_format
    triples = [*store.construct(text)]
    prefixes = find_used_prefixes(triples, PREFIXES)
    content = serialize(triples, format=RdfFormat.TURTLE, prefixes=prefixes) or b""
    click.echo(content.decode("utf-8"), nl=False)
    return bool(triples)
