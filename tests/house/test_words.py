"""Plain engineers' English: words that need reading twice stand in no name, message, page or document."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.source_tree import ROOT, list_modules, list_tracked_files, parse_module, show

TABLE = Path(__file__).parent / "banned_words.tsv"
#: documents of an earlier time, and the list itself.
NOT_READ = {"CHANGELOG.md", "tests/house/banned_words.tsv"}
#: keys of JSON answers are a promise to clients; they keep their words.
JSON_KEYS = {"ours", "theirs"}


def read_banned_words(kind: str) -> list[tuple[re.Pattern[str], str]]:
    """Return the patterns that count in `names` or in `prose`, each with what to write instead."""
    rows = [line.split("\t") for line in TABLE.read_text("utf-8").splitlines() if not line.startswith("#")]
    assert len(rows) > 10
    return [
        (re.compile(rf"\b(?:{word})", re.I), instead)
        for word, where, instead in rows
        if kind in where.split()
    ]


NAMES = read_banned_words("names")
PROSE = read_banned_words("prose")
#: words that may stand in code and documents, but not on a page nor in the words of a question.
ON_PAGES = read_banned_words("pages")


def iter_defined_names(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the names of classes, functions, parameters and variables, with their lines."""
    for node in ast.walk(parse_module(path)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno


def split_name(name: str) -> str:
    """Return `keep told place` for `keep_told_place` and `KeepToldPlace`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_+", " ", name).strip().lower()


def iter_prose(path: Path) -> Iterator[tuple[str, int]]:
    """Yield what people read in a module: docstrings, comments and strings."""
    text = path.read_text("utf-8")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string, token.start[0]
    for node in ast.walk(parse_module(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node.value not in JSON_KEYS:
                yield node.value, node.lineno


def test_no_name_has_a_banned_word() -> None:
    wrong = [
        f"{show(path, line)}: {name} ({instead})"
        for path in list_modules()
        for name, line in iter_defined_names(path)
        for pattern, instead in NAMES
        if pattern.search(split_name(name))
    ]
    assert not wrong, "\n".join(wrong)


def test_no_message_or_comment_has_a_banned_word() -> None:
    wrong = [
        f"{show(path, line)}: {found.group()!r} ({instead})"
        for path in list_modules()
        for text, line in iter_prose(path)
        for pattern, instead in PROSE
        if (found := pattern.search(text))
    ]
    assert not wrong, "\n".join(wrong)


DOCUMENTS = [
    path
    for path in list_tracked_files()
    if (path.suffix in {".md", ".html", ".rq"} or path.name == "Makefile")
    and str(path.relative_to(ROOT)) not in NOT_READ
]


def test_no_page_query_or_document_has_a_banned_word() -> None:
    assert len(DOCUMENTS) > 150
    wrong = [
        f"{show(path, number)}: {found.group()!r} ({instead})"
        for path in DOCUMENTS
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        for pattern, instead in PROSE
        if (found := pattern.search(line))
    ]
    assert not wrong, "\n".join(wrong)


def test_no_page_or_question_has_a_word_of_the_makers() -> None:
    lines = [
        (path, number, line)
        for path in DOCUMENTS
        if path.suffix == ".html" or path.parent.name == "questions"
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if path.suffix == ".html" or line.startswith("# ")
    ]
    assert len(lines) > 1000
    wrong = [
        f"{show(path, number)}: {found.group()!r} ({instead})"
        for path, number, line in lines
        for pattern, instead in ON_PAGES
        if (found := pattern.search(line))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("text", "is_banned"),
    [
        ("Mend it there.", True), ("This is no list.", True), ("It is no longer read.", False),
        ("Set it anew.", True), ("recommended", False), ("hours", False), ("There is no build.", False),
    ],
)  # fmt: skip
def test_the_patterns_find_what_they_should(text: str, is_banned: bool) -> None:
    assert any(pattern.search(text) for pattern, _ in PROSE) is is_banned
