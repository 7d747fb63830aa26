"""The one spelling of outside identifiers, whatever a file writes."""

from __future__ import annotations

from urllib.parse import urlsplit

from kg.errors import NotFound, UserError
from kg.mappings.prefixes import PrefixTable
from kg.namespaces import OBO


class CurieNormalizer:
    """The one spelling of outside identifiers and IRIs; those of unknown vocabularies stay as they are."""

    def __init__(self, prefixes: PrefixTable) -> None:
        """Use the vocabularies of `prefixes`."""
        self._prefixes = prefixes
        self._unknown: set[str] = set()

    def __call__(self, spelling: str) -> str:
        """Return the CURIE of an IRI or a CURIE in any spelling."""
        purl = self._parse_obo_purl(spelling)
        for form in (spelling, purl) if purl else (spelling,):
            prefix = form.rpartition("/")[0] or form.partition(":")[0]
            if prefix in self._unknown:
                continue
            try:
                return str(self._prefixes.parse_identifier(form))
            except NotFound:
                self._unknown.add(prefix)
            except UserError:
                continue
        return self._parse_page_address(spelling) or purl or spelling

    def expand_curie(self, curie: str) -> str:
        """Return the IRI of a CURIE, or the text itself when its vocabulary is not known."""
        try:
            return self._prefixes.expand_curie(self._prefixes.parse_identifier(curie))
        except UserError:
            return curie

    def _parse_page_address(self, iri: str) -> str:
        """Return the CURIE of a page's address where a part of it names the vocabulary, else nothing."""
        parts = urlsplit(iri)
        if not parts.hostname:
            return ""
        *path, local = parts.path.split("/")
        for name in (*parts.hostname.split("."), *path):
            if name and name not in self._unknown:
                try:
                    return str(self._prefixes.parse_identifier(f"{name}:{local}"))
                except NotFound:
                    self._unknown.add(name)
                except UserError:
                    continue
        return ""

    def _parse_obo_purl(self, iri: str) -> str:
        """Return `PREFIX:local` of an OBO Foundry IRI, else nothing."""
        prefix, underscore, local = iri.removeprefix(OBO).partition("_")
        return f"{prefix}:{local}" if iri.startswith(OBO) and underscore else ""
