"""What every page shares: the reader over the store, assets with their hash, navigation, and rendering."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from flask import Blueprint, current_app, render_template, request
from markupsafe import Markup

from kg.errors import UserError
from kg.pages.page_queries import PageQueryReader
from kg.pages.start.view import DocumentSummary, attribute_to_documents, list_documents
from kg.settings import Settings
from sparqlhost.store.interface import Store

blueprint = Blueprint("layout", __name__)

_Memoized = TypeVar("_Memoized")

#: label and address of the main navigation
_NAVIGATION = (
    ("Questions", "/questions"),
    ("Case", "/case"),
    ("Source", "/source"),
    ("SPARQL", "/sparql"),
    ("Ontology", "/ont"),
    ("Mappings", "/mappings"),
    ("About", "/about"),
)


@dataclass(frozen=True, slots=True)
class NavigationItem:
    """A link of the main navigation; `current` on its own page."""

    label: str
    href: str
    current: bool


class VersionCache:
    """Values that are costly to make, kept by name for as long as the version of the data stays."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[str, Any]] = {}

    def get_or_make(self, name: str, version: str, make: Callable[[], _Memoized]) -> _Memoized:
        """Return the kept value, or make it anew for this version."""
        kept = self._values.get(name)
        if kept is None or kept[0] != version:
            kept = (version, make())
            self._values[name] = kept
        return cast("_Memoized", kept[1])


@blueprint.record_once
def _prepare_app(state: Any) -> None:
    """Give the application its own place for kept values; templates keep no blank lines."""
    state.app.extensions["kg_kept"] = VersionCache()
    state.app.jinja_env.trim_blocks = True
    state.app.jinja_env.lstrip_blocks = True
    state.app.jinja_env.filters["linked"] = link_addresses


def app_settings() -> Settings:
    """Return the settings of the running application."""
    return cast("Settings", current_app.extensions["kg_settings"])


def page_reader() -> PageQueryReader:
    """Return the reader of page queries over the application's store."""
    store = cast("Store", current_app.extensions["kg_store"])
    return PageQueryReader(store, app_settings().root / "queries" / "pages")


def memoize_per_version(name: str, make: Callable[[], _Memoized]) -> _Memoized:
    """Return a value kept for the present version of the data."""
    return cast("VersionCache", current_app.extensions["kg_kept"]).get_or_make(
        name, page_reader().store.version, make
    )


def asset_address(name: str) -> str:
    """Return the address of a static file with the hash of its content."""
    return f"/static/{name}?h={_asset_hashes()[name]}"


def script_tag(name: str) -> Markup:
    """Return the tag of a front-end bundle, or nothing where it is not built: pages work without."""
    file = _bundle_manifest().get(name)
    if file is None:
        return Markup("")
    return Markup('<script type="module" src="/static/dist/{}?h={}"></script>').format(
        file, _asset_hashes().get(f"dist/{file}", "")
    )


def render_page(template: str, view: object, *, title: str, **more: Any) -> str:
    """Return the HTML of a page object."""
    return render_template(template, page=view, title=title, **more)


def link_addresses(text: str) -> Markup:
    """Return a sentence with the addresses of our pages in it as links."""
    parts = re.split(r"(?<![\w.])(/[\w./-]+[\w/-])", text)
    return Markup("").join(
        Markup('<a href="{0}">{0}</a>').format(part) if position % 2 else part
        for position, part in enumerate(parts)
    )


def _asset_hashes() -> Mapping[str, str]:
    """Return the first digits of the sha256 of every static file."""
    return cast("VersionCache", current_app.extensions["kg_kept"]).get_or_make(
        "hashes", "", lambda: _hash_files(_static_folder())
    )


def _bundle_manifest() -> Mapping[str, str]:
    return cast("VersionCache", current_app.extensions["kg_kept"]).get_or_make(
        "manifest", "", lambda: _read_manifest(_static_folder())
    )


def _static_folder() -> Path:
    return Path(current_app.static_folder or "")


def _hash_files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        for path in folder.rglob("*")
        if path.is_file()
    }


def _read_manifest(folder: Path) -> dict[str, str]:
    """Return bundle name -> file name; no bundle when the front end is not built."""
    path = folder / "dist" / "manifest.json"
    if not path.is_file():
        return {}
    return {
        str(key): str(value).rpartition("/")[2] for key, value in json.loads(path.read_text("utf-8")).items()
    }


@blueprint.app_context_processor
def _template_context() -> dict[str, Any]:
    """Give every template what the frame of a page needs."""
    return {
        "asset": asset_address,
        "script": script_tag,
        "navigation": [
            NavigationItem(label, href, request.path == href or request.path.startswith(href + "/"))
            for label, href in _NAVIGATION
        ],
        "data_version": page_reader().store.version,
        "told_by": current_attribution(),
        "several_documents": _has_several_documents(),
    }


def current_attribution() -> str:
    """Return which texts speak on the pages; a store that cannot be asked has its own page to say so."""
    try:
        return attribute_to_documents(_cached_documents())
    except UserError:
        return "the source text says"


def _has_several_documents() -> bool:
    """Say whether statements must name their document; where the store cannot be asked, no page has any."""
    try:
        return len(_cached_documents()) > 1
    except UserError:
        return False


def _cached_documents() -> tuple[DocumentSummary, ...]:
    """Return the source documents, read once a version of the data."""
    return memoize_per_version("documents", lambda: list_documents(page_reader()))
