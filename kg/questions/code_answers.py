"""The question `for-codes`: a summary row for each code, then the claims about what it leads to.

Codes are read by the prefix table, links found by `kg.model.code_links`; the claims are those of the query
file, asked once for each mapped term, so that a column of any length costs little more than its rows.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote

from pyoxigraph import Literal, NamedNode

from kg.errors import BadData
from kg.mapping_files import MAPPINGS_FOLDER, read_code_relations, read_mappings, read_prefixes
from kg.model.code_links import (
    CodeEdge,
    CodeFacts,
    CodeFinding,
    CodeIndex,
    CodeLink,
    MappedTerm,
)
from kg.model.code_spellings import parse_rows
from kg.model.identifiers import PrefixTable
from kg.model.mapping_sets import MATCH_PREDICATES
from kg.model.questions import Question, replace_values_line
from kg.namespaces import compress_iri, expand_curie
from kg.text_files import read_text
from sparqlhost.sparql.csv_cells import format_spreadsheet
from sparqlhost.store.interface import Store, Term, get_term_text

#: the columns of an answer; a row with a status is the summary of its code, the others are its claims
COLUMNS = tuple(
    "code curie status relation match entity about claim statement link situation condition hedge cue "
    "sentence note label path source version".split()
)
_BATCH = 1_000

AnswerRow = tuple[Term | None, ...]


class CodeAnswers:
    """Answers codes over one store; what it read of the store and of `root` is kept."""

    columns = COLUMNS

    def __init__(self, store: Store, root: Path, question: Question) -> None:
        self._store, self._question = store, question
        self._index = load_code_index(store, root)
        self._claims: dict[tuple[str, str], list[dict[str, Term]]] = defaultdict(list)
        self._asked: set[str] = set()

    def find(self, code: str, system: str = "") -> CodeFinding:
        """Return what one code leads to."""
        return self._index.find(code, system)

    def iterate_rows(self, codes: Iterable[str], system: str = "") -> Iterator[AnswerRow]:
        """Yield the rows of each code in turn; a code given twice is answered twice."""
        rest = iter(codes)
        while batch := [self.find(code, system) for code in islice(rest, _BATCH)]:
            self._load_claims({link.term for finding in batch for link in finding.links})
            for finding in batch:
                yield _make_summary(finding)
                for link in finding.links:
                    yield from self._claim_rows(finding, link)

    def answer_frame(self, frame: Any, column: str, system: str = "") -> Any:
        """Return the rows for a column of a pandas DataFrame as a DataFrame; cells are texts."""
        rows = self.iterate_rows(map(str, frame[column]), system)
        texts = ([get_term_text(cell) for cell in row] for row in rows)
        return type(frame)(texts, columns=list(COLUMNS))

    def _load_claims(self, terms: set[str]) -> None:
        """Ask the query file for the claims about mapped terms (CURIEs) that were not asked before."""
        new = sorted(terms - self._asked)
        self._asked.update(new)
        if new:
            for row in self._store.select(self._question.bind_values({"code": new})):
                if "claim" in row and row["claim"] is not None:
                    key = get_term_text(row["code"]), get_term_text(row["entity"])
                    self._claims[key].append({name: term for name, term in row.items() if term is not None})

    def _claim_rows(self, finding: CodeFinding, link: CodeLink) -> Iterator[AnswerRow]:
        """Yield the claims reached by a link; `note` says of whom, if not of the code itself."""
        for claim in self._claims[link.term, link.entity]:
            own = get_term_text(claim.get("aside"))
            note = "; ".join(dict.fromkeys(filter(None, (link.note, own))))
            yield _make_row({**claim, **_describe_link(finding, link), "note": Literal(note)})


class ColumnAnswers(Protocol):
    """Answers a column of cells: codes or local text; `columns` are those of its rows."""

    columns: tuple[str, ...]

    def iterate_rows(self, cells: Iterable[str], system: str = "") -> Iterator[AnswerRow]:
        """Yield the rows of each cell in turn."""


def read_column(lines: Iterator[str], column: str, name: str) -> Iterator[str]:
    """Yield the cells of a column of a table with a header, divided by commas, tabs or semicolons.

    Raises BadData for a column that the table lacks (at once), or a short row; messages call it `name`.
    """
    head = next(lines, "")
    delimiter = max(",\t;", key=head.count)
    names = next(csv.reader([head], delimiter=delimiter), [])
    if column not in names:
        raise BadData(
            f"The table has no column {column!r}; its columns are {', '.join(names)[:300]}.",
            location=name,
            line=1,
            hint="Name one of them as the column.",
        )
    position, rows = names.index(column), csv.reader(lines, delimiter=delimiter)
    return _pick_cells(rows, position, column, name)


def _pick_cells(rows: Any, position: int, column: str, name: str) -> Iterator[str]:
    for row in rows:
        if row and len(row) <= position:
            raise BadData(
                f"The row has {len(row)} cells; the column {column!r} is number {position + 1}.",
                location=name,
                line=rows.line_num + 1,
                hint="Fix this line, then run again.",
            )
        if row:
            yield row[position]


def format_rows(answers: ColumnAnswers, cells: Iterable[str], system: str = "") -> Iterator[str]:
    """Return the answer for a column as CSV (RFC 4180) that a spreadsheet can open, line by line."""
    rows = chain([answers.columns], answers.iterate_rows(cells, system))
    return format_spreadsheet([c if isinstance(c, str) else get_term_text(c) for c in row] for row in rows)


def _make_summary(finding: CodeFinding) -> AnswerRow:
    """Return the summary row of a code; several entities or relations are joined by `; `."""
    links = finding.links
    entities = list(dict.fromkeys(link.entity for link in links))
    texts = {
        "status": finding.status,
        "relation": _join(link.relation for link in links),
        "label": finding.label,
        "note": _join([finding.note, *(link.note for link in links)]),
        "path": _join(link.path for link in links),
        "source": _join(link.source for link in links),
        "version": _join(link.version for link in links),
    }
    values: dict[str, Term] = {name: Literal(text) for name, text in texts.items() if text}
    matches = list(dict.fromkeys(link.match for link in links if not link.path))
    for name, iris in (("entity", entities), ("match", matches)):
        if len(iris) == 1:
            values[name] = NamedNode(iris[0])
        elif iris:
            values[name] = Literal("; ".join(map(compress_iri, iris)))
    return _make_row({"code": Literal(finding.code), "curie": Literal(_join(finding.readings)), **values})


def _describe_link(finding: CodeFinding, link: CodeLink) -> dict[str, Term]:
    """Return the cells that a link gives to each of its claims; a match only where a person judged one."""
    texts = {
        "code": finding.code,
        "curie": _join(finding.readings),
        "relation": link.relation,
        "path": link.path,
        "source": link.source,
        "version": link.version,
    }
    cells: dict[str, Term] = {name: Literal(text) for name, text in texts.items()}
    cells["match"] = Literal("") if link.path else NamedNode(link.match)
    return cells


def _join(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(filter(None, texts)))


def _make_row(values: dict[str, Term]) -> AnswerRow:
    """Return the cells of a row; an empty text counts as absent."""
    cells = (values.get(name) for name in COLUMNS)
    return tuple(None if isinstance(cell, Literal) and not cell.value else cell for cell in cells)


def load_code_index(store: Store, root: Path) -> CodeIndex:
    """Return the index of everything that the store and the files of `root` state about codes."""
    prefixes = read_prefixes(root)
    relations = read_code_relations(root)
    edges, labels = _read_extracts(store, root, relations)
    stated = frozenset(edges)  # what an import states of a code is fuller than what a curator noted
    for start, edge, label in _read_judged_edges(root, prefixes):
        if start not in stated:
            edges[start].append(edge)
        labels.setdefault(start, label)
    mapped = list(_read_mapped(store, root))
    labels = {term.iri: term.label for term in mapped if term.label} | labels
    refused: dict[str, str] = {}
    for row in read_mappings(root).rows("rejected"):
        iri = prefixes.expand_curie(prefixes.parse_identifier(row.object_id))
        labels.setdefault(iri, row.object_label)
        refused.setdefault(iri, f"not {row.subject_label or row.subject_id}: {row.comment}")
    return CodeIndex(prefixes, CodeFacts(relations, mapped, refused, edges, labels))


def _read_mapped(store: Store, root: Path) -> Iterator[MappedTerm]:
    """Yield the accepted rows, the nearest matches first."""
    rows = store.select(read_text(root / "queries" / "pages" / "mapped.rq"))
    terms = []
    for row in rows:
        names = ("target", "label", "match", "entity", "entity_label", "proof", "version")
        iri, label, match, entity, entity_label, proof, version = (get_term_text(row.get(n)) for n in names)
        source = unquote(proof.rpartition("/")[2])
        terms.append(MappedTerm(iri, label, match, entity, entity_label, source, version))
    order = [expand_curie(match) for match in MATCH_PREDICATES]
    yield from sorted(terms, key=lambda term: (order.index(term.match), term.entity))


def _read_extracts(
    store: Store, root: Path, relations: Iterable[str]
) -> tuple[dict[str, list[CodeEdge]], dict[str, str]]:
    """Return the edges and labels of the part of the imports around the links (`graph/outside/ID`)."""
    query = read_text(root / "queries" / "pages" / "code-edges.rq")
    edges: dict[str, list[CodeEdge]] = defaultdict(list)
    labels: dict[str, str] = {}
    for row in store.select(replace_values_line(query, "relation", map(NamedNode, relations))):
        start = get_term_text(row["start"])
        if "label" in row:
            labels.setdefault(start, get_term_text(row["label"]))
            continue
        texts = (get_term_text(row.get(name)) for name in ("relation", "target", "source", "version", "how"))
        edges[start].append(CodeEdge(*texts))
    return edges, labels


def _read_judged_edges(root: Path, prefixes: PrefixTable) -> Iterator[tuple[str, CodeEdge, str]]:
    """Yield the edges of data/mappings/code_edges.tsv: what curators read of codes that are not matches."""
    name = f"{MAPPINGS_FOLDER}/code_edges.tsv"
    if not (root / name).is_file():
        return
    for _, (code, label, relation, target, source, version) in parse_rows(read_text(root / name), 6, name):
        start, end = (prefixes.find_iri(text) or text for text in (code, target))
        yield start, CodeEdge(prefixes.expand_property(relation), end, source, version), label
