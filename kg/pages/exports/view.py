"""The page of exports: the complete downloads, each with the addresses of its files."""

from __future__ import annotations

from dataclasses import dataclass

from kg.exports.export_formats import EXPORT_FORMATS


@dataclass(frozen=True, slots=True)
class ExportFileLink:
    """A file of an export and its address."""

    name: str
    href: str


@dataclass(frozen=True, slots=True)
class ExportLink:
    """An export: its name, a sentence about it, its address, and its files."""

    name: str
    about: str
    href: str
    files: tuple[ExportFileLink, ...]


@dataclass(frozen=True, slots=True)
class ExportsPage:
    """Everything the page of exports shows; its JSON has the same fields."""

    offers: tuple[ExportLink, ...]


def exports_page() -> ExportsPage:
    """Return the page of exports."""
    offers = []
    for name, row in EXPORT_FORMATS.items():
        files = tuple(ExportFileLink(file, f"/export/{name}/{file}") for file, _ in row.file_types)
        offers.append(ExportLink(name, row.summary, f"/export/{name}", files))
    return ExportsPage(tuple(offers))
