"""One spelling for each outside prefix: `SCTID:`, `SNOMEDCT_US_2025_09_01:` and `snomedct:` are one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from curies import Converter, Record

from kg.errors import BadData, NotFound

_CURIE = re.compile(r"\s*([^\s:]+?)\s*:\s*(\S+)\s*\Z")
_VERSION = re.compile(r"[_ ](\d{4}[_-]\d{2}[_-]\d{2}|\d{4})\Z")  # SNOMEDCT_US_2025_09_01, NCI2004 styles
#: at most so many vocabularies are offered for an identifier without a prefix.
_FEW = 4
_IRI = re.compile(r"https?://\S+\Z")


@dataclass(frozen=True, slots=True, order=True)
class Curie:
    """An outside identifier in its one spelling: `str(curie)` is `rxnorm:282388`."""

    prefix: str
    identifier: str

    def __str__(self) -> str:
        """Return `prefix:identifier`."""
        return f"{self.prefix}:{self.identifier}"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """An outside vocabulary: prefix, other names, identifier pattern, IRI prefix, page address.

    `levels` are the lengths of its codes at each level, where a code spells its parents.
    """

    prefix: str
    name: str
    names: tuple[str, ...]
    pattern: str
    iri: str
    page: str
    levels: tuple[int, ...] = ()


class Prefixes:
    """The outside vocabularies; turns any spelling of an identifier into the one spelling, an IRI, a page."""

    __slots__ = ("_by_name", "_converter", "vocabularies")

    def __init__(self, vocabularies: Iterable[Vocabulary]) -> None:
        """Index `vocabularies`; raises BadData when two claim one name."""
        self.vocabularies = {v.prefix: v for v in vocabularies}
        self._by_name: dict[str, Vocabulary] = {}
        for vocabulary in self.vocabularies.values():
            for name in self.names(vocabulary):
                if name in self._by_name:
                    raise BadData(f"The prefix {name!r} is claimed by two vocabularies.")
                self._by_name[name] = vocabulary
        self._converter = Converter(
            [Record(prefix=v.prefix, uri_prefix=v.iri, pattern=v.pattern) for v in self.vocabularies.values()]
        )

    def parse(self, text: str) -> Curie:
        """Return the identifier written as `text`, a CURIE of any known spelling or an IRI.

        Raises BadData when `text` is malformed, NotFound when its prefix is unknown.
        """
        if _IRI.match(text.strip()):
            return self._from_iri(text.strip())
        match = _CURIE.match(text)
        if match is None:
            raise BadData(f"{text!r} is not an identifier.", todo=self._prefixed(text.strip()))
        vocabulary = self._vocabulary(match[1])
        return Curie(vocabulary.prefix, _checked(vocabulary, match[2]))

    def iri(self, curie: Curie) -> str:
        """Return the IRI the term has in RDF."""
        return self.vocabularies[curie.prefix].iri + curie.identifier

    def page(self, curie: Curie) -> str:
        """Return the address of the page a reader can open."""
        page = self.vocabularies[curie.prefix].page
        return page.replace("{id}", curie.identifier) if page else self.iri(curie)

    @staticmethod
    def names(vocabulary: Vocabulary) -> frozenset[str]:
        """Return the names of a vocabulary's prefix, without case, blanks, `_` and `-`."""
        return frozenset(_fold(name) for name in (vocabulary.prefix, *vocabulary.names))

    def _prefixed(self, bare: str) -> str:
        """Return how an identifier is written, shown with `bare` where few vocabularies would have it."""
        fits = [v.prefix for v in self.vocabularies.values() if re.fullmatch(v.pattern, bare)]
        shown = [f"{prefix}:{bare}" for prefix in sorted(fits, key=str.lower)] if len(fits) <= _FEW else []
        return f"Write prefix:identifier, as in {' or '.join(shown or ['MONDO:0004967'])}."

    def _from_iri(self, iri: str) -> Curie:
        """Return the identifier whose RDF IRI is `iri`."""
        found = self._converter.parse_uri(iri)
        if found is None:
            raise NotFound(f"No known vocabulary has the IRI {iri}.", todo="Write prefix:identifier instead.")
        return Curie(found.prefix, found.identifier)

    def _vocabulary(self, name: str) -> Vocabulary:
        """Return the vocabulary called `name`; raises NotFound with near names."""
        for folded in (_fold(name), _fold(_VERSION.sub("", name))):
            if folded in self._by_name:
                return self._by_name[folded]
        near = get_close_matches(_fold(name), self._by_name, n=3, cutoff=0.75)
        slips = ", ".join(sorted({self._by_name[n].prefix for n in near}, key=str.lower))
        known = ", ".join(sorted(self.vocabularies, key=str.lower))
        raise NotFound(
            f"The prefix {name!r} is unknown: the graph has no links to a vocabulary of that name.",
            todo=(f"Near it: {slips}. " if slips else "") + f"It links to: {known}.",
        )


def parse_vocabularies(text: str, where: str = "") -> tuple[Vocabulary, ...]:
    """Return the vocabularies of a prefix table (TSV; lines that start with # are notes)."""
    found: list[Vocabulary] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#") or line.startswith("prefix\t"):
            continue
        cells = line.split("\t")
        if len(cells) != 7:
            raise BadData(
                "A prefix row has not seven cells.", where=where, line=number, todo="Separate them by tabs."
            )
        prefix, name, names, pattern, iri, page, levels = cells
        lengths = tuple(int(level) for level in levels.split())
        found.append(Vocabulary(prefix, name, tuple(names.split()), pattern, iri, page, lengths))
    return tuple(found)


def _fold(name: str) -> str:
    """Return `name` without case, blanks, `_` and `-`."""
    return re.sub(r"[\s_-]", "", name).casefold()


def _checked(vocabulary: Vocabulary, identifier: str) -> str:
    """Return `identifier` in the case its vocabulary writes; raises BadData when it fits no pattern."""
    banana = re.compile(rf"(?i:{re.escape(vocabulary.prefix)})[:_]")  # CHEBI:CHEBI:15365, MESH:MESH_D1
    bare = banana.sub("", identifier, count=1)
    for written in (bare, bare.upper()):
        if re.fullmatch(vocabulary.pattern, written):
            return written
    raise BadData(
        f"{identifier!r} is not an identifier of {vocabulary.name}.",
        todo=f"Its identifiers match {vocabulary.pattern}.",
    )
