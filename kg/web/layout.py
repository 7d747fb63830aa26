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

from kg.errors import KgError
from kg.settings import Settings
from kg.store.protocol import Store
from kg.views.reading import Reader
from kg.views.start import Document, documents, told_by

blueprint = Blueprint("layout", __name__)

_Value = TypeVar("_Value")

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


class Kept:
    """Values that are costly to make, kept by name for as long as the version of the data stays."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[str, Any]] = {}

    def get(self, name: str, version: str, make: Callable[[], _Value]) -> _Value:
        """Return the kept value, or make it anew for this version."""
        kept = self._values.get(name)
        if kept is None or kept[0] != version:
            kept = (version, make())
            self._values[name] = kept
        return cast("_Value", kept[1])


@blueprint.record_once
def _prepare(state: Any) -> None:
    """Give the application its own place for kept values; templates keep no blank lines."""
    state.app.extensions["kg_kept"] = Kept()
    state.app.jinja_env.trim_blocks = True
    state.app.jinja_env.lstrip_blocks = True
    state.app.jinja_env.filters["linked"] = linked


def settings() -> Settings:
    """Return the settings of the running application."""
    return cast("Settings", current_app.extensions["kg_settings"])


def reader() -> Reader:
    """Return the reader of page queries over the application's store."""
    store = cast("Store", current_app.extensions["kg_store"])
    return Reader(store, settings().root / "queries" / "pages")


def kept(name: str, make: Callable[[], _Value]) -> _Value:
    """Return a value kept for the present version of the data."""
    return cast("Kept", current_app.extensions["kg_kept"]).get(name, reader().store.version, make)


def asset(name: str) -> str:
    """Return the address of a static file with the hash of its content."""
    return f"/static/{name}?h={_hashes()[name]}"


def script(name: str) -> Markup:
    """Return the tag of a front-end bundle, or nothing where it is not built: pages work without."""
    file = _manifest().get(name)
    if file is None:
        return Markup("")
    return Markup('<script type="module" src="/static/dist/{}?h={}"></script>').format(
        file, _hashes().get(f"dist/{file}", "")
    )


def page(template: str, view: object, *, title: str, **more: Any) -> str:
    """Return the HTML of a page object."""
    return render_template(template, page=view, title=title, **more)


def linked(text: str) -> Markup:
    """Return a sentence with the addresses of our pages in it as links."""
    parts = re.split(r"(?<![\w.])(/[\w./-]+[\w/-])", text)
    return Markup("").join(
        Markup('<a href="{0}">{0}</a>').format(part) if position % 2 else part
        for position, part in enumerate(parts)
    )


def _hashes() -> Mapping[str, str]:
    """Return the first digits of the sha256 of every static file."""
    return cast("Kept", current_app.extensions["kg_kept"]).get("hashes", "", lambda: _hash_all(_static()))


def _manifest() -> Mapping[str, str]:
    return cast("Kept", current_app.extensions["kg_kept"]).get(
        "manifest", "", lambda: _read_manifest(_static())
    )


def _static() -> Path:
    return Path(current_app.static_folder or "")


def _hash_all(folder: Path) -> dict[str, str]:
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
def _shared() -> dict[str, Any]:
    """Give every template what the frame of a page needs."""
    return {
        "asset": asset,
        "script": script,
        "navigation": [
            NavigationItem(label, href, request.path == href or request.path.startswith(href + "/"))
            for label, href in _NAVIGATION
        ],
        "data_version": reader().store.version,
        "told_by": sources(),
        "several_documents": _several_documents(),
    }


def sources() -> str:
    """Return which texts speak on the pages; a store that cannot be asked has its own page to say so."""
    try:
        return told_by(_documents())
    except KgError:
        return "the source text says"


def _several_documents() -> bool:
    """Say whether statements must name their document; where the store cannot be asked, no page has any."""
    try:
        return len(_documents()) > 1
    except KgError:
        return False


def _documents() -> tuple[Document, ...]:
    """Return the source documents, read once a version of the data."""
    return kept("documents", lambda: documents(reader()))
