"""`kg explain`: why a statement holds, step by step down to the sentence, or which premise is missing."""

from __future__ import annotations

import json
import os
import sys

import click

from kg.settings import Settings

EXIT_ABSENT = 1


@click.command(
    epilog="""\b
Examples:
  kg explain int:NAME kg:optionFor sit:NAME
  kg explain "A NAME" "option for" "ANOTHER NAME" --all
  kg explain int:NAME kg:raisedFor sit:NAME --format ttl

The pages of things and situations lead to the proof of each edge, in the same words.

Exit codes: 0 it holds; 1 it is not in the graph (then the missing premise is shown), a name is not known, or
there is no build; 2 wrong use."""
)
@click.argument("subject")
@click.argument("predicate")
@click.argument("object", metavar="OBJECT")
@click.option("--all", "show_all", is_flag=True, help="List alternative proofs too, up to 20.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "ttl"]), default="text", show_default=True
)
def explain(subject: str, predicate: str, object: str, show_all: bool, form: str) -> None:
    """Prove that SUBJECT PREDICATE OBJECT holds; each a CURIE, an IRI or a label."""
    from kg.build.opening import open_build
    from kg.build.project_rules import load_project_rules
    from kg.pages.explain.statement_input import load_term_names, parse_statement
    from kg.pages.explain.view import explain_triple
    from kg.pages.page_queries import PageQueryReader, ReasonerInput
    from kg.pages.term_refs import as_json

    settings = Settings.from_environment(os.environ)
    reader = PageQueryReader.from_root(open_build(settings), settings.root)
    triple = parse_statement(load_term_names(reader), reader, subject, predicate, object)
    prover = ReasonerInput.load(reader.store, load_project_rules(settings.root)).make_prover()
    page = explain_triple(prover, reader, reader.load_all_labels(), triple, all_proofs=show_all)
    if form == "json":
        click.echo(json.dumps(as_json(page), ensure_ascii=False, indent=1))
    else:
        from kg.pages.explain.proof_text import render_prov, render_text

        click.echo(
            render_text(page) if form == "text" else _serialize_turtle(list(render_prov(page))), nl=False
        )
    sys.exit(EXIT_ABSENT if page.status == "absent" else 0)


def _serialize_turtle(quads: list[object]) -> str:
    """Return quads of the default graph as Turtle."""
    from pyoxigraph import Quad, RdfFormat, serialize

    from kg.namespaces import PREFIXES
    from sparqlhost.pool.query_runner import find_used_prefixes

    triples = [quad.triple for quad in quads if isinstance(quad, Quad)]
    prefixes = find_used_prefixes(triples, PREFIXES)
    return (serialize(triples, format=RdfFormat.TURTLE, prefixes=prefixes) or b"").decode()
