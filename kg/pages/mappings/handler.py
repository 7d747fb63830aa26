"""`/mappings`: the links to external vocabularies as a page, as JSON, as RDF and as one SSSOM file."""

from __future__ import annotations

from collections.abc import Iterator

import pyoxigraph as ox
from flask import Blueprint, Response

from kg.errors import NotFound
from kg.exports.export_formats import make_accepted_set
from kg.mapping_files import read_mappings, read_prefixes, read_unmapped
from kg.model.code_links import CodeIndex
from kg.model.graphs import MAPPINGS
from kg.model.identifiers import PrefixTable
from kg.model.mapping_sets import MappingCollection, format_sssom
from kg.pages.mappings.view import AcceptedMapping, filter_mappings, mappings_page, select_accepted_mappings
from kg.pages.page_queries import number_addresses, slice_page
from kg.pages.rendering import (
    ALL_FORMATS,
    JSON,
    SUFFIX_PARAMETER,
    SUFFIXES,
    app_settings,
    choose_representation,
    make_page_response,
    memoize_per_version,
    page_reader,
    read_filter,
    read_page_number,
    render_page,
)
from kg.questions.code_answers import load_code_index
from sparqlhost.protocol.endpoint_table import Endpoint, EndpointParameter, route

blueprint = Blueprint("mappings", __name__)
TSV_CONTENT_TYPE = "text/tab-separated-values; charset=utf-8"


def cached_prefixes() -> PrefixTable:
    """Return the external vocabularies and their prefixes."""
    return memoize_per_version("prefixes", lambda: read_prefixes(app_settings().root))


def cached_mapping_files() -> MappingCollection:
    """Return the mapping files of the three verdicts."""
    return memoize_per_version("mapping-files", lambda: read_mappings(app_settings().root))


def cached_code_index() -> CodeIndex:
    """Return what codes lead to: judged matches, and the ways up from products, brands and narrower codes."""
    return memoize_per_version(
        "code-index", lambda: load_code_index(page_reader().store, app_settings().root)
    )


def cached_accepted_mappings() -> tuple[AcceptedMapping, ...]:
    """Return every accepted mapping of the graph."""
    return memoize_per_version("mapped-terms", lambda: select_accepted_mappings(page_reader()))


@route(
    blueprint,
    Endpoint(
        "/mappings",
        "Mappings to external vocabularies",
        other_addresses=("/mappings.<suffix>",),
        parameters=(
            SUFFIX_PARAMETER,
            EndpointParameter("q", "words that the rows contain; not for RDF"),
            EndpointParameter("page", "which 50 rows, from 1, in HTML"),
        ),
        formats=ALL_FORMATS,
    ),
)
def show_mappings(suffix: str = "") -> Response:
    """Answer all mappings."""
    if suffix and suffix not in SUFFIXES:
        raise NotFound(
            f"The mappings have no form .{suffix}.", hint="Forms: .json .ttl .nt .jsonld .rdf .sssom.tsv."
        )
    representation = choose_representation(suffix, default=JSON)
    words = read_filter(representation)
    unfiltered = memoize_per_version(
        "mappings-page",
        lambda: mappings_page(page_reader(), cached_mapping_files(), read_unmapped(app_settings().root)),
    )
    view = filter_mappings(unfiltered, words)
    accepted = slice_page(
        view.accepted, read_page_number(), number_addresses("/mappings", words, "#accepted")
    )
    if accepted is None:
        raise NotFound("The accepted mappings have no such page.", location="page", hint="Start with page 1.")

    def render_html() -> str:
        return render_page("mappings/page.html", view, title="Mappings", accepted=accepted, filter=words)

    return make_page_response(representation, view, render_html, _read_mapping_quads)


@route(
    blueprint,
    Endpoint(
        "/mappings.sssom.tsv",
        "The accepted mappings as one SSSOM file",
        formats=("text/tab-separated-values",),
    ),
)
def download_sssom() -> Response:
    """Answer the accepted mappings as one SSSOM file."""
    text = memoize_per_version(
        "mappings-sssom", lambda: format_sssom(make_accepted_set(cached_mapping_files(), cached_prefixes()))
    )
    headers = {"Content-Disposition": 'attachment; filename="rrall-kg.sssom.tsv"'}
    return Response(text, content_type=TSV_CONTENT_TYPE, headers=headers)


def _read_mapping_quads() -> Iterator[ox.Quad]:
    for triple in page_reader().store.read_graph(MAPPINGS):
        yield ox.Quad(triple.subject, triple.predicate, triple.object, MAPPINGS)
