"""Every `kg` command that a document, a page or a sentence of the program names exists, with its options."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from kg.cli import cli

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("*.md", "docs/*.md", "data/**/*.md", "kg/**/*.md", "kg/**/*.py", "kg/pages/**/*.html")
#: options of `kg ask` are the parameters of its question
OWN_OPTIONS = {"ask"}


def mentions() -> Iterator[tuple[str, str]]:
    """Yield file and command line of every mention in code marks."""
    for place in PLACES:
        for path in sorted(ROOT.glob(place)):
            for found in re.finditer(r"(?:`|<code>)kg ([a-z][^`<\n]*)", path.read_text("utf-8")):
                yield path.relative_to(ROOT).as_posix(), found[1]


MENTIONS = sorted(set(mentions()))


def test_there_are_many_mentions() -> None:
    assert len(MENTIONS) > 80
    assert any(file.endswith(".html") for file, _ in MENTIONS)


@pytest.mark.parametrize(("file", "line"), MENTIONS)
def test_a_command_that_is_named_exists_with_its_options(file: str, line: str) -> None:
    command: click.Command = cli
    words = line.split()
    context = click.Context(cli)
    while isinstance(command, click.Group) and words and (inner := command.get_command(context, words[0])):
        command, words = inner, words[1:]
    assert command is not cli, f"{file}: kg has no command {line!r}"
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    named = set(re.findall(r"(?<![\w-])--[a-z-]+", line))
    assert command.name in OWN_OPTIONS or named <= known | inner_options(command), f"{file}: kg {line}"


def inner_options(command: click.Command) -> set[str]:
    """Return the options of the commands of a group, which may stand without their command's name."""
    inner = command.commands.values() if isinstance(command, click.Group) else ()
    return {option for each in inner for parameter in each.params for option in parameter.opts}
