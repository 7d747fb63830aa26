"""Names close to one that does not exist: what messages propose after "Did you mean"."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

#: ratio of difflib from which two names count as alike: one slip in a word of three letters
_MIN_RATIO = 0.6
#: letters from which a text that is part of a name counts as its beginning or an abbreviation of it
_MIN_CONTAINED_LETTERS = 3


def find_similar_names(text: str, names: Iterable[str], limit: int = 3) -> list[str]:
    """Return at most `limit` of `names` that are spelt like `text` or contain it, best first.

    Case is ignored.

    >>> find_similar_names("Blinatumomap", ["chemotherapy", "blinatumomab"])
    ['blinatumomab']
    """
    wanted = text.casefold()
    by_folded = {name.casefold(): name for name in names}
    found = get_close_matches(wanted, by_folded, n=limit, cutoff=_MIN_RATIO)
    if not found and len(wanted) >= _MIN_CONTAINED_LETTERS:
        found = [folded for folded in sorted(by_folded) if wanted in folded][:limit]
    return [by_folded[folded] for folded in found]


def suggest_similar_names(text: str, names: Iterable[str], joint: str = ", ") -> str:
    """Return the sentence "Did you mean a, b? " with the similar names and a blank, or nothing.

    >>> suggest_similar_names("raised", ["raised-for", "case-claims"])
    'Did you mean raised-for? '
    """
    found = find_similar_names(text, names)
    return f"Did you mean {joint.join(found)}? " if found else ""
