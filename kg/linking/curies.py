"""The one spelling of outside identifiers, whatever a file writes."""

from __future__ import annotations

from urllib.parse import urlsplit

from kg.errors import KgError, NotFound
from kg.mappings.prefixes import Prefixes
from kg.namespaces import OBO


class Curies:
    """The one spelling of outside identifiers and IRIs; those of unknown vocabularies stay as they are."""

    def __init__(self, prefixes: Prefixes) -> None:
        """Use the vocabularies of `prefixes`."""
        self._prefixes = prefixes
        self._unknown: set[str] = set()

    def __call__(self, spelling: str) -> str:
        """Return the CURIE of an IRI or a CURIE in any spelling."""
        purl = self._purl(spelling)
        for form in (spelling, purl) if purl else (spelling,):
            prefix = form.rpartition("/")[0] or form.partition(":")[0]
            if prefix in self._unknown:
                continue
            try:
                return str(self._prefixes.parse(form))
            except NotFound:
                self._unknown.add(prefix)
            except KgError:
                continue
        return self._by_host(spelling) or purl or spelling

    def iri(self, curie: str) -> str:
        """Return the IRI of a CURIE, or the text itself when its vocabulary is not known."""
        try:
            return self._prefixes.iri(self._prefixes.parse(curie))
        except KgError:
            return curie

    def _by_host(self, iri: str) -> str:
        """Return the CURIE of a page's address where a part of it names the vocabulary, else nothing."""
        parts = urlsplit(iri)
        if not parts.hostname:
            return ""
        *path, local = parts.path.split("/")
        for name in (*parts.hostname.split("."), *path):
            if name and name not in self._unknown:
                try:
                    return str(self._prefixes.parse(f"{name}:{local}"))
                except NotFound:
                    self._unknown.add(name)
                except KgError:
                    continue
        return ""

    def _purl(self, iri: str) -> str:
        """Return `PREFIX:local` of an OBO Foundry IRI, else nothing."""
        prefix, underscore, local = iri.removeprefix(OBO).partition("_")
        return f"{prefix}:{local}" if iri.startswith(OBO) and underscore else ""
