"""The page of exports: what can be downloaded whole, and each file's address."""

from __future__ import annotations

from dataclasses import dataclass

from kg.exports.offers import ABOUT, FILES


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


def exports_page() -> ExportsPage:
    """Return the page of the exports."""
    return ExportsPage(
        tuple(
            Offer(name, ABOUT[name], f"/export/{name}", tuple(_link(name, file) for file, _ in files))
            for name, files in FILES.items()
        )
    )


def _link(name: str, file: str) -> FileLink:
    """Return the link to a file of the export `name`."""
    return FileLink(file, f"/export/{name}/{file}")
