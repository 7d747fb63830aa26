"""When two names are one: case, accents, punctuation, spelling, plurals and word order put aside."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

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


#: MERGED kg.linking.trigrams
#: MERGED Which of some hundred thousand names look like a given one: an inverted index of three-letter pieces.
#: MERGED
#: MERGED Kept as plain arrays that are mapped from disk; a query touches only the pieces it has.


_LETTERS = " abcdefghijklmnopqrstuvwxyz0123456789"
_ALPHABET_SIZE = len(_LETTERS) + 1  # 0 stands between names
_LETTER_CODES = np.zeros(256, np.uint32)
_LETTER_CODES[[ord(c) for c in _LETTERS]] = range(1, _ALPHABET_SIZE)
#: letters of a name that count: chemical names run to thousands.
MAX_NAME_LENGTH = 80
#: a piece that more than one name in _COMMON has says little and costs much; _FEW are always used.
_FREQUENT_PIECE_SHARE, _MIN_PIECES = 40, 6
#: what scores less than this part of the best is not looked at.
_MIN_SCORE_SHARE = 0.3
_ARRAY_FILES = ("offsets", "postings", "lengths")

Ints = npt.NDArray[np.int64]
Postings = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TrigramIndex:
    """The index: postings of piece c are `postings[offsets[c]:offsets[c + 1]]`, names by position."""

    offsets: Ints
    postings: Postings
    lengths: Floats

    def find_similar(self, name: str, count: int) -> list[int]:
        """Return the positions of the `count` names most like the normal `name`, best first."""
        total = len(self.lengths)
        if not total:
            return []
        pieces = np.unique(_encode_pieces([name])[0])
        scores = np.zeros(total, np.float32)
        counts = self.offsets[pieces + 1] - self.offsets[pieces]
        rare = max(total // _FREQUENT_PIECE_SHARE, int(np.sort(counts)[:_MIN_PIECES][-1]))
        for piece, having in zip(pieces, counts, strict=True):
            first, last = self.offsets[piece], self.offsets[piece + 1]
            if 0 < having <= rare:
                scores[self.postings[first:last]] += _weigh_piece(total, int(last - first))
        scores /= self.lengths
        hits = np.flatnonzero(scores > scores.max() * _MIN_SCORE_SHARE)
        if len(hits) > count:
            hits = hits[np.argpartition(scores[hits], -count)[-count:]]
        return [int(i) for i in hits[np.argsort(-scores[hits], kind="stable")]]

    def save(self, folder: Path) -> None:
        """Write the arrays below `folder`."""
        for name in _ARRAY_FILES:
            np.save(folder / f"{name}.npy", getattr(self, name))


def load_trigram_index(folder: Path) -> TrigramIndex:
    """Map the arrays below `folder`; raises OSError or ValueError when they are not whole."""
    return TrigramIndex(*(np.load(folder / f"{name}.npy", mmap_mode="r") for name in _ARRAY_FILES))


def build_trigram_index(names: Sequence[str]) -> TrigramIndex:
    """Return the index of normal names."""
    codes, owners = _encode_pieces(names)
    total = max(len(names), 1)
    keys = np.sort(codes.astype(np.int64) * total + owners)  # faster here than np.unique's hashing
    keys = keys[np.flatnonzero(np.diff(keys, prepend=-1))]
    pieces, postings = keys // total, (keys % total).astype(np.int32)
    offsets = np.searchsorted(pieces, np.arange(_ALPHABET_SIZE**3 + 1))
    counts = np.diff(offsets)
    weights = np.array([_weigh_piece(len(names), int(c)) if c else 0.0 for c in counts], np.float32)
    sums = np.bincount(postings, weights=weights[pieces], minlength=len(names))
    return TrigramIndex(
        offsets.astype(np.int64), postings, np.sqrt(np.maximum(sums, 1e-6)).astype(np.float32)
    )


def _weigh_piece(total: int, count: int) -> float:
    """Return the squared inverse document frequency of a piece that `count` of `total` names have."""
    return float(np.log(1 + total / count) ** 2)


def _encode_pieces(names: Sequence[str]) -> tuple[npt.NDArray[np.uint32], Ints]:
    """Return the pieces of all names and the position of the name each belongs to."""
    texts = [f" {name[:MAX_NAME_LENGTH]} \0".encode("ascii", "replace") for name in names]
    letters = _LETTER_CODES[np.frombuffer(b"".join(texts), np.uint8)]
    owners = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    if len(letters) < 3:
        return np.zeros(0, np.uint32), np.zeros(0, np.int64)
    one, two, three = letters[:-2], letters[1:-1], letters[2:]
    whole = (one > 0) & (two > 0) & (three > 0)
    codes = (one * _ALPHABET_SIZE + two) * _ALPHABET_SIZE + three
    return codes[whole], owners[:-2][whole]
