"""Which of some hundred thousand names look like a given one: an inverted index of three-letter pieces.

Kept as plain arrays that are mapped from disk; a query touches only the pieces it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

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
