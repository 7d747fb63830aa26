"""`/mappings`: the links to outside vocabularies as a page, as JSON, as RDF and as one SSSOM file."""

from __future__ import annotations

from collections.abc import Iterator

import pyoxigraph as ox
from flask import Blueprint, Response

from kg.errors import NotFound
from kg.exports.sssom import sssom_set
from kg.files.mappings import read_mappings, read_prefixes, read_unmapped
from kg.mappings.prefixes import Prefixes
from kg.mappings.rows import Mappings
from kg.mappings.sssom import write
from kg.namespaces import GRAPH
from kg.views.filtering import sliced
from kg.views.mappings import MappedTerm, filtered, mapped_terms, mappings_page
from kg.web.content import FORMS, filter_words, negotiate, page_number, respond, split
from kg.web.layout import kept, page, reader, settings

blueprint = Blueprint("mappings", __name__)
MAPPINGS = GRAPH["mappings"]
TSV = "text/tab-separated-values; charset=utf-8"


def prefixes() -> Prefixes:
    """Return the outside vocabularies."""
    return kept("prefixes", lambda: read_prefixes(settings().root))


def files() -> Mappings:
    """Return the mapping files of the three verdicts."""
    return kept("mapping-files", lambda: read_mappings(settings().root))


def terms() -> tuple[MappedTerm, ...]:
    """Return every accepted mapping of the graph."""
    return kept("mapped-terms", lambda: mapped_terms(reader()))


@blueprint.get("/mappings")
@blueprint.get("/mappings.<suffix>")
def mappings(suffix: str = "") -> Response:
    """Answer all mappings."""
    if suffix and not split(f"mappings.{suffix}")[1]:
        raise NotFound(
            f"The mappings have no form .{suffix}.", todo="Forms: .json .ttl .nt .jsonld .rdf .sssom.tsv."
        )
    form = negotiate(suffix, (FORMS[-1], *FORMS[:-1]))
    asked = filter_words(form)
    whole = kept("mappings-page", lambda: mappings_page(reader(), files(), read_unmapped(settings().root)))
    view = filtered(whole, asked)
    accepted = sliced(view.accepted, page_number(), "/mappings", asked, "#accepted")
    if accepted is None:
        raise NotFound("The accepted mappings have no such page.", where="page", todo="Start with page 1.")

    def html() -> str:
        return page("mappings.html", view, title="Mappings", accepted=accepted, filter=asked)

    return respond(form, view, html, _quads)


@blueprint.get("/mappings.sssom.tsv")
def sssom() -> Response:
    """Answer the accepted mappings as one SSSOM file."""
    text = kept("mappings-sssom", lambda: write(sssom_set(files(), prefixes())))
    headers = {"Content-Disposition": 'attachment; filename="rrall-kg.sssom.tsv"'}
    return Response(text, content_type=TSV, headers=headers)


def _quads() -> Iterator[ox.Quad]:
    """Yield the graph of mappings."""
    for triple in reader().store.quads(MAPPINGS):
        yield ox.Quad(triple.subject, triple.predicate, triple.object, MAPPINGS)
