"""`/export/...` and `/context.jsonld`: the graph in the formats that other tools read."""

from __future__ import annotations

import json

from flask import Blueprint, Response

from kg.errors import NotFound
from kg.exports.export_formats import EXPORT_FORMATS, ExportFile, find_export_format, make_context, zip_files
from kg.pages.exports.view import exports_page
from kg.pages.rendering import (
    HTML_AND_JSON,
    JSON,
    answer_page,
    app_settings,
    memoize_per_version,
    page_reader,
)
from sparqlhost.protocol.endpoint_table import Endpoint, EndpointParameter, route

blueprint = Blueprint("exports", __name__)

_NAME_PARAMETER = EndpointParameter("name", "the name of an export; GET /export lists them", location="path")
_ZIP_MEDIA_TYPE = "application/zip"
_FILE_MEDIA_TYPES = tuple(dict.fromkeys(t for row in EXPORT_FORMATS.values() for _, t in row.file_types))


@route(blueprint, Endpoint("/export", "Complete downloads", formats=HTML_AND_JSON))
def list_exports() -> Response:
    """Answer the list of exports, with the address of each file."""
    return answer_page("exports/page.html", exports_page(), title="Exports", default=JSON)


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
    files = {each.name: each for each in _cached_files(name)}
    if chosen := files.get(file) or files.get(f"rrall-kg_{file}"):
        return _make_file_response(chosen)
    raise NotFound(f"The export {name} has no file {file!r}.", hint=f"Its files: {', '.join(files)}.")


@route(blueprint, Endpoint("/context.jsonld", "The JSON-LD context", formats=("application/ld+json",)))
def download_jsonld_context() -> Response:
    """Answer the JSON-LD context of the exports."""
    context = memoize_per_version("jsonld-context", lambda: make_context(page_reader().store))
    return Response(json.dumps(context), content_type="application/ld+json")


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
