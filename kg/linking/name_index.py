"""The names of one import on disk, indexed once: equal names in SQLite, similar names by trigrams."""

from __future__ import annotations

import shutil
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from kg.linking.name_similarity import (
    build_trigram_index,
    load_trigram_index,
    make_word_bag,
    normalize_name,
)
from kg.model.import_registry import ImportedDataset
from kg.namespaces import OBO, OBOINOWL, OWL, RDFS, SKOS
from kg.text_files import write_atomically
from sparqlhost.store.interface import Store, get_term_text

#: Increase it when the stored form changes: the version is part of the folder name, so old indexes are
#: rebuilt.
SCHEMA_VERSION = 5

#: predicate -> kind of name
NAME_KINDS = {
    RDFS["label"].value: "label",
    SKOS["prefLabel"].value: "label",
    OBOINOWL["hasExactSynonym"].value: "exact synonym",
    SKOS["altLabel"].value: "exact synonym",
    OBOINOWL["hasRelatedSynonym"].value: "related synonym",
    OBOINOWL["hasNarrowSynonym"].value: "narrow synonym",
    OBOINOWL["hasBroadSynonym"].value: "broad synonym",
}
#: predicate -> its column of the table `term`, counted after the IRI
_TERM_COLUMNS = {
    RDFS["label"].value: 0,
    SKOS["prefLabel"].value: 0,
    OBO["IAO_0000115"].value: 1,
    SKOS["definition"].value: 1,
    OBO["IAO_0100001"].value: 3,
}
_OBSOLETE_COLUMN = 2
#: table -> the predicates whose values it has
_LINK_PREDICATES = {
    "xref": f"{OBOINOWL['hasDbXref']} {SKOS['exactMatch']}",
    "former": str(OBOINOWL["hasAlternativeId"]),
}
# `norm` has each normal form once, numbered as in the trigram index; `name` refers to it by that number.
# `former` are the former identifiers of terms (alt_id), `parent` the named superclasses.
_SCHEMA = """
CREATE TABLE term (
    iri TEXT PRIMARY KEY, label TEXT, definition TEXT, obsolete INT, replaced TEXT, curie TEXT
);
CREATE TABLE name (norm INT, bag TEXT, iri TEXT, kind TEXT, text TEXT);
CREATE TABLE norm (id INTEGER PRIMARY KEY, norm TEXT UNIQUE);
CREATE TABLE xref (curie TEXT, iri TEXT);
CREATE TABLE former (curie TEXT, iri TEXT);
CREATE TABLE parent (iri TEXT, parent TEXT);
"""
# made after the rows are in: faster than keeping them up to date with every insert
_INDEXES = """
CREATE INDEX name_norm ON name(norm); CREATE INDEX name_bag ON name(bag);
CREATE INDEX xref_curie ON xref(curie); CREATE INDEX xref_iri ON xref(iri);
CREATE INDEX parent_iri ON parent(iri); CREATE INDEX term_curie ON term(curie);
"""


@dataclass(frozen=True, slots=True)
class TermName:
    """A name of an outside term: the term's IRI, the kind of name, and its text."""

    iri: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class OutsideTerm:
    """An outside term in an import; `replaced_by` is the IRI or CURIE of its successor, or ""."""

    iri: str
    label: str
    definition: str
    obsolete: bool
    replaced_by: str


class NameIndex:
    """Look-ups by name, identifier and cross-reference in one import."""

    def __init__(self, folder: Path, imported: ImportedDataset) -> None:
        """Open the index that `open_name_index` wrote into `folder`."""
        self.imported = imported
        self._db = sqlite3.connect(f"file:{folder / 'names.sqlite'}?mode=ro", uri=True)
        self._trigrams = load_trigram_index(folder)

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def find_equal(self, normalized: str) -> list[TermName]:
        """Return the names with the normal form `normalized`."""
        query = "SELECT iri, kind, text FROM name WHERE norm = (SELECT id FROM norm WHERE norm = ?)"
        return [TermName(*row) for row in self._db.execute(query, (normalized,))]

    def find_same_words(self, words: str) -> list[TermName]:
        """Return the names with the bag of words `words`."""
        query = "SELECT iri, kind, text FROM name WHERE bag = ?"
        return [TermName(*row) for row in self._db.execute(query, (words,))]

    def find_similar(self, normalized: str, count: int) -> Iterator[tuple[str, list[TermName]]]:
        """Yield the `count` normal forms most similar to `normalized`, each with the names that have it."""
        for position in self._trigrams.find_similar(normalized, count):
            (similar,) = self._db.execute("SELECT norm FROM norm WHERE id = ?", (position,)).fetchone()
            rows = self._db.execute("SELECT iri, kind, text FROM name WHERE norm = ?", (position,))
            yield similar, [TermName(*row) for row in rows]

    def find_terms_by_xref(self, curie: str) -> list[str]:
        """Return the IRIs of the terms with a cross-reference to `curie`."""
        return self._select_column("SELECT iri FROM xref WHERE curie = ?", curie)

    def get_xrefs(self, iri: str) -> list[str]:
        """Return the CURIEs of a term's cross-references."""
        return self._select_column("SELECT curie FROM xref WHERE iri = ?", iri)

    def find_successors(self, curie: str) -> list[str]:
        """Return the IRIs of the terms that list `curie` as a former identifier (OBO `alt_id`)."""
        return self._select_column("SELECT iri FROM former WHERE curie = ?", curie)

    def count_terms_by_prefix(self) -> dict[str, int]:
        """Return prefix -> number of terms."""
        query = "SELECT SUBSTR(curie, 1, INSTR(curie, ':') - 1), COUNT(*) FROM term GROUP BY 1"
        return dict(self._db.execute(query))

    def find_term_by_curie(self, curie: str) -> OutsideTerm | None:
        """Return the term with a normalized CURIE, whatever IRI the file uses for it, or None."""
        row = self._db.execute("SELECT iri FROM term WHERE curie = ?", (curie,)).fetchone()
        return self.find_term(row[0]) if row else None

    def find_term(self, iri: str) -> OutsideTerm | None:
        """Return the term with an IRI, or None when the import does not have it."""
        query = "SELECT iri, label, definition, obsolete, replaced FROM term WHERE iri = ?"
        row = self._db.execute(query, (iri,)).fetchone()
        return OutsideTerm(row[0], row[1], row[2], bool(row[3]), row[4]) if row else None

    def list_names(self, iri: str) -> list[str]:
        """Return every name of a term."""
        return self._select_column("SELECT text FROM name WHERE iri = ?", iri)

    def find_path_to_root(self, iri: str) -> tuple[str, ...]:
        """Return the labels on the shortest path from a term's parent to a root; () when there is no root."""
        child_of: dict[str, str] = {iri: ""}
        queue = [iri]
        for current in queue:  # breadth first: the queue grows while it is read
            parents = self._select_column("SELECT parent FROM parent WHERE iri = ? ORDER BY 1", current)
            if not parents:
                return tuple(reversed(self._collect_labels(current, child_of)[:-1]))
            for parent in parents:
                if parent not in child_of:
                    child_of[parent] = current
                    queue.append(parent)
        return ()

    def _collect_labels(self, iri: str, child_of: dict[str, str]) -> list[str]:
        """Return the labels from `iri` down to the term where the search began."""
        labels: list[str] = []
        while iri:
            term = self.find_term(iri)
            labels.append(term.label if term and term.label else iri)
            iri = child_of[iri]
        return labels

    def _select_column(self, query: str, value: str) -> list[str]:
        """Return the first column of a query with one parameter."""
        return [row[0] for row in self._db.execute(query, (value,))]


def open_name_index(
    store: Store,
    imported: ImportedDataset,
    folder: Path,
    to_curie: Callable[[str], str],
    report: Callable[[str], None],
) -> NameIndex:
    """Return an import's index below `folder`; where there is none, `report` gets a sentence and it is made.

    `to_curie` returns the normalized CURIE of an IRI or a CURIE, or its argument where it knows none.
    """
    target = _locate_index(imported, folder)
    if not is_indexed(imported, folder):
        report(f"Indexing the names of {imported.id} ({imported.terms:,} terms), once.")
        with write_atomically(target) as partial:
            _write_index(store, imported, partial, to_curie)
        _remove_older_indexes(target)
    return NameIndex(target, imported)


def is_indexed(imported: ImportedDataset, folder: Path) -> bool:
    """Return whether an import has its index below `folder`."""
    return (_locate_index(imported, folder) / "names.sqlite").is_file()


def _locate_index(imported: ImportedDataset, folder: Path) -> Path:
    """Return the folder of an import's index; its name changes with the file, the import and the schema."""
    return folder / imported.id / f"{imported.sha256[:12]}-{imported.date.replace(':', '')}-{SCHEMA_VERSION}"


def _write_index(
    store: Store, imported: ImportedDataset, folder: Path, to_curie: Callable[[str], str]
) -> None:
    """Write the index of one import into a new folder."""
    folder.mkdir()
    graph = str(imported.graph)
    with closing(sqlite3.connect(folder / "names.sqlite")) as db:
        # no journal: an index that is not finished is thrown away with its folder
        db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _SCHEMA)
        _write_terms(db, store, graph, to_curie)
        _write_names(db, store, graph, folder)
        _write_links(db, store, graph, to_curie)
        db.executescript(_INDEXES)
        db.commit()


def _select_values(store: Store, graph: str, pattern: str) -> Iterator[tuple[str, ...]]:
    """Yield the texts of ?a ?b ?c for a pattern in one graph; "" for an unbound variable."""
    for row in store.select(f"SELECT ?a ?b ?c {{ GRAPH {graph} {{ {pattern} }} }}").rows:
        yield tuple(get_term_text(value) for value in row)


def _write_terms(db: sqlite3.Connection, store: Store, graph: str, to_curie: Callable[[str], str]) -> None:
    """Write label, definition, obsolescence, replacement and CURIE of every term."""
    columns: dict[str, list[str | int]] = defaultdict(lambda: ["", "", 0, ""])
    values = " ".join(f"<{predicate}>" for predicate in _TERM_COLUMNS)
    for iri, predicate, value in _select_values(
        store, graph, f"VALUES ?b {{ {values} }} ?a ?b ?c FILTER(isIRI(?a))"
    ):
        columns[iri][_TERM_COLUMNS[predicate]] = value
    for iri, *_ in _select_values(
        store, graph, f'?a {OWL["deprecated"]} ?b FILTER(STR(?b) IN ("true", "1"))'
    ):
        columns[iri][_OBSOLETE_COLUMN] = 1
    rows = ((iri, *row, to_curie(iri)) for iri, row in columns.items())
    db.executemany("INSERT INTO term VALUES (?, ?, ?, ?, ?, ?)", rows)


def _write_names(db: sqlite3.Connection, store: Store, graph: str, folder: Path) -> None:
    """Write every name with its normal form and bag of words, and the trigrams of the normal forms.

    Normal forms are numbered from 0 in the order of `positions`: the trigram index knows them by that number.
    """
    positions: dict[str, int] = {}
    rows: list[tuple[int, str, str, str, str]] = []
    values = " ".join(f"<{predicate}>" for predicate in NAME_KINDS)
    for iri, predicate, name in _select_values(
        store, graph, f"VALUES ?b {{ {values} }} ?a ?b ?c FILTER(isIRI(?a))"
    ):
        if normalized := normalize_name(name):
            position = positions.setdefault(normalized, len(positions))
            rows.append((position, make_word_bag(normalized), iri, NAME_KINDS[predicate], name))
    db.executemany("INSERT INTO name VALUES (?, ?, ?, ?, ?)", rows)
    db.executemany("INSERT INTO norm VALUES (?, ?)", ((number, norm) for norm, number in positions.items()))
    build_trigram_index(list(positions)).save(folder)


def _write_links(db: sqlite3.Connection, store: Store, graph: str, to_curie: Callable[[str], str]) -> None:
    """Write cross-references, former identifiers and named parents."""
    for table, predicates in _LINK_PREDICATES.items():
        rows = _select_values(store, graph, f"VALUES ?c {{ {predicates} }} ?b ?c ?a FILTER(isIRI(?b))")
        statement = f"INSERT INTO {table} VALUES (?, ?)"  # noqa: S608 - the table names are above
        db.executemany(statement, ((to_curie(target), iri) for target, iri, _ in rows))
    rows = _select_values(store, graph, f"?a {RDFS['subClassOf']} ?b FILTER(isIRI(?b))")
    db.executemany("INSERT INTO parent VALUES (?, ?)", ((iri, parent) for iri, parent, _ in rows))


def _remove_older_indexes(current: Path) -> None:
    """Remove the indexes of earlier versions of an import; a folder with a dot is being written."""
    for folder in current.parent.iterdir():
        if folder != current and not folder.name.startswith("."):
            shutil.rmtree(folder, ignore_errors=True)
