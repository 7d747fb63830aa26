"""`/export/...` and `/context.jsonld`: the graph in the formats other tools take."""

from __future__ import annotations

import json

from flask import Blueprint, Response

from kg.errors import NotFound
from kg.exports.jsonld import context
from kg.exports.offers import EXPORTS, ExportFile, archive, export_files
from kg.views.exports import exports_page
from kg.web.content import PAGES, negotiate, respond
from kg.web.layout import kept, page, reader, settings

blueprint = Blueprint("exports", __name__)


@blueprint.get("/export")
def exports() -> Response:
    """Answer the exports there are, with the address of each file."""
    form = negotiate(offers=(PAGES[-1], *PAGES[:-1]))
    view = exports_page()
    return respond(form, view, lambda: page("exports.html", view, title="Exports"), tuple)


@blueprint.get("/export/<name>")
def whole(name: str) -> Response:
    """Answer an export: its one file, or a zip archive of its files."""
    files = _files(name.removesuffix(".zip"))
    if len(files) == 1:
        return _sent(files[0])
    headers = {"Content-Disposition": f'attachment; filename="rrall-kg-{name.removesuffix(".zip")}.zip"'}
    return Response(archive(files), content_type="application/zip", headers=headers)


@blueprint.get("/export/<name>/<file>")
def part(name: str, file: str) -> Response:
    """Answer one file of an export."""
    files = _files(name)
    for found in files:
        if file in (found.name, found.name.removeprefix("rrall-kg_")):
            return _sent(found)
    names = ", ".join(f.name for f in files)
    raise NotFound(f"The export {name} has no file {file!r}.", todo=f"Its files: {names}.")


@blueprint.get("/context.jsonld")
def json_ld_context() -> Response:
    """Answer the JSON-LD context of the exports."""
    text = kept("jsonld-context", lambda: json.dumps(context(reader().store), indent=1))
    return Response(text, content_type="application/ld+json")


def _files(name: str) -> tuple[ExportFile, ...]:
    """Return the files of an export, made once for a version of the data."""
    if name not in EXPORTS:
        return export_files(name, reader().store, settings().root)
    return kept(f"export-{name}", lambda: export_files(name, reader().store, settings().root))


def _sent(file: ExportFile) -> Response:
    """Return a file as a download."""
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
    kind = f"{file.media}; charset=utf-8" if file.media.startswith("text/") else file.media
    return Response(file.text, content_type=kind, headers=headers)
