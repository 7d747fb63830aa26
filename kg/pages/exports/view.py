"""The page of exports: what can be downloaded whole, and each file's address."""

from __future__ import annotations

from dataclasses import dataclass

from kg.exports.export_formats import EXPORT_DESCRIPTIONS, EXPORT_FILES


@dataclass(frozen=True, slots=True)
class ExportFileLink:
    """A file of an export and its address."""

    name: str
    href: str


@dataclass(frozen=True, slots=True)
class ExportLink:
    """An export: what it is, its address, and its files."""

    name: str
    about: str
    href: str
    files: tuple[ExportFileLink, ...]


@dataclass(frozen=True, slots=True)
class ExportsPage:
    """Everything the page of exports shows; its JSON has the same fields."""

    offers: tuple[ExportLink, ...]


def exports_page() -> ExportsPage:
    """Return the page of the exports."""
    return ExportsPage(
        tuple(
            ExportLink(
                name,
                EXPORT_DESCRIPTIONS[name],
                f"/export/{name}",
                tuple(_file_link(name, file) for file, _ in files),
            )
            for name, files in EXPORT_FILES.items()
        )
    )


def _file_link(name: str, file: str) -> ExportFileLink:
    """Return the link to a file of the export `name`."""
    return ExportFileLink(file, f"/export/{name}/{file}")
