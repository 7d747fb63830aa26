"""What every page shares: the reader over the store, assets with their hashes, navigation, and rendering."""

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
from kg.namespaces import get_local_name
from kg.pages.page_queries import PageQueryReader
from kg.pages.start.view import DocumentSummary, attribute_to_documents, list_documents, name_source_texts
from kg.settings import Settings
from sparqlhost.protocol.app_context import get_settings, get_store

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
    """Values that are costly to make, kept by name until the version of the data changes."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[str, Any]] = {}

    def get_or_make(self, name: str, version: str, make: Callable[[], _Memoized]) -> _Memoized:
        """Return the kept value of this version, or make and keep it."""
        entry = self._values.get(name)
        if entry is None or entry[0] != version:
            entry = (version, make())
            self._values[name] = entry
        return cast("_Memoized", entry[1])


@blueprint.record_once
def _prepare_app(state: Any) -> None:
    """Give the application its cache of values and its filters; block tags leave no blank lines."""
    state.app.extensions["version_cache"] = VersionCache()
    state.app.jinja_env.trim_blocks = True
    state.app.jinja_env.lstrip_blocks = True
    state.app.jinja_env.filters["link_addresses"] = link_addresses
    state.app.jinja_env.filters["local_name"] = get_local_name


def app_settings() -> Settings:
    """Return the settings of the running application."""
    return cast("Settings", get_settings())


def page_reader() -> PageQueryReader:
    """Return the reader of page queries over the application's store."""
    store = get_store()
    return PageQueryReader.from_root(store, app_settings().root)


def memoize_per_version(name: str, make: Callable[[], _Memoized]) -> _Memoized:
    """Return the value kept for the current version of the data, made by `make` where there is none."""
    return cast("VersionCache", current_app.extensions["version_cache"]).get_or_make(
        name, page_reader().store.version, make
    )


def asset_address(name: str) -> str:
    """Return the address of a static file with the hash of its content."""
    return f"/static/{name}?h={_asset_hashes()[name]}"


def script_tag(name: str) -> Markup:
    """Return the tag of a front-end bundle; nothing where it is not built, for pages work without scripts."""
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
    """Return a sentence in which the addresses of pages are links."""
    parts = re.split(r"(?<![\w.])(/[\w./-]+[\w/-])", text)
    return Markup("").join(
        Markup('<a href="{0}">{0}</a>').format(part) if position % 2 else part
        for position, part in enumerate(parts)
    )


def _asset_hashes() -> Mapping[str, str]:
    """Return the first digits of the sha256 of every static file."""
    return cast("VersionCache", current_app.extensions["version_cache"]).get_or_make(
        "hashes", "", lambda: _hash_files(_static_folder())
    )


def _bundle_manifest() -> Mapping[str, str]:
    return cast("VersionCache", current_app.extensions["version_cache"]).get_or_make(
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
    """Return the variables of every template: what the frame of a page needs."""
    documents = _cached_documents()
    return {
        "asset": asset_address,
        "script": script_tag,
        "navigation": [
            NavigationItem(label, href, request.path == href or request.path.startswith(href + "/"))
            for label, href in _NAVIGATION
        ],
        "data_version": page_reader().store.version,
        "attribution": current_attribution(),
        "source_texts": name_source_texts([document.revised for document in documents]),
        "several_documents": len(documents) > 1,
    }


def current_attribution() -> str:
    """Return the clause that names the sources, such as "one text ..., says"."""
    return attribute_to_documents(_cached_documents())


def _cached_documents() -> tuple[DocumentSummary, ...]:
    """Return the source documents, read once per version of the data.

    Empty where the store cannot be asked: that error has a page of its own, which this must not break.
    """
    try:
        return memoize_per_version("documents", lambda: list_documents(page_reader()))
    except UserError:
        return ()
