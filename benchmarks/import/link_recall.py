"""How many accepted links `kg link` would have proposed, and how long it takes over MONDO, ChEBI and HP.

Run: python benchmarks/import/link_recall.py
Each accepted row is held out: its own verdict does not count as a reason, those of other vocabularies do.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from kg.linking.candidates import Candidate, JudgedMappings, LinkableEntity, find_candidates
from kg.linking.importing import ImportRequest, import_file
from kg.linking.name_index import NameIndex
from kg.linking.workbench import Workbench, open_workbench
from kg.model.mapping_sets import MappingRow
from kg.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "ontologies"
FILES = {
    "MONDO": SHARED / "ontologies" / "mondo.nt.gz",
    "HP": SHARED / "ontologies" / "hp-2025-01-16.obo.gz",
    "CHEBI": SHARED / "large" / "chebi.nt.gz",
}
DEPTHS = (1, 5)


def timed(what: str, began: float, cpu: float) -> None:
    print(f"{what:44} {time.monotonic() - began:8.1f} s  {time.process_time() - cpu:8.1f} cpu s", flush=True)


def held_out(bench: Workbench, row: MappingRow) -> JudgedMappings:
    """Return what was judged but for the rows of one entity in one vocabulary."""
    prefix = row.object_id.partition(":")[0]
    judged = JudgedMappings.from_mappings(bench.mappings)
    others = tuple(
        o for o in judged.equivalent_targets.get(row.subject_id, ()) if not o.startswith(f"{prefix}:")
    )
    linked = {
        subject: objects for subject, objects in judged.broader_targets.items() if subject != row.subject_id
    }
    rows = tuple(r for r in judged.accepted_rows.get(row.subject_id, ()) if not r[1].startswith(f"{prefix}:"))
    return JudgedMappings({}, {row.subject_id: others}, linked, {row.subject_id: rows})


def offered(bench: Workbench, entity: LinkableEntity, own: NameIndex, row: MappingRow) -> list[Candidate]:
    """Return what one import offers for an entity; the others only lead to it."""
    indexes = sorted(bench.indexes, key=lambda index: index is not own)
    every = find_candidates(entity, indexes, held_out(bench, row), bench.curies, top=max(DEPTHS))
    return [c for c in every if c.imported == own.imported.id]


def precision(firsts: dict[str, dict[str, bool]]) -> None:
    """Say how often the first candidate of an entity with accepted rows is one of them."""
    for prefix, right in sorted(firsts.items()):
        print(f"precision at 1, {prefix}: {sum(right.values())} of {len(right)} entities")


def recall(bench: Workbench) -> None:
    hits: dict[tuple[str, str, int], int] = defaultdict(int)
    total: dict[tuple[str, str], int] = defaultdict(int)
    entities = {entity.curie: entity for entity in bench.entities}
    accepted = {row.subject_and_object for row in bench.mappings.rows()}
    firsts: dict[str, dict[str, bool]] = defaultdict(dict)
    missing: list[str] = []
    for row in bench.mappings.rows():
        prefix = row.object_id.partition(":")[0]
        index = [i for i in bench.indexes if i.imported.id == prefix.lower()]
        if not index or row.subject_id not in entities:
            continue
        if index[0].find_term_by_curie(row.object_id) is None:
            missing.append(row.object_id)
            continue
        found = offered(bench, entities[row.subject_id], index[0], row)
        if found:
            firsts[prefix][row.subject_id] = (row.subject_id, found[0].curie) in accepted
        place = next((i for i, c in enumerate(found) if c.curie == row.object_id), 99)
        for kind in (row.predicate_id, "any"):
            total[prefix, kind] += 1
            for depth in DEPTHS:
                hits[prefix, kind, depth] += place < depth
    print(f"\n{'vocabulary':12} {'match':18} {'rows':>5}" + "".join(f" {'at ' + str(d):>7}" for d in DEPTHS))
    for (prefix, kind), rows in sorted(total.items()):
        shares = "".join(f" {hits[prefix, kind, depth] / rows:7.2f}" for depth in DEPTHS)
        print(f"{prefix:12} {kind:18} {rows:5}{shares}")
    precision(firsts)
    print(f"not in the imported files, so out of reach and not counted above: {missing or 'none'}")
    for depth in DEPTHS:
        every = sum(rows for (_, kind), rows in total.items() if kind == "any")
        hit = sum(n for (_, kind, d), n in hits.items() if kind == "any" and d == depth)
        print(f"recall at {depth}: {hit / every:.2f} ({hit} of {every} within reach)", end="; ")
        print(f"of all rows of these vocabularies {hit / (every + len(missing)):.2f}")


def main() -> None:
    if not all(path.exists() for path in FILES.values()):
        sys.exit("skipped: the ontologies are not beside the project")
    with tempfile.TemporaryDirectory(prefix="kg-bench-") as folder:
        settings = replace(Settings(), imports_dir=Path(folder))
        for name, path in FILES.items():
            began, cpu = time.monotonic(), time.process_time()
            request = ImportRequest(path.name, name.lower())
            import_file(path, request, settings.locate_import_store(), settings)
            timed(f"import {path.name}", began, cpu)
        began, cpu = time.monotonic(), time.process_time()
        with open_workbench(settings) as bench:
            timed("index, once", began, cpu)
            began, cpu = time.monotonic(), time.process_time()
            found = sum(len(bench.find_candidates(entity)) for entity in bench.entities)
            timed(f"link {len(bench.entities)} entities, {found} candidates", began, cpu)
            recall(bench)


if __name__ == "__main__":
    main()
