"""What every handler uses: the store's reader, values kept per version, the frame of a page, representations.

A page comes as HTML, JSON or RDF, chosen by suffix or Accept (RFC 9110 section 12.5.1).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, cast

import pyoxigraph as ox
from flask import Blueprint, Response, current_app, render_template, request
from markupsafe import Markup

from kg.errors import BadQuery, NotAcceptable, UserError
from kg.namespaces import PREFIXES, get_local_name
from kg.pages.page_queries import ANNOTATED, RDF12, RDF_PROFILES, PageQueryReader, cell_text
from kg.pages.start.view import DocumentSummary, attribute_to_dates, list_documents, name_source_texts
from kg.pages.term_refs import TermRef, as_json, link_address
from kg.settings import Settings
from sparqlhost.pool.query_runner import RDF_FORMATS, find_used_prefixes
from sparqlhost.protocol import negotiation
from sparqlhost.protocol.app_context import get_settings, get_store
from sparqlhost.protocol.endpoint_table import EndpointParameter
from sparqlhost.protocol.negotiation import MediaType

blueprint = Blueprint("layout", __name__)
_Kept = TypeVar("_Kept")

_MAX_FILTER_LENGTH = 200  # characters
_MAX_TITLES = 3  # of source texts, in the title of the data
_COMPARE = "/compare"  # of no use with one text
#: label -> address of the main navigation
_NAVIGATION = {
    "Matrix": "/matrix",
    "Compare": _COMPARE,
    "Questions": "/questions",
    "Case": "/case",
    "Source": "/source",
    "SPARQL": "/sparql",
    "Ontology": "/ont",
    "Mappings": "/mappings",
    "About": "/about",
}


def _find_rdf_media_type(suffix: str) -> MediaType:
    """Return an RDF format of the host under one suffix only: `.json` of a page is not JSON-LD."""
    media_type = negotiation.find_media_type(suffix, negotiation.GRAPH_MEDIA_TYPES)
    assert media_type is not None  # noqa: S101 - a constant of this module
    return replace(media_type, aliases=(suffix,))


HTML = MediaType("html", negotiation.HTML_MEDIA_TYPE, ("html",), has_charset=True)
JSON = MediaType("json", negotiation.JSON_MEDIA_TYPE, ("json",))
CSV = MediaType("csv", "text/csv", ("csv",), has_charset=True)  # RFC 4180
_RDF = tuple(map(_find_rdf_media_type, ("ttl", "jsonld", "nt", "rdf", "trig", "nq")))
_RDF12 = tuple(each for each in _RDF if each.format_key in ("ttl", "nt", "trig", "nq"))
#: what a page may come as, best first; a page that shows no graph comes as the first and the last only.
REPRESENTATIONS = (HTML, *_RDF, JSON)
PAGE_REPRESENTATIONS = (HTML, JSON)
#: their media types, as an endpoint's `formats`.
ALL_FORMATS = tuple(representation.name for representation in REPRESENTATIONS)
HTML_AND_JSON = tuple(representation.name for representation in PAGE_REPRESENTATIONS)
SUFFIXES = tuple(representation.format_key for representation in REPRESENTATIONS)
SUFFIX_PARAMETER = EndpointParameter(
    "suffix", "the format, in the place of Accept", location="path", schema={"enum": list(SUFFIXES)}
)


@blueprint.record_once
def _prepare_app(state: Any) -> None:
    """Give the application its kept values and its filters; block tags leave no blank lines."""
    state.app.extensions["values_by_version"] = {}
    state.app.jinja_env.trim_blocks = True
    state.app.jinja_env.lstrip_blocks = True
    state.app.jinja_env.filters["link_addresses"] = _link_addresses
    state.app.jinja_env.filters["local_name"] = get_local_name


def app_settings() -> Settings:
    """Return the settings of the running application."""
    return cast("Settings", get_settings())


def page_reader() -> PageQueryReader:
    """Return the reader of page queries over the application's store."""
    return PageQueryReader.from_root(get_store(), app_settings().root)


def memoize_per_version(name: str, make: Callable[[], _Kept], version: str | None = None) -> _Kept:
    """Return the value kept for a version (default: that of the data), made by `make` where there is none."""
    version = get_store().version if version is None else version
    values: dict[str, tuple[str, Any]] = current_app.extensions["values_by_version"]
    entry = values.get(name)
    if entry is None or entry[0] != version:
        entry = values[name] = (version, make())
    return cast("_Kept", entry[1])


def _cached_hashes() -> Mapping[str, str]:
    return memoize_per_version("hashes", _hash_static_files, "")


def _hash_static_files() -> Mapping[str, str]:
    """Return the first digits of the sha256 of every static file, by its name."""
    folder = Path(current_app.static_folder or "")
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        for path in files
    }


def _read_manifest() -> Mapping[str, str]:
    """Return bundle name -> file name; no bundle when the front end is not built."""
    path = Path(current_app.static_folder or "", "dist", "manifest.json")
    bundles = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return {str(name): str(file).rpartition("/")[2] for name, file in bundles.items()}


def _asset_address(name: str) -> str:
    """Return the address of a static file with the hash of its content."""
    return f"/static/{name}?h={_cached_hashes()[name]}"


def _script_tag(name: str) -> Markup:
    """Return the tag of a front-end bundle; nothing where it is not built, for pages work without scripts."""
    file = memoize_per_version("manifest", _read_manifest, "").get(name)
    tag = Markup('<script type="module" src="/static/dist/{}?h={}"></script>')
    return tag.format(file, _cached_hashes().get(f"dist/{file}", "")) if file else Markup("")


def _link_addresses(text: str) -> Markup:
    """Return a sentence in which the addresses of pages are links."""
    parts = re.split(r"(?<![\w.])(/[\w./-]+[\w/-])", text)
    link = Markup('<a href="{0}">{0}</a>')
    return Markup("").join(link.format(part) if at % 2 else part for at, part in enumerate(parts))


@blueprint.app_context_processor
def _template_context() -> dict[str, Any]:
    """Return the variables of every template: what the frame of a page needs."""
    revised = _cached_revision_dates()
    return {
        "asset": _asset_address,
        "script": _script_tag,
        "navigation": [
            {"label": label, "href": href, "current": f"{request.path}/".startswith(f"{href}/")}
            for label, href in _NAVIGATION.items()
            if href != _COMPARE or len(revised) > 1
        ],
        "data_version": get_store().version,
        "attribution": current_attribution(),
        "source_texts": name_source_texts(revised),
        "several_documents": len(revised) > 1,
        "is_limit": _is_limit,
    }


def _is_limit(address: str) -> bool:
    """Return whether an address is that of a claim that limits or denies something."""
    return address.startswith("/claim/") and address in memoize_per_version("limits", _load_limits)


def _load_limits() -> frozenset[str]:
    rows = page_reader().select_rows("limiting-claims")
    return frozenset(link_address(cell_text(row, "claim")) for row in rows)


def current_attribution() -> str:
    """Return the clause that names the sources, such as "one text ..., says"."""
    return attribute_to_dates(_cached_revision_dates())


def describe_texts() -> str:
    """Return a title for the data: what the texts say, and which they are, the first of many by name."""
    titles = [document.title or document.ref.label for document in _cached_documents()]
    more = [f"{len(titles) - _MAX_TITLES} more"] if len(titles) > _MAX_TITLES else []
    return f"What {current_attribution()}: {'; '.join([*titles[:_MAX_TITLES], *more])}"


def _cached_revision_dates() -> list[str]:
    """Return the day of last revision of each source document."""
    return [document.revised for document in _cached_documents()]


def _cached_documents() -> tuple[DocumentSummary, ...]:
    """Return the source documents.

    Empty where the store cannot be asked: that error has a page of its own, which this must not break.
    """
    try:
        return memoize_per_version("documents", lambda: list_documents(page_reader()))
    except UserError:
        return ()


def link_representations(path: str) -> list[dict[str, str]]:
    """Return label, address and media type of the other representations of the page at `path`."""
    others = [(f".{each.format_key}", each.name) for each in REPRESENTATIONS if each != HTML]
    return [{"label": suffix, "href": path + suffix, "media": name} for suffix, name in others]


def split_suffix(name: str, suffixes: Container[str] = SUFFIXES) -> tuple[str, str]:
    """Return a name without the suffix of a representation, and the suffix, "" where it has none."""
    stem, _, suffix = name.rpartition(".")
    return (stem, suffix) if stem and suffix in suffixes else (name, "")


def choose_representation(
    suffix: str = "",
    representations: tuple[MediaType, ...] = REPRESENTATIONS,
    *,
    default: MediaType | None = None,
) -> MediaType:
    """Return the representation called `suffix`, else the best for Accept, where `default` wins among equals.

    Raises NotAcceptable with the formats of the page.
    """
    if default is not None:
        representations = (default, *(each for each in representations if each != default))
    chosen = negotiation.find_representation(representations, request.headers.get("Accept", ""), suffix)
    if chosen is None:
        raise NotAcceptable(
            "This page has no format that was asked for.",
            hint=f"Formats: {negotiation.list_media_types(representations)}.",
        )
    return chosen


def read_filter(representation: MediaType) -> str:
    """Return the words of `?q=` that a list is filtered by; raises BadQuery for RDF, which has all rows."""
    words = request.args.get("q", "").strip()[:_MAX_FILTER_LENGTH]
    if words and representation in _RDF:
        raise BadQuery(
            "The RDF form of this page cannot be filtered.",
            location="q",
            hint="Leave q out, or select what you need with a query at /sparql.",
        )
    return words


PROFILE_PARAMETER = EndpointParameter(
    "profile",
    "how the RDF says what derived edges rest on: reified statements, RDF 1.2 reifiers, or not at all",
    schema={"enum": list(RDF_PROFILES)},
)


def read_rdf_profile(representation: MediaType) -> str:
    """Return the profile asked for by `?profile=`, or by `version=1.2` in Accept; raises BadQuery."""
    wants_rdf12 = representation in _RDF12 and "version=1.2" in request.headers.get("Accept", "").replace(
        '"', ""
    )
    profile = request.args.get("profile", RDF12 if wants_rdf12 else ANNOTATED)
    if profile not in RDF_PROFILES:
        raise BadQuery(
            f"There is no profile {profile!r}.",
            location="profile",
            hint=f"Profiles: {', '.join(RDF_PROFILES)}.",
        )
    if profile == RDF12 and representation not in _RDF12:
        raise BadQuery(
            f"{representation.name} has no RDF 1.2 form here.",
            location="profile",
            hint="Ask for Turtle, TriG, N-Triples or N-Quads, or leave profile out.",
        )
    return profile


def read_page_number() -> int:
    """Return the number of `?page=`, from 1; 0, which no list has, for what is not a number."""
    number = request.args.get("page", "1")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 0


def render_page(template: str, view: object, *, title: str, **more: Any) -> str:
    """Return the HTML of a page object."""
    return render_template(template, page=view, title=title, **more)


def answer_page(
    template: str, view: object, *, title: str, default: MediaType | None = None, **more: Any
) -> Response:
    """Answer a page that shows no graph, as HTML or JSON by Accept; `more` are variables of its template."""
    representation = choose_representation(representations=PAGE_REPRESENTATIONS, default=default)
    return make_page_response(representation, view, lambda: render_page(template, view, title=title, **more))


def make_entity_response(
    representation: MediaType,
    template: str,
    view: object,
    ref: TermRef,
    make_quads: Callable[[], Iterable[ox.Quad]],
    *,
    title: str = "",
    make_context: Callable[[], dict[str, Any]] = dict,
) -> Response:
    """Return the page of the entity `ref`; `make_context` gives further variables of its template."""

    def render_html() -> str:
        forms = link_representations(ref.href)
        return render_page(template, view, title=title or ref.label, forms=forms, **make_context())

    response = make_page_response(representation, view, render_html, make_quads)
    response.headers["Link"] = f'<{ref.iri}>; rel="describes"'
    return response


def make_page_response(
    representation: MediaType,
    view: object,
    render_html: Callable[[], str],
    make_quads: Callable[[], Iterable[ox.Quad]] = tuple,
) -> Response:
    """Return a page in its negotiated representation."""
    body: str | bytes
    if representation == HTML:
        body = render_html()
    elif representation == JSON:
        body = json.dumps(as_json(view), ensure_ascii=False)
    else:
        body = _serialize_quads(make_quads(), representation)
    response = Response(body, content_type=representation.content_type)
    response.vary.add("Accept")
    return response


def _serialize_quads(quads: Iterable[ox.Quad], representation: MediaType) -> bytes:
    """Return quads in an RDF format, sorted; formats without graphs get each triple once."""
    rdf_format = RDF_FORMATS[representation.format_key]
    is_jsonld = rdf_format == ox.RdfFormat.JSON_LD
    rows: list[ox.Quad] | list[ox.Triple]
    if rdf_format.supports_datasets and not is_jsonld:
        rows = sorted({*quads}, key=str)
    else:
        rows = sorted({quad.triple for quad in quads}, key=str)
    # JSON-LD is written with full IRIs: its context would have to repeat every prefix
    prefixes = {} if is_jsonld else find_used_prefixes(rows, PREFIXES)
    return ox.serialize(rows, format=rdf_format, prefixes=prefixes) or b""
