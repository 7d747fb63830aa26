"""One spelling for each outside prefix: `SCTID:`, `SNOMEDCT_US_2025_09_01:` and `snomedct:` are one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import urlsplit

from curies import Converter, Record

from kg.errors import BadData, NotFound, UserError
from kg.namespaces import OBO

_CURIE = re.compile(r"\s*([^\s:]+?)\s*:\s*(\S+)\s*\Z")
_VERSION_SUFFIX = re.compile(
    r"[_ ](\d{4}[_-]\d{2}[_-]\d{2}|\d{4})\Z"
)  # SNOMEDCT_US_2025_09_01, NCI2004 styles
#: at most so many vocabularies are offered for an identifier without a prefix.
_MAX_SUGGESTIONS = 4
_HTTP_IRI = re.compile(r"https?://\S+\Z")


@dataclass(frozen=True, slots=True, order=True)
class Curie:
    """An outside identifier in its one spelling: `str(curie)` is `rxnorm:282388`."""

    prefix: str
    identifier: str

    def __str__(self) -> str:
        """Return `prefix:identifier`."""
        return f"{self.prefix}:{self.identifier}"


@dataclass(frozen=True, slots=True)
class OutsideVocabulary:
    """An outside vocabulary: prefix, other names, identifier pattern, IRI prefix, page address.

    `levels` are the lengths of its codes at each level, where a code spells its parents.
    """

    prefix: str
    name: str
    prefix_synonyms: tuple[str, ...]
    pattern: str
    iri_prefix: str
    page_template: str
    level_lengths: tuple[int, ...] = ()


class PrefixTable:
    """The outside vocabularies; turns any spelling of an identifier into the one spelling, an IRI, a page."""

    __slots__ = ("_by_name", "_converter", "vocabularies")

    def __init__(self, vocabularies: Iterable[OutsideVocabulary]) -> None:
        """Index `vocabularies`; raises BadData when two claim one name."""
        self.vocabularies = {v.prefix: v for v in vocabularies}
        self._by_name: dict[str, OutsideVocabulary] = {}
        for vocabulary in self.vocabularies.values():
            for name in self.fold_prefix_names(vocabulary):
                if name in self._by_name:
                    raise BadData(f"The prefix {name!r} is claimed by two vocabularies.")
                self._by_name[name] = vocabulary
        self._converter = Converter(
            [
                Record(prefix=v.prefix, uri_prefix=v.iri_prefix, pattern=v.pattern)
                for v in self.vocabularies.values()
            ]
        )

    def parse_identifier(self, text: str) -> Curie:
        """Return the identifier written as `text`, a CURIE of any known spelling or an IRI.

        Raises BadData when `text` is malformed, NotFound when its prefix is unknown.
        """
        if _HTTP_IRI.match(text.strip()):
            return self._parse_iri(text.strip())
        match = _CURIE.match(text)
        if match is None:
            raise BadData(f"{text!r} is not an identifier.", hint=self._suggest_spelling(text.strip()))
        vocabulary = self._find_vocabulary(match[1])
        return Curie(vocabulary.prefix, _normalize_identifier(vocabulary, match[2]))

    def expand_curie(self, curie: Curie) -> str:
        """Return the IRI the term has in RDF."""
        return self.vocabularies[curie.prefix].iri_prefix + curie.identifier

    def get_page_address(self, curie: Curie) -> str:
        """Return the address of the page a reader can open."""
        page = self.vocabularies[curie.prefix].page_template
        return page.replace("{id}", curie.identifier) if page else self.expand_curie(curie)

    @staticmethod
    def fold_prefix_names(vocabulary: OutsideVocabulary) -> frozenset[str]:
        """Return the names of a vocabulary's prefix, without case, blanks, `_` and `-`."""
        return frozenset(_fold_prefix(name) for name in (vocabulary.prefix, *vocabulary.prefix_synonyms))

    def _suggest_spelling(self, bare: str) -> str:
        """Return how an identifier is written, shown with `bare` where few vocabularies would have it."""
        fits = [v.prefix for v in self.vocabularies.values() if re.fullmatch(v.pattern, bare)]
        shown = (
            [f"{prefix}:{bare}" for prefix in sorted(fits, key=str.lower)]
            if len(fits) <= _MAX_SUGGESTIONS
            else []
        )
        return f"Write prefix:identifier, as in {' or '.join(shown or ['MONDO:0004967'])}."

    def _parse_iri(self, iri: str) -> Curie:
        """Return the identifier whose RDF IRI is `iri`."""
        found = self._converter.parse_uri(iri)
        if found is None:
            raise NotFound(f"No known vocabulary has the IRI {iri}.", hint="Write prefix:identifier instead.")
        return Curie(found.prefix, found.identifier)

    def _find_vocabulary(self, name: str) -> OutsideVocabulary:
        """Return the vocabulary called `name`; raises NotFound with near names."""
        for folded in (_fold_prefix(name), _fold_prefix(_VERSION_SUFFIX.sub("", name))):
            if folded in self._by_name:
                return self._by_name[folded]
        near = get_close_matches(_fold_prefix(name), self._by_name, n=3, cutoff=0.75)
        slips = ", ".join(sorted({self._by_name[n].prefix for n in near}, key=str.lower))
        known = ", ".join(sorted(self.vocabularies, key=str.lower))
        raise NotFound(
            f"The prefix {name!r} is unknown: the graph has no links to a vocabulary of that name.",
            hint=(f"Near it: {slips}. " if slips else "") + f"It links to: {known}.",
        )


def parse_vocabularies(text: str, file_name: str = "") -> tuple[OutsideVocabulary, ...]:
    """Return the vocabularies of a prefix table (TSV; lines that start with # are notes)."""
    found: list[OutsideVocabulary] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#") or line.startswith("prefix\t"):
            continue
        cells = line.split("\t")
        if len(cells) != 7:
            raise BadData(
                "A prefix row has not seven cells.",
                location=file_name,
                line=number,
                hint="Separate them by tabs.",
            )
        prefix, name, names, pattern, iri, page, levels = cells
        lengths = tuple(int(level) for level in levels.split())
        found.append(OutsideVocabulary(prefix, name, tuple(names.split()), pattern, iri, page, lengths))
    return tuple(found)


def _fold_prefix(name: str) -> str:
    """Return `name` without case, blanks, `_` and `-`."""
    return re.sub(r"[\s_-]", "", name).casefold()


def _normalize_identifier(vocabulary: OutsideVocabulary, identifier: str) -> str:
    """Return `identifier` in the case its vocabulary writes; raises BadData when it fits no pattern."""
    banana = re.compile(rf"(?i:{re.escape(vocabulary.prefix)})[:_]")  # CHEBI:CHEBI:15365, MESH:MESH_D1
    bare = banana.sub("", identifier, count=1)
    for written in (bare, bare.upper()):
        if re.fullmatch(vocabulary.pattern, written):
            return written
    raise BadData(
        f"{identifier!r} is not an identifier of {vocabulary.name}.",
        hint=f"Its identifiers match {vocabulary.pattern}.",
    )


#: MERGED kg.linking.curies
#: MERGED The one spelling of outside identifiers, whatever a file writes.


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
