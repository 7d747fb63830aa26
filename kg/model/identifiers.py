"""Outside identifiers and their normal spelling: `SCTID:1`, `SNOMEDCT_US_2025_09_01:1`, `snomedct:1` are one.

`PrefixTable` is strict: it knows the vocabularies of data/mappings/prefixes.tsv and raises for all others.
`CurieNormalizer` is for files with any identifiers: what it does not know it returns as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from curies import Converter, Record

from kg.errors import BadData, NotFound, UserError
from kg.model.code_spellings import NO_SPELLINGS, CodeSpellings
from kg.model.term_names import find_similar_names
from kg.namespaces import OBO, expand_curie

#: a prefix may have blanks inside (SNOMED CT:91857003); without a colon the last blank divides
_CURIE = re.compile(r"\s*([^:|]+?)\s*:\s*(\S+)\s*\Z")
_SPACED_CODE = re.compile(r"\s*(\D[^:|]*?)\s+(\S*\d\S*)\s*\Z")
#: FHIR's `system|code`, or `system|version|code`; a system is a URI, an OID or a prefix
_SYSTEM_AND_CODE = re.compile(r"\s*([^|]+?)\s*\|(?:[^|]*\|)?\s*([^|\s]+)\s*\Z")
#: the release in a prefix, as UMLS writes it: SNOMEDCT_US_2025_09_01, ICD10CM_2025
_VERSION_SUFFIX = re.compile(r"[_ ](\d{4}[_-]\d{2}[_-]\d{2}|\d{4})\Z")
#: for an identifier without a prefix, vocabularies are suggested only if no more than these fit it
_MAX_SUGGESTIONS = 4
_HTTP_IRI = re.compile(r"https?://\S+\Z")


@dataclass(frozen=True, slots=True, order=True)
class Curie:
    """An outside identifier in its normal spelling; `str(curie)` is `rxnorm:282388`."""

    prefix: str
    identifier: str

    def __str__(self) -> str:
        """Return `prefix:identifier`."""
        return f"{self.prefix}:{self.identifier}"


@dataclass(frozen=True, slots=True)
class OutsideVocabulary:
    """A row of the prefix table: names, identifier pattern, IRI prefix and page address (with `{id}`, or "").

    `level_lengths` are the lengths of a code's ancestors, for codes that contain them (ATC: 1, 3, 4, 5
    letters).
    """

    prefix: str
    name: str
    prefix_synonyms: tuple[str, ...]
    pattern: str
    iri_prefix: str
    page_template: str
    level_lengths: tuple[int, ...] = ()


class PrefixTable:
    """The known outside vocabularies: from any spelling of an identifier to its CURIE, IRI and page."""

    __slots__ = ("_by_name", "_by_spelling", "_converter", "_spellings", "vocabularies")

    def __init__(
        self, vocabularies: Iterable[OutsideVocabulary], spellings: CodeSpellings = NO_SPELLINGS
    ) -> None:
        """Index `vocabularies` by all their names; raises BadData when two have a name in common."""
        self._spellings = spellings
        self._by_spelling: dict[str, OutsideVocabulary] = {}
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
        """Return the identifier of a CURIE in any known spelling, of an IRI, or of FHIR's `system|code`.

        Raises BadData when `text` is malformed or has several readings, NotFound when its prefix is unknown.
        """
        readings = self.read_code(text)
        if len(readings) > 1:
            raise BadData(
                f"{text!r} is ambiguous: it may be {' or '.join(map(str, readings))}.",
                hint="Write it with hyphens, or ask for each; kg ask for-codes answers all readings.",
            )
        return readings[0]

    def read_code(self, text: str, system: str = "") -> tuple[Curie, ...]:
        """Return every reading of a code as people write it; `system` names the system of a bare code.

        A system is a prefix in any spelling, a URI or an OID. Raises BadData for what is not a code of its
        system, NotFound for an unknown system.
        """
        name, code = self._split_code(text, system)
        if not name:
            return (self._parse_iri(code),)
        vocabulary = self._by_spelling.get(name)
        if vocabulary is None:
            vocabulary = self._by_spelling[name] = self._find_vocabulary(name)
        bare = _strip_own_prefix(vocabulary, code)
        spelled = self._spellings.spell(vocabulary.prefix, bare)
        if not spelled:
            return (Curie(vocabulary.prefix, _normalize_identifier(vocabulary, bare)),)
        return tuple(Curie(vocabulary.prefix, _normalize_identifier(vocabulary, form)) for form in spelled)

    def _split_code(self, text: str, system: str) -> tuple[str, str]:
        """Return the name of the code system and the code; the name is "" for an IRI. Raises BadData."""
        if found := _SYSTEM_AND_CODE.match(text):
            return found[1], found[2]
        if _HTTP_IRI.match(text.strip()):
            return "", text.strip()
        match = _CURIE.match(text) or _SPACED_CODE.match(text)
        if system and not (match and _fold_prefix(match[1]) in self._by_name):
            return system, "".join(text.split())
        if match is None or (":" not in text and _fold_prefix(match[1]) not in self._by_name):
            raise BadData(f"{text!r} is not an identifier.", hint=self._suggest_spelling(text.strip()))
        return match[1], match[2]

    def expand_curie(self, curie: Curie) -> str:
        """Return the IRI of the term in RDF."""
        return self.vocabularies[curie.prefix].iri_prefix + curie.identifier

    def match_iri(self, iri: str) -> Curie | None:
        """Return the identifier of an RDF IRI, None when no vocabulary has its prefix."""
        reference = self._converter.parse_uri(iri)
        return Curie(reference.prefix, reference.identifier) if reference else None

    def list_codes_between(self, above: Curie, iri: str) -> tuple[str, ...]:
        """Return the IRIs of the codes from `above` down to that of `iri`; none if it is not below.

        Only for vocabularies whose codes contain the codes above them; `above` may be a range (C00-D49).
        """
        below, vocabulary = self.match_iri(iri), self.vocabularies[above.prefix]
        if below is None or below.prefix != above.prefix or below == above or not vocabulary.level_lengths:
            return ()
        codes = list_codes_between(above.identifier, below.identifier, vocabulary.level_lengths)
        return tuple(vocabulary.iri_prefix + code for code in codes)

    def find_iri(self, text: str) -> str:
        """Return the IRI of a CURIE in any known spelling, "" for any other text."""
        try:
            return self.expand_curie(self.parse_identifier(text))
        except UserError:
            return ""

    def expand_property(self, curie: str) -> str:
        """Return the IRI of a property named with a prefix of the project or of a vocabulary here."""
        prefix, _, local = curie.partition(":")
        known = self.vocabularies.get(prefix)
        return known.iri_prefix + local if known else expand_curie(curie)

    def get_page_address(self, curie: Curie) -> str:
        """Return the address of a web page about the term; its IRI where the vocabulary has none."""
        page = self.vocabularies[curie.prefix].page_template
        return page.replace("{id}", curie.identifier) if page else self.expand_curie(curie)

    @staticmethod
    def fold_prefix_names(vocabulary: OutsideVocabulary) -> frozenset[str]:
        """Return the prefix and its synonyms, without case, blanks, `_` and `-`."""
        return frozenset(_fold_prefix(name) for name in (vocabulary.prefix, *vocabulary.prefix_synonyms))

    def _suggest_spelling(self, bare: str) -> str:
        """Return how to write an identifier, with `bare` as the example if it fits few vocabularies."""
        fitting = [v.prefix for v in self.vocabularies.values() if re.fullmatch(v.pattern, bare)]
        examples = [f"{prefix}:{bare}" for prefix in sorted(fitting, key=str.lower)]
        if not 0 < len(examples) <= _MAX_SUGGESTIONS:
            examples = ["MONDO:0004967"]
        return f"Write prefix:identifier, as in {' or '.join(examples)}."

    def _parse_iri(self, iri: str) -> Curie:
        """Return the identifier of an RDF IRI; raises NotFound when no vocabulary has its prefix."""
        reference = self._converter.parse_uri(iri)
        if reference is None:
            raise NotFound(f"No known vocabulary has the IRI {iri}.", hint="Write prefix:identifier instead.")
        return Curie(reference.prefix, reference.identifier)

    def _find_vocabulary(self, name: str) -> OutsideVocabulary:
        """Return the vocabulary of a prefix; raises NotFound with similar prefixes."""
        if known := self.vocabularies.get(self._spellings.find_system(name)):
            return known
        for folded in (_fold_prefix(name), _fold_prefix(_VERSION_SUFFIX.sub("", name))):
            if folded in self._by_name:
                return self._by_name[folded]
        similar = find_similar_names(_fold_prefix(name), self._by_name)
        suggested = " or ".join(sorted({self._by_name[n].prefix for n in similar}, key=str.lower))
        names = ", ".join(sorted(self.vocabularies, key=str.lower))
        raise NotFound(
            f"The prefix {name!r} is unknown: no codes of a vocabulary of that name are read here.",
            hint=(f"Did you mean {suggested}? " if suggested else "") + f"Known: {names}.",
        )


def list_codes_between(above: str, code: str, levels: tuple[int, ...]) -> list[str]:
    """Return the codes from `above` (a code, or a range such as C00-D49) down to `code`; none if not below.

    `levels` are the lengths that codes of the vocabulary have: for ATC 1, 3, 4, 5 and 7 characters.
    """
    first, dash, last = above.partition("-")
    if dash:
        inside = first <= code[: len(first)] and code[: len(last)] <= last
        return (
            [above, *(code[:level] for level in levels if len(first) <= level <= len(code))] if inside else []
        )
    if len(above) not in levels or not code.startswith(above):
        return []
    return [code[:level] for level in levels if len(above) <= level <= len(code)]


def parse_vocabularies(text: str, file_name: str = "") -> tuple[OutsideVocabulary, ...]:
    """Return the vocabularies of a prefix table (TSV; lines that start with # are comments).

    Raises BadData with the line of a broken row.
    """
    vocabularies: list[OutsideVocabulary] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#") or line.startswith("prefix\t"):
            continue
        cells = line.split("\t")
        if len(cells) != 7:
            raise BadData(
                f"The row has {len(cells)} cells instead of seven.",
                location=file_name,
                line=number,
                hint="Separate them by tabs.",
            )
        prefix, name, names, pattern, iri, page, levels = cells
        lengths = tuple(int(level) for level in levels.split())
        vocabularies.append(
            OutsideVocabulary(prefix, name, tuple(names.split()), pattern, iri, page, lengths)
        )
    return tuple(vocabularies)


def _fold_prefix(name: str) -> str:
    """Return `name` without case, blanks, `_` and `-`."""
    return re.sub(r"[\s_-]", "", name).casefold()


def _strip_own_prefix(vocabulary: OutsideVocabulary, identifier: str) -> str:
    """Return `identifier` without the prefix that stands in it again: CHEBI:CHEBI:15365, MESH:MESH_D1.

    Bioregistry calls that a banana.
    """
    return re.sub(rf"(?i)^{re.escape(vocabulary.prefix)}[:_]", "", identifier, count=1)


def _normalize_identifier(vocabulary: OutsideVocabulary, identifier: str) -> str:
    """Return `identifier` in the case of its vocabulary; raises BadData when it does not fit the pattern."""
    for spelling in (identifier, identifier.upper()):
        if re.fullmatch(vocabulary.pattern, spelling):
            return spelling
    raise BadData(
        f"{identifier!r} is not an identifier of {vocabulary.name}.",
        hint=f"Its identifiers match {vocabulary.pattern}.",
    )


class CurieNormalizer:
    """Normal spellings of the identifiers in any file; those of unknown vocabularies stay as they are.

    Called for every term of an import, so prefixes that failed once are remembered in `_unknown`.
    """

    def __init__(self, prefixes: PrefixTable) -> None:
        self._prefixes = prefixes
        self._unknown: set[str] = set()

    def __call__(self, spelling: str) -> str:
        """Return the CURIE of an IRI, of a page's address or of a CURIE in any spelling."""
        purl = self._parse_obo_purl(spelling)
        for text in (spelling, purl):
            prefix = text.rpartition("/")[0] or text.partition(":")[0]
            if curie := self._try_prefix(prefix, text):
                return curie
        return self._parse_page_address(spelling) or purl or spelling

    def _try_prefix(self, prefix: str, text: str) -> str:
        """Return the CURIE of a text, "" when it has none; `prefix` is not tried again if it is unknown."""
        if not prefix or prefix in self._unknown:
            return ""
        try:
            return str(self._prefixes.parse_identifier(text))
        except NotFound:
            self._unknown.add(prefix)
        except UserError:
            pass  # a known vocabulary, but not one of its identifiers
        return ""

    def _parse_page_address(self, iri: str) -> str:
        """Return the CURIE of an address if a part of its host or path is a known prefix, else ""."""
        parts = urlsplit(iri)
        if not parts.hostname:
            return ""
        *path, local = parts.path.split("/")
        curies = (self._try_prefix(name, f"{name}:{local}") for name in (*parts.hostname.split("."), *path))
        return next(filter(None, curies), "")

    def _parse_obo_purl(self, iri: str) -> str:
        """Return `PREFIX:local` of an OBO Foundry IRI, else ""."""
        prefix, underscore, local = iri.removeprefix(OBO).partition("_")
        return f"{prefix}:{local}" if iri.startswith(OBO) and underscore else ""
