"""The names of imported vocabularies that a text prints."""

from __future__ import annotations

import re
from collections import defaultdict

from kg.linking.name_similarity import normalize_name
from kg.linking.workbench import open_workbench
from kg.settings import Settings
from kg.texts.lexicon import fold_phrase

_WORD = re.compile(r"[^\W_]+(?:[-'\u2019][^\W_]+)*")
_MAX_WORDS = 5
_MIN_LETTERS = 5  # shorter ones are mostly common words and abbreviations of something else
_KINDS = frozenset({"label", "exact synonym"})


def find_printed_names(settings: Settings, text: str) -> dict[str, tuple[str, ...]]:
    """Return the phrases of a text that are names in indexed imports, folded, each with its terms' CURIEs."""
    if not settings.locate_import_store().is_dir():
        return {}
    workbench = open_workbench(settings, build_indexes=False, required=False)
    found: dict[str, set[str]] = defaultdict(set)
    for line in text.splitlines():
        words = list(_WORD.finditer(line))
        for first in range(len(words)):
            for last in words[first : first + _MAX_WORDS]:
                phrase = line[words[first].start() : last.end()]
                if len(phrase) >= _MIN_LETTERS and fold_phrase(phrase) not in found:
                    for index in workbench.indexes:
                        names = index.find_equal(normalize_name(phrase))
                        terms = {workbench.curies(name.iri) for name in names if name.kind in _KINDS}
                        if terms:
                            found[fold_phrase(phrase)] |= terms
    return {phrase: tuple(sorted(terms)) for phrase, terms in found.items()}
