"""A named question: the header of its `.rq` file, its typed parameters, and the query with values bound.

A header has the lines `# title:`, `# question:`, `# group:`, `# param: name type - help` (`type+` takes
several values) and `# returns:`. Pure: texts and terms go in, queries come out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode

from kg.errors import BadData, BadQuery, NotFound
from kg.model.term_names import suggest_similar_names
from kg.namespaces import BASE, ENTITY_KINDS, KG, XSD, expand_curie
from sparqlhost.store.interface import Term

ParameterValue = NamedNode | Literal
GivenValue = str | ParameterValue | Sequence[str | ParameterValue]

#: kinds of literal a parameter may be, and the datatype its values get.
_LITERAL_DATATYPES = {
    "text": XSD["string"],
    "code": XSD["string"],
    "words": XSD["string"],
    "integer": XSD["integer"],
    "date": XSD["date"],
}
LITERAL_TYPES = frozenset(_LITERAL_DATATYPES)
_LEXICAL_FORMS = {"integer": re.compile(r"[+-]?\d{1,18}"), "date": re.compile(r"\d{4}-\d\d-\d\d")}
# RFC 3987 as SPARQL's IRIREF allows it: none of these may stand between < and >.
_IRI_PATTERN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^<>\"{}|^`\\\x00-\x20]+")
_HEADER_LINE = re.compile(r"^# (title|question|group|param|returns): *(.*)$", re.M)
_IMPORT_GRAPH = re.compile(rf"<{re.escape(BASE)}graph/outside/([\w-]+)>")
_PARAMETER_LINE = re.compile(r"(\w+) (\w+)(\+?) - (.+)")


@dataclass(frozen=True, slots=True)
class QuestionParameter:
    """What a question asks for: a name, a type, a line of help, and the example its file holds."""

    name: str
    type: str
    help: str
    example: str
    is_repeatable: bool = False

    def parse_value(self, text: str | ParameterValue) -> ParameterValue:
        """Return `text` (an IRI, a CURIE, a local name, or a literal's form) as a term; raises BadQuery."""
        if not isinstance(text, str):
            return text
        if self.type in _LITERAL_DATATYPES:
            pattern = _LEXICAL_FORMS.get(self.type)
            if pattern and not pattern.fullmatch(text):
                raise self._make_error(f"{text!r} is not a value of type {self.type}.")
            return Literal(text, datatype=_LITERAL_DATATYPES[self.type])
        namespace = f"{BASE}{self.type}/" if self.type in ENTITY_KINDS else str(KG)
        iri = namespace + text if re.fullmatch(r"[\w.-]+", text) else expand_curie(text)
        with suppress(ValueError):  # the parser of terms knows code points that no IRI may have
            if _IRI_PATTERN.fullmatch(iri):
                return NamedNode(iri)
        raise self._make_error(f"{text!r} is not a {self.type}.")

    def _make_error(self, message: str) -> BadQuery:
        hint = f"Give a {self.type}, for example {self.example}."
        return BadQuery(message, location=f"--{self.name}", hint=hint)


@dataclass(frozen=True, slots=True)
class Question:
    """One `.rq` file: its header and the query text, which runs as it stands with the example values."""

    name: str
    title: str
    question: str
    params: tuple[QuestionParameter, ...]
    returns: str
    text: str
    group: str = ""

    @property
    def needed_imports(self) -> tuple[str, ...]:
        """Return the names of the imports that the query reads; without one it has no answer."""
        return tuple(sorted(set(_IMPORT_GRAPH.findall(self.text))))

    @property
    def query_form(self) -> str:
        """Return SELECT or ASK, the first of the two words outside comments and IRIs."""
        body = re.sub(r"#[^\n]*|<[^>\s]*>", "", self.text)
        keyword = re.search(r"\b(SELECT|ASK)\b", body)
        return keyword.group() if keyword else "SELECT"

    @property
    def reads_codes(self) -> bool:
        """Return whether a parameter takes codes of outside vocabularies."""
        return any(parameter.type == "code" for parameter in self.params)

    @property
    def reads_columns(self) -> bool:
        """Return whether it takes a column of codes or of local text, which is read before the query."""
        return any(parameter.type in ("code", "words") for parameter in self.params)

    def bind_values(self, values: Mapping[str, GivenValue]) -> str:
        """Return the query with the given values in place of the examples; others keep their example.

        Raises BadQuery for an unknown parameter, or a value that is not of the parameter's type.
        """
        self.require_parameters(values)
        text = self.text
        for parameter in self.params:
            if parameter.name in values:
                terms = self.parse_values(parameter, values[parameter.name])
                text = replace_values_line(text, parameter.name, terms)
        return text

    def require_parameters(self, names: Iterable[str]) -> None:
        """Raise BadQuery, with similar names, when the question lacks one of the parameters."""
        known = [parameter.name for parameter in self.params]
        for name in names:
            if name not in known:
                hint = f"{suggest_similar_names(name, known)}Parameters: {', '.join(known)}."
                message = f"`{self.name}` has no parameter {name!r}."
                raise BadQuery(message, hint=hint if known else "It takes none.")

    def parse_values(self, parameter: QuestionParameter, given: GivenValue) -> tuple[ParameterValue, ...]:
        """Return the terms of a given value; several only where the parameter takes several."""
        items = list_given_values(given)
        if not items or (len(items) > 1 and not parameter.is_repeatable):
            count = "one or more values" if parameter.is_repeatable else "one value"
            message = f"`{parameter.name}` takes {count}, not {len(items)}."
            raise BadQuery(message, location=f"--{parameter.name}")
        return tuple(parameter.parse_value(item) for item in items)


def list_given_values(given: GivenValue) -> Sequence[str | ParameterValue]:
    """Return a given value as a sequence of values."""
    return [given] if isinstance(given, str | NamedNode | Literal) else given


def find_question(questions: Sequence[Question], name: str) -> Question:
    """Return the question called `name`, `NN-name` or `NN`; raises NotFound, with similar names."""
    for number, question in enumerate(questions, start=1):
        if name in {question.name, str(number), f"{number:02}", f"{number:02}-{question.name}"}:
            return question
    similar = suggest_similar_names(name, [question.name for question in questions])
    raise NotFound(f"There is no question {name!r}.", hint=f"{similar}`kg ask --list` shows them all.")


def parse_question(name: str, text: str, where: str = "") -> Question:
    """Return the question of a file, given its name without ending and its text.

    Raises BadData, located at `where`, when a header line is missing or malformed.
    """
    where = where or f"{name}.rq"
    lines: dict[str, list[str]] = {"title": [], "question": [], "group": [], "param": [], "returns": []}
    for key, value in _HEADER_LINE.findall(text):
        lines[key].append(value.strip())
    for key in ("title", "question", "returns"):
        if len(lines[key]) != 1:
            raise BadData(f"The header needs one line `# {key}:`.", location=where, line=1, hint="Write it.")
    params = tuple(_parse_parameter(line, text, where) for line in lines["param"])
    public = re.sub(r"^\d+-", "", name)
    group = next(iter(lines["group"]), "")
    return Question(public, lines["title"][0], lines["question"][0], params, lines["returns"][0], text, group)


def group_questions(questions: Iterable[Question], filter_text: str = "") -> dict[str, list[Question]]:
    """Return the questions by group, groups in the order of their first question.

    With `filter_text`, those whose name, title, question or group contain each of its words.
    """
    groups: dict[str, list[Question]] = {}
    for question in questions:
        words = f"{question.name} {question.title} {question.question} {question.group}".casefold()
        if all(word in words for word in filter_text.casefold().split()):
            groups.setdefault(question.group or "Others", []).append(question)
    return groups


def _parse_parameter(line: str, text: str, where: str) -> QuestionParameter:
    """Return the parameter a header line describes, with the example its VALUES line holds."""
    fields = _PARAMETER_LINE.fullmatch(line)
    if not fields:
        message = f"`# param: {line}` is not `name type - help`."
        raise BadData(message, location=where, line=1, hint="Rewrite it.")
    name, kind, many, help = fields.groups()
    examples = find_examples(text, name)
    if len(examples) != 1 or examples == {""}:
        message = f"Parameter {name} needs a line `VALUES ?{name} {{ example }}`."
        hint = "Put it alone on a line inside WHERE; where it stands twice, with the same example."
        raise BadData(message, location=where, line=1, hint=hint)
    return QuestionParameter(name, kind, help, examples.pop(), bool(many))


# Parameters of a query file: its `VALUES ?name { example }` is replaced by serialized terms. Values enter a
# query as terms, never as pasted text, so no value can change what is asked; and each file runs as it stands.


def replace_values_line(query: str, name: str, terms: Iterable[Term]) -> str:
    """Return `query` with `terms` in each VALUES clause of ?name; raises BadData when it has none."""
    values = " ".join(str(term) for term in terms)
    clause = re.compile(rf"(?P<head>\bVALUES\s+\?{re.escape(name)}\s*)\{{[^{{}}]*\}}")
    bound, count = clause.subn(lambda found: f"{found['head']}{{ {values} }}", query)
    if not count:
        message = f"The query has no line `VALUES ?{name} {{ example }}`."
        raise BadData(message, location=f"?{name}", hint="Add it inside WHERE.")
    return bound


def find_examples(query: str, name: str) -> set[str]:
    """Return the examples in the `VALUES ?name { example }` lines of a query, each alone on its line."""
    line = re.compile(rf"^[ \t]*VALUES[ \t]+\?{re.escape(name)}[ \t]*\{{([^{{}}\n]*)\}}[ \t]*$", re.M)
    return {example.strip() for example in line.findall(query)}
