"""The names of one import on disk, made once: exact look-up in SQLite, near look-up by trigrams."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kg.linking import name_similarity as trigrams
from kg.linking.name_similarity import make_word_bag, normalize_name
from kg.model.import_registry import ImportedDataset, get_term_text
from kg.namespaces import OBO, OBOINOWL, OWL, RDFS, SKOS
from sparqlhost.store.interface import Store

#: raise it when what is stored changes; indexes of an older form are made anew.
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
_INDEXES = """
CREATE INDEX name_norm ON name(norm); CREATE INDEX name_bag ON name(bag);
CREATE INDEX xref_curie ON xref(curie); CREATE INDEX xref_iri ON xref(iri);
CREATE INDEX parent_iri ON parent(iri); CREATE INDEX term_curie ON term(curie);
"""


@dataclass(frozen=True, slots=True)
class TermName:
    """A name of an outside term: its text, its kind, and the term."""

    iri: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class OutsideTerm:
    """An outside term as an import gives it; `replaced` is the IRI or CURIE that takes its place, if any."""

    iri: str
    label: str
    definition: str
    obsolete: bool
    replaced_by: str


class NameIndex:
    """Look-ups in the names of one import."""

    def __init__(self, folder: Path, imported: ImportedDataset) -> None:
        """Open what `make` wrote below `folder`."""
        self.imported = imported
        self._db = sqlite3.connect(f"file:{folder / 'names.sqlite'}?mode=ro", uri=True)
        self._trigrams = trigrams.load_trigram_index(folder)

    def close(self) -> None:
        """Let go of the files."""
        self._db.close()

    def find_equal(self, normalized: str) -> list[TermName]:
        """Return the names whose normal form is `norm`."""
        query = "SELECT iri, kind, text FROM name WHERE norm = (SELECT id FROM norm WHERE norm = ?)"
        return [TermName(*row) for row in self._db.execute(query, (normalized,))]

    def find_same_words(self, words: str) -> list[TermName]:
        """Return the names with the bag of words `words`."""
        return [
            TermName(*r) for r in self._db.execute("SELECT iri, kind, text FROM name WHERE bag = ?", (words,))
        ]

    def find_similar(self, normalized: str, count: int) -> Iterator[tuple[str, list[TermName]]]:
        """Yield the `count` normal names most like `norm` with what they name."""
        for position in self._trigrams.find_similar(normalized, count):
            row = self._db.execute("SELECT norm FROM norm WHERE id = ?", (position,)).fetchone()
            names = self._db.execute("SELECT iri, kind, text FROM name WHERE norm = ?", (position,))
            yield row[0], [TermName(*r) for r in names]

    def find_terms_by_xref(self, curie: str) -> list[str]:
        """Return the terms that refer to an outside identifier."""
        return [r[0] for r in self._db.execute("SELECT iri FROM xref WHERE curie = ?", (curie,))]

    def get_xrefs(self, iri: str) -> list[str]:
        """Return the outside identifiers a term refers to."""
        return [r[0] for r in self._db.execute("SELECT curie FROM xref WHERE iri = ?", (iri,))]

    def find_successors(self, curie: str) -> list[str]:
        """Return the terms that took over an identifier."""
        return [r[0] for r in self._db.execute("SELECT iri FROM former WHERE curie = ?", (curie,))]

    def count_terms_by_prefix(self) -> dict[str, int]:
        """Return how many terms there are of each prefix."""
        query = "SELECT SUBSTR(curie, 1, INSTR(curie, ':') - 1), COUNT(*) FROM term GROUP BY 1"
        return dict(self._db.execute(query))

    def find_term_by_curie(self, curie: str) -> OutsideTerm | None:
        """Return the term of an identifier in its one spelling, whatever IRI the file gives it, or None."""
        row = self._db.execute("SELECT iri FROM term WHERE curie = ?", (curie,)).fetchone()
        return self.find_term(row[0]) if row else None

    def find_term(self, iri: str) -> OutsideTerm | None:
        """Return a term, or None when the import has none such."""
        query = "SELECT iri, label, definition, obsolete, replaced FROM term WHERE iri = ?"
        row = self._db.execute(query, (iri,)).fetchone()
        return OutsideTerm(row[0], row[1], row[2], bool(row[3]), row[4]) if row else None

    def find_path_to_root(self, iri: str) -> tuple[str, ...]:
        """Return the labels of the shortest way from a term's parent to a root."""
        before: dict[str, str] = {iri: ""}
        queue = [iri]
        for here in queue:
            above = [
                r[0] for r in self._db.execute("SELECT parent FROM parent WHERE iri = ? ORDER BY 1", (here,))
            ]
            if not above:
                return tuple(reversed(self._collect_labels(here, before)[:-1]))
            for parent in above:
                if parent not in before:
                    before[parent] = here
                    queue.append(parent)
        return ()

    def _collect_labels(self, iri: str, came_from: dict[str, str]) -> list[str]:
        """Return the labels from `iri` back to where the search began."""
        labels: list[str] = []
        while iri:
            found = self.find_term(iri)
            labels.append(found.label if found and found.label else iri)
            iri = came_from[iri]
        return labels


def open_name_index(
    store: Store,
    imported: ImportedDataset,
    folder: Path,
    to_curie: Callable[[str], str],
    report: Callable[[str], None],
) -> NameIndex:
    """Return an import's index, made now if there is none; `tell` hears when that is so.

    `curie` gives the one spelling of an identifier, or the identifier itself.
    """
    place = _locate_index(imported, folder)
    if not is_indexed(imported, folder):
        report(f"Indexing the names of {imported.id} ({imported.terms:,} terms), once.")
        _write_index(store, imported, place, to_curie)
        _remove_older_indexes(place)
    return NameIndex(place, imported)


def is_indexed(imported: ImportedDataset, folder: Path) -> bool:
    """Say whether an import has its index."""
    return (_locate_index(imported, folder) / "names.sqlite").is_file()


def _locate_index(imported: ImportedDataset, folder: Path) -> Path:
    """Return where the index of an import is kept: another content or form, another place."""
    return folder / imported.id / f"{imported.sha256[:12]}-{imported.date.replace(':', '')}-{SCHEMA_VERSION}"


def _write_index(
    store: Store, imported: ImportedDataset, target: Path, to_curie: Callable[[str], str]
) -> None:
    """Write the index of one import, whole or not at all."""
    work = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        db = sqlite3.connect(work / "names.sqlite")
        db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _SCHEMA)
        graph = str(imported.graph)
        _write_terms(db, store, graph, to_curie)
        _write_names(db, store, graph, work)
        _write_links(db, store, graph, to_curie)
        db.executescript(_INDEXES)
        db.commit()
        db.close()
        if not target.exists():
            work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _select_values(store: Store, graph: str, pattern: str) -> Iterator[tuple[str, ...]]:
    """Yield the values of ?a ?b ?c of a pattern in one graph."""
    for row in store.select(f"SELECT ?a ?b ?c {{ GRAPH {graph} {{ {pattern} }} }}").rows:
        yield tuple("" if value is None else get_term_text(value) for value in row)


def _write_terms(db: sqlite3.Connection, store: Store, graph: str, to_curie: Callable[[str], str]) -> None:
    """Write label, definition, obsolescence, replacement and identifier of every term."""
    found: dict[str, list[str | int]] = defaultdict(lambda: ["", "", 0, ""])
    about = {
        RDFS["label"].value: 0,
        SKOS["prefLabel"].value: 0,
        OBO["IAO_0000115"].value: 1,
        SKOS["definition"].value: 1,
        OBO["IAO_0100001"].value: 3,
    }
    values = " ".join(f"<{predicate}>" for predicate in about)
    for iri, predicate, value in _select_values(
        store, graph, f"VALUES ?b {{ {values} }} ?a ?b ?c FILTER(isIRI(?a))"
    ):
        found[iri][about[predicate]] = value
    for iri, *_ in _select_values(
        store, graph, f'?a {OWL["deprecated"]} ?b FILTER(STR(?b) IN ("true", "1"))'
    ):
        found[iri][2] = 1
    rows = ((iri, *rest, to_curie(iri)) for iri, rest in found.items())
    db.executemany("INSERT INTO term VALUES (?, ?, ?, ?, ?, ?)", rows)


def _write_names(db: sqlite3.Connection, store: Store, graph: str, folder: Path) -> None:
    """Write every name, its normal form and bag of words, and the trigrams of the normal forms."""
    numbers: dict[str, int] = {}
    values = " ".join(f"<{predicate}>" for predicate in NAME_KINDS)
    rows: list[tuple[int, str, str, str, str]] = []
    for iri, predicate, name in _select_values(
        store, graph, f"VALUES ?b {{ {values} }} ?a ?b ?c FILTER(isIRI(?a))"
    ):
        if norm := normalize_name(name):
            number = numbers.setdefault(norm, len(numbers))
            rows.append((number, make_word_bag(norm), iri, NAME_KINDS[predicate], name))
    db.executemany("INSERT INTO name VALUES (?, ?, ?, ?, ?)", rows)
    db.executemany("INSERT INTO norm VALUES (?, ?)", ((number, norm) for norm, number in numbers.items()))
    trigrams.build_trigram_index(list(numbers)).save(folder)


#: table -> the predicates whose values it holds
_LINK_PREDICATES = {
    "xref": f"{OBOINOWL['hasDbXref']} {SKOS['exactMatch']}",
    "former": str(OBOINOWL["hasAlternativeId"]),
}


def _write_links(db: sqlite3.Connection, store: Store, graph: str, to_curie: Callable[[str], str]) -> None:
    """Write cross-references, alternative identifiers among them, and named parents."""
    for table, predicates in _LINK_PREDICATES.items():
        rows = _select_values(store, graph, f"VALUES ?c {{ {predicates} }} ?b ?c ?a FILTER(isIRI(?b))")
        db.executemany(f"INSERT INTO {table} VALUES (?, ?)", ((to_curie(a), b) for a, b, _ in rows))  # noqa: S608 - our names
    rows = _select_values(store, graph, f"?a {RDFS['subClassOf']} ?b FILTER(isIRI(?b))")
    db.executemany("INSERT INTO parent VALUES (?, ?)", ((a, b) for a, b, _ in rows))


def _remove_older_indexes(keep: Path) -> None:
    """Remove the indexes of earlier versions."""
    for old in keep.parent.iterdir():
        if old != keep and not old.name.startswith("."):
            shutil.rmtree(old, ignore_errors=True)
