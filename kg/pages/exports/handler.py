"""`/export/...` and `/context.jsonld`: the graph in the formats that other tools read."""

from __future__ import annotations

import json

from flask import Blueprint, Response

from kg.errors import NotFound
from kg.exports.export_formats import EXPORT_FORMATS, ExportFile, find_export_format, zip_files
from kg.exports.jsonld import make_context
from kg.pages.exports.view import exports_page
from kg.pages.layout import app_settings, memoize_per_version, page_reader, render_page
from kg.pages.representations import (
    HTML_AND_JSON,
    JSON,
    PAGE_REPRESENTATIONS,
    choose_representation,
    make_page_response,
)
from sparqlhost.protocol.endpoint_table import Endpoint, EndpointParameter, route

blueprint = Blueprint("exports", __name__)

_NAME_PARAMETER = EndpointParameter("name", "the name of an export; GET /export lists them", location="path")
_ZIP_MEDIA_TYPE = "application/zip"
_FILE_MEDIA_TYPES = tuple(
    dict.fromkeys(
        media_type for export_format in EXPORT_FORMATS.values() for _, media_type in export_format.file_types
    )
)


@route(blueprint, Endpoint("/export", "Complete downloads", formats=HTML_AND_JSON))
def list_exports() -> Response:
    """Answer the list of exports, with the address of each file."""
    representation = choose_representation(representations=PAGE_REPRESENTATIONS, default=JSON)
    view = exports_page()
    return make_page_response(
        representation, view, lambda: render_page("exports/page.html", view, title="Exports")
    )


@route(
    blueprint,
    Endpoint(
        "/export/<name>",
        "One export: its file, or a zip archive of its files",
        parameters=(_NAME_PARAMETER,),
        formats=(*_FILE_MEDIA_TYPES, _ZIP_MEDIA_TYPE),
    ),
)
def download_export(name: str) -> Response:
    """Answer an export: its one file, or a zip archive of its files."""
    name = name.removesuffix(".zip")
    files = _cached_files(name)
    if len(files) == 1:
        return _make_file_response(files[0])
    headers = {"Content-Disposition": f'attachment; filename="rrall-kg-{name}.zip"'}
    return Response(zip_files(files), content_type=_ZIP_MEDIA_TYPE, headers=headers)


@route(
    blueprint,
    Endpoint(
        "/export/<name>/<file>",
        "One file of an export",
        parameters=(_NAME_PARAMETER, EndpointParameter("file", "the name of the file", location="path")),
        formats=_FILE_MEDIA_TYPES,
    ),
)
def download_export_file(name: str, file: str) -> Response:
    """Answer one file of an export."""
    files = _cached_files(name)
    for each in files:
        if file in (each.name, each.name.removeprefix("rrall-kg_")):
            return _make_file_response(each)
    names = ", ".join(each.name for each in files)
    raise NotFound(f"The export {name} has no file {file!r}.", hint=f"Its files: {names}.")


@route(blueprint, Endpoint("/context.jsonld", "The JSON-LD context", formats=("application/ld+json",)))
def download_jsonld_context() -> Response:
    """Answer the JSON-LD context of the exports."""
    text = memoize_per_version(
        "jsonld-context", lambda: json.dumps(make_context(page_reader().store), indent=1)
    )
    return Response(text, content_type="application/ld+json")


def _cached_files(name: str) -> tuple[ExportFile, ...]:
    """Return the files of an export, made once for each version of the data; raises NotFound."""
    export_format = find_export_format(name)
    return memoize_per_version(
        f"export-{name}", lambda: export_format.make_files(page_reader().store, app_settings().root)
    )


def _make_file_response(file: ExportFile) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
    charset = "; charset=utf-8" if file.media_type.startswith("text/") else ""
    return Response(file.text, content_type=file.media_type + charset, headers=headers)
