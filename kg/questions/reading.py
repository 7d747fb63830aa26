"""Headers of question files: `# title:`, `# question:`, `# param: name type - help`, `# returns:`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from kg.errors import BadData, NotFound
from kg.questions.model import Question, QuestionParameter, compile_values_line

_HEADER_LINE = re.compile(r"^# (title|question|param|returns): *(.*)$", re.M)
_PARAMETER_LINE = re.compile(r"(?P<name>\w+) (?P<type>[\w]+)(?P<many>\+?) - (?P<help>.+)")


def load_questions(folder: Path) -> tuple[Question, ...]:
    """Return the questions of a folder in the order of their file names; raises BadData."""
    where = f"{folder.parent.name}/{folder.name}"
    paths = sorted(folder.glob("*.rq"))
    return tuple(
        parse_question(path.stem, _read_question_file(path), f"{where}/{path.name}") for path in paths
    )


def _read_question_file(path: Path) -> str:
    """Return the text of a question file; raises BadData when it cannot be read."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadData(
            "The file is not a readable UTF-8 text.", location=str(path), hint="Save it anew."
        ) from error


def find_question(questions: Sequence[Question], name: str) -> Question:
    """Return the question called `name`, `NN-name` or `NN`; raises NotFound that gives near names."""
    for number, question in enumerate(questions, start=1):
        if name in {question.name, str(number), f"{number:02}", f"{number:02}-{question.name}"}:
            return question
    near = get_close_matches(name, [question.name for question in questions], n=3, cutoff=0.4)
    hint = f"Did you mean {', '.join(near)}?" if near else "`kg ask --list` shows them all."
    raise NotFound(f"There is no question {name!r}.", hint=hint)


def parse_question(name: str, text: str, where: str = "") -> Question:
    """Return the question of a file: its name without ending, its text, and how complaints call it.

    Raises BadData when its header is not whole.
    """
    where = where or f"{name}.rq"
    lines: dict[str, list[str]] = {"title": [], "question": [], "param": [], "returns": []}
    for key, value in _HEADER_LINE.findall(text):
        lines[key].append(value.strip())
    for key in ("title", "question", "returns"):
        if len(lines[key]) != 1:
            raise BadData(f"The header needs one line `# {key}:`.", location=where, line=1, hint="Write it.")
    params = tuple(_parse_parameter(line, text, where) for line in lines["param"])
    public = re.sub(r"^\d+-", "", name)
    return Question(public, lines["title"][0], lines["question"][0], params, lines["returns"][0], text)


def _parse_parameter(line: str, text: str, where: str) -> QuestionParameter:
    """Return the parameter a header line describes, with the example its VALUES line holds."""
    found = _PARAMETER_LINE.fullmatch(line)
    if not found:
        raise BadData(
            f"`# param: {line}` is not `name type - help`.", location=where, line=1, hint="Rewrite it."
        )
    examples = {body.strip() for _, body in compile_values_line(found["name"]).findall(text)}
    if len(examples) != 1 or examples == {""}:
        raise BadData(
            f"Parameter {found['name']} needs a line `VALUES ?{found['name']} {{ example }}`.",
            location=where,
            line=1,
            hint="Put it alone on a line inside WHERE; where it stands twice, with the same example.",
        )
    return QuestionParameter(found["name"], found["type"], found["help"], examples.pop(), bool(found["many"]))
