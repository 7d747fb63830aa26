"""The page of exports: what can be downloaded whole, and each file's address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kg.exports.offers import ABOUT, ExportFile


@dataclass(frozen=True, slots=True)
class FileLink:
    """A file of an export and its address."""

    name: str
    href: str


@dataclass(frozen=True, slots=True)
class Offer:
    """An export: what it is, its address, and its files."""

    name: str
    about: str
    href: str
    files: tuple[FileLink, ...]


@dataclass(frozen=True, slots=True)
class ExportsPage:
    """Everything the page of exports shows; its JSON has the same fields."""

    offers: tuple[Offer, ...]


def exports_page(files: Mapping[str, tuple[ExportFile, ...]]) -> ExportsPage:
    """Return the page of the exports whose `files` are given by name."""
    return ExportsPage(
        tuple(
            Offer(name, ABOUT[name], f"/export/{name}", tuple(_link(name, file) for file in found))
            for name, found in files.items()
        )
    )


def _link(name: str, file: ExportFile) -> FileLink:
    """Return the link to a file of the export `name`."""
    return FileLink(file.name, f"/export/{name}/{file.name}")
