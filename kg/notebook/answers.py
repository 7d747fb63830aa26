"""Answers as frozen values: a table of terms, or an object with named parts; both show themselves in Jupyter.

They are made of the JSON that the addresses of a server answer, so a graph in memory and a server give equal
values. `repr` is for a terminal, `_repr_html_` for a notebook; links need the address of a server.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

if TYPE_CHECKING:
    import pandas
    import polars

_SHOWN_ROWS = 60
_WIDEST_COLUMN = 40  # characters


@dataclass(frozen=True, slots=True)
class Term:
    """A value of an answer: what a reader sees, and the IRI where there is one."""

    label: str
    iri: str = ""
    curie: str = ""
    href: str = ""

    def __str__(self) -> str:
        """Return the label."""
        return self.label

    def _repr_html_(self) -> str:
        link = self.href if self.href.startswith("http") else self.iri
        text = html.escape(self.label)
        return f'<a href="{html.escape(link)}" title="{html.escape(self.curie)}">{text}</a>' if link else text


@dataclass(frozen=True, slots=True, repr=False)
class Table:
    """Rows of terms under named columns, with the sentence that says what the answer is."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Term, ...], ...]
    title: str = ""
    note: str = ""

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Term]]:
        """Yield each row as column -> term."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)

    def __getitem__(self, column: str) -> tuple[Term, ...]:
        """Return the terms of a column; raises KeyError that names the columns there are."""
        if column not in self.columns:
            raise KeyError(f"no column {column!r}; there are {', '.join(self.columns)}")
        at = self.columns.index(column)
        return tuple(row[at] for row in self.rows)

    def to_pandas(self, *, iris: bool = False) -> pandas.DataFrame:
        """Return a DataFrame of labels, or of IRIs where a term has one; needs pandas."""
        import pandas

        return pandas.DataFrame(self._cells(iris), columns=list(self.columns))

    def to_polars(self, *, iris: bool = False) -> polars.DataFrame:
        """Return a polars DataFrame of labels, or of IRIs where a term has one; needs polars."""
        import polars

        return polars.DataFrame(
            self._cells(iris), schema=dict.fromkeys(self.columns, polars.String), orient="row"
        )

    def _cells(self, iris: bool) -> list[list[str]]:
        return [[(term.iri if iris else "") or term.label for term in row] for row in self.rows]

    def __repr__(self) -> str:
        """Return the table as aligned text."""
        lines = [list(self.columns), *self._cells(iris=False)[:_SHOWN_ROWS]]
        widths = [min(40, max(map(len, column))) for column in zip(*lines, strict=True)]
        body = [
            "  ".join(_fit(cell, width) for cell, width in zip(line, widths, strict=True)) for line in lines
        ]
        return "\n".join(
            [self.title, *(line.rstrip() for line in body), self._describe_size(), self.note]
        ).strip()

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(column)}</th>" for column in self.columns)
        rows = ("".join(f"<td>{term._repr_html_()}</td>" for term in row) for row in self.rows[:_SHOWN_ROWS])
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        foot = html.escape(f"{self._describe_size()}. {self.note}")
        return (
            f"<table><caption>{html.escape(self.title)}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table><p><small>{foot}</small></p>"
        )

    def _describe_size(self) -> str:
        shown = f", {_SHOWN_ROWS} shown" if len(self.rows) > _SHOWN_ROWS else ""
        return f"{len(self.rows)} row{'' if len(self.rows) == 1 else 's'}{shown}"


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """An object of named parts, read as attributes or as keys; parts are answers, tuples, terms and texts."""

    parts: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        """Return a part; raises AttributeError that names the parts there are."""
        try:
            return self.parts[name]
        except KeyError:
            raise AttributeError(f"no part {name!r}; there are {', '.join(self.parts)}") from None

    def __getitem__(self, name: str) -> Any:
        """Return a part; raises KeyError."""
        return self.parts[name]

    def __dir__(self) -> list[str]:
        """Return the names of the parts, for completion."""
        return list(self.parts)

    def __repr__(self) -> str:
        """Return the parts as an indented outline."""
        return "\n".join(_outline(self, 0))

    def _repr_html_(self) -> str:
        return _nest(self)


def read_answer(content: Any, address: str = "") -> Any:
    """Return JSON content as answers, tuples and terms; links are made whole with the server's `address`."""
    if isinstance(content, list):
        return tuple(read_answer(item, address) for item in content)
    if not isinstance(content, dict):
        return content
    if {"label", "iri", "curie", "href"} <= content.keys():
        return read_term(content, address)
    return Answer({name: read_answer(part, address) for name, part in content.items()})


def read_term(content: Mapping[str, Any], address: str = "") -> Term:
    """Return the term of a JSON object with label, IRI, CURIE and link."""
    href = urljoin(address, content["href"]) if address and content["href"] else content["href"]
    return Term(content["label"], content["iri"], content["curie"], href)


def read_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], address: str, **texts: str) -> Table:
    """Return a table of JSON terms, of other JSON values as their text, and of null as nothing."""

    def read_cell(value: Any) -> Term:
        if isinstance(value, Mapping):
            return read_term(value, address)
        return Term("" if value is None else str(value))

    return Table(tuple(columns), tuple(tuple(map(read_cell, row)) for row in rows), **texts)


def _fit(text: str, width: int) -> str:
    return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"


def _outline(part: Any, depth: int) -> Iterator[str]:
    """Yield a part as lines, each level two spaces deeper; empty parts are left out."""
    indent = "  " * depth
    if not isinstance(part, Answer):
        yield f"{indent}{part}"
        return
    for name, value in part.parts.items():
        if isinstance(value, Answer | tuple):
            items = value if isinstance(value, tuple) else (value,)
            if items:
                yield f"{indent}{name}:"
            for item in items:
                yield from _outline(item, depth + 1)
        elif value not in ("", None):
            yield f"{indent}{name}: {value}"


def _nest(part: Any) -> str:
    """Return a part as nested HTML; lists of objects fold."""
    if isinstance(part, Term):
        return part._repr_html_()
    if isinstance(part, tuple):
        return "<ul>" + "".join(f"<li>{_nest(item)}</li>" for item in part) + "</ul>"
    if not isinstance(part, Answer):
        return html.escape(str(part))
    filled = ((name, value) for name, value in part.parts.items() if value not in ("", None, ()))
    return "".join(
        f"<details open><summary>{html.escape(name)}</summary>{_nest(value)}</details>"
        if isinstance(value, Answer | tuple)
        else f"<div><b>{html.escape(name)}</b> {_nest(value)}</div>"
        for name, value in filled
    )
