"""`/export/...` and `/context.jsonld`: the graph in the formats other tools take."""

from __future__ import annotations

import json

from flask import Blueprint, Response

from kg.errors import NotFound
from kg.exports.export_formats import EXPORT_WRITERS, ExportFile, make_export_files, zip_files
from kg.exports.jsonld import make_context
from kg.pages.exports.view import exports_page
from kg.pages.layout import app_settings, memoize_per_version, page_reader, render_page
from kg.pages.representations import PAGE_REPRESENTATIONS, choose_representation, make_page_response

blueprint = Blueprint("exports", __name__)


@blueprint.get("/export")
def list_exports() -> Response:
    """Answer the exports there are, with the address of each file."""
    form = choose_representation(representations=(PAGE_REPRESENTATIONS[-1], *PAGE_REPRESENTATIONS[:-1]))
    view = exports_page()
    return make_page_response(form, view, lambda: render_page("exports.html", view, title="Exports"), tuple)


@blueprint.get("/export/<name>")
def download_export(name: str) -> Response:
    """Answer an export: its one file, or a zip archive of its files."""
    files = _cached_files(name.removesuffix(".zip"))
    if len(files) == 1:
        return _file_response(files[0])
    headers = {"Content-Disposition": f'attachment; filename="rrall-kg-{name.removesuffix(".zip")}.zip"'}
    return Response(zip_files(files), content_type="application/zip", headers=headers)


@blueprint.get("/export/<name>/<file>")
def download_export_file(name: str, file: str) -> Response:
    """Answer one file of an export."""
    files = _cached_files(name)
    for found in files:
        if file in (found.name, found.name.removeprefix("rrall-kg_")):
            return _file_response(found)
    names = ", ".join(f.name for f in files)
    raise NotFound(f"The export {name} has no file {file!r}.", hint=f"Its files: {names}.")


@blueprint.get("/context.jsonld")
def download_jsonld_context() -> Response:
    """Answer the JSON-LD context of the exports."""
    text = memoize_per_version(
        "jsonld-context", lambda: json.dumps(make_context(page_reader().store), indent=1)
    )
    return Response(text, content_type="application/ld+json")


def _cached_files(name: str) -> tuple[ExportFile, ...]:
    """Return the files of an export, made once for a version of the data."""
    if name not in EXPORT_WRITERS:
        return make_export_files(name, page_reader().store, app_settings().root)
    return memoize_per_version(
        f"export-{name}", lambda: make_export_files(name, page_reader().store, app_settings().root)
    )


def _file_response(file: ExportFile) -> Response:
    """Return a file as a download."""
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
    kind = f"{file.media_type}; charset=utf-8" if file.media_type.startswith("text/") else file.media_type
    return Response(file.text, content_type=kind, headers=headers)
