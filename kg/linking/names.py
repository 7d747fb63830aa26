"""When two names are one: case, accents, punctuation, spelling, plurals and word order put aside."""

from __future__ import annotations

import re
import unicodedata

_NON_ALPHANUMERIC = re.compile(r"[^a-z0-9]+")
#: Greek letters as names spell them out.
_GREEK_NAMES = {
    unicodedata.lookup(f"GREEK SMALL LETTER {'LAMDA' if name == 'lambda' else name.upper()}"): name
    for name in ("alpha", "beta", "gamma", "delta", "epsilon", "kappa", "lambda", "omega")
}
_GREEK_LETTER = re.compile("|".join(_GREEK_NAMES))
#: British spelling -> American, as both occur in the vocabularies.
_AMERICAN_SPELLINGS = (
    (re.compile(r"aemi"), "emi"),
    (re.compile(r"haem"), "hem"),
    (re.compile(r"oedema"), "edema"),
    (re.compile(r"oesoph"), "esoph"),
    (re.compile(r"tumour"), "tumor"),
    (re.compile(r"paed"), "ped"),
    (re.compile(r"isation\b"), "ization"),
    (re.compile(r"sulph"), "sulf"),
)
_FILLER_WORDS = frozenset("a an and for in of or the to with by".split())
#: the words a class of drugs or a way to treat ends in, one as good as another
_HEAD_WORDS = frozenset("agent drug medicine medication therapy treatment".split())
_NEGATING_PREFIX = re.compile(r"\b(anti|non) (?=[a-z]{3})")
_PLURAL = re.compile(r"(?<=[a-z]{3})(?<![siu])s$")
_PLURAL_IES = re.compile(r"(?<=[a-z]{2})ies$")


def normalize_name(name: str) -> str:
    """Return `name` in small ASCII letters, digits and single blanks."""
    text = _GREEK_LETTER.sub(lambda found: _GREEK_NAMES[found[0]], name.casefold())
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return _NON_ALPHANUMERIC.sub(" ", text).strip()


def make_word_bag(name: str) -> str:
    """Return the words of a normal name in one spelling and number, sorted, without fillers.

    >>> bag("tumours of the hand") == bag("hand tumor")
    True
    """
    text = name
    for pattern, written in _AMERICAN_SPELLINGS:
        text = pattern.sub(written, text)
    words = (
        _PLURAL.sub("", _PLURAL_IES.sub("y", word)) for word in text.split() if word not in _FILLER_WORDS
    )
    return " ".join(sorted(words))


def make_head_variants(name: str) -> tuple[str, ...]:
    """Return the bags of a normal name under every other word for what is given or done.

    >>> bag("antibacterial drug") in headed("anti bacterial agents")
    True
    """
    joined = _NEGATING_PREFIX.sub(r"\1", name)
    words = joined.split()
    stem = " ".join(words[:-1]) if len(words) > 1 and make_word_bag(words[-1]) in _HEAD_WORDS else joined
    heads = (f"{stem} {head}" for head in sorted(_HEAD_WORDS))
    return tuple(dict.fromkeys(make_word_bag(each) for each in (joined, *heads)))
