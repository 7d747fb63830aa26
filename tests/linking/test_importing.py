"""An import is there whole or not at all, described, listed, replaced and removed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import psutil
import pyoxigraph as ox
import pytest
from click.testing import CliRunner

from kg.build.hosted_data import describe_hosted_data
from kg.errors import BadData, NotFound, StoreUnavailable, UserError
from kg.linking.build_overlay import (
    holds_older_build,
    open_build_with_imports,
    outlives_builds,
    prepare_serving_settings,
)
from kg.linking.importing import ImportRequest, choose_import_id, import_file, remove_import
from kg.model.import_registry import (
    ImportedDataset,
    describe_import,
    find_import,
    list_imports,
    parse_descriptions,
)
from kg.namespaces import GRAPH, IMPORT_GRAPH, RDFS, VOID
from kg.settings import Settings
from sparqlhost.store import staging as imports
from sparqlhost.store.disk_store import DiskStore
from sparqlhost.store.staging import open_readonly
from tests.external.samples import FILES, OBO, packed
from tests.outside_samples import import_sample, write_samples

KG = Path(sys.executable).with_name("kg")


def bring(settings: Settings, path: Path, id: str = "", version: str = "", licence: str = "") -> None:
    import_file(
        path, ImportRequest(path.name, id, version, licence), settings.locate_import_store(), settings
    )


def sample(folder: Path, name: str = "zz.obo", text: str = OBO) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def count(settings: Settings, ident: str = "zz") -> int:
    with open_readonly(settings.locate_import_store()) as store:
        return len(list(store.read_graph(IMPORT_GRAPH[ident])))


def kg(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [KG, *arguments], env=environment(settings), capture_output=True, text=True, check=False
    )


def environment(settings: Settings) -> dict[str, str]:
    own = {"KG_IMPORTS_DIR": str(settings.imports_dir), "KG_BUILD_DIR": str(settings.build_dir)}
    return {**os.environ, **own}


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, at most 30 seconds."""
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def read_bytes(pid: int, path: Path) -> int:
    """Return how far a process has read an open file."""
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            if link.readlink() == path:
                return int(Path(f"/proc/{pid}/fdinfo/{link.name}").read_text().split()[1])
    return 0


def test_a_description_is_read_back_as_it_was_written() -> None:
    counted = {"triples": 7, "terms": 2, "skipped": 3}
    made = [
        ImportedDataset(
            name, "T", "a.obo", "obo", "1", "CC0", "f" * 64, "2026-11-25T00:00:00+00:00", **counted
        )
        for name in ("b", "a")
    ]
    triples = [quad.triple for dataset in made for quad in describe_import(dataset)]
    assert parse_descriptions(triples) == (made[1], made[0])
    incomplete = [t for t in triples if t.predicate != VOID["triples"]]
    assert parse_descriptions(incomplete) == ()


def test_an_import_is_described_with_source_version_licence_checksum_and_counts(
    own: Settings, tmp_path: Path
) -> None:
    path = sample(tmp_path)
    bring(own, path)
    with open_readonly(own.locate_import_store()) as store:
        (made,) = list_imports(store)
    assert (made.id, made.source, made.version, made.licence) == ("zz", "zz.obo", "2.5", "CC0")
    assert made.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert made.triples == count(own)
    assert made.terms == 4
    assert made.format == "obo"


def test_what_the_user_says_of_version_and_licence_wins(own: Settings, tmp_path: Path) -> None:
    bring(own, sample(tmp_path), version="9", licence="mine", id="other")
    with open_readonly(own.locate_import_store()) as store:
        made = find_import(store, "other")
    assert (made.version, made.licence) == ("9", "mine")


def test_the_file_name_gives_the_id_without_date_and_suffix() -> None:
    names = {
        "hp-2025-01-16.obo.gz": "hp",
        "mondo.nt.gz": "mondo",
        "pathbank-2.0.obo.gz": "pathbank",
        "WHO ATC-DDD 2026-04-25.csv": "who-atc-ddd",
        "https://example.org/a/doid.owl?x=1": "doid",
        "pharmgkb.drug.obo": "pharmgkb.drug",
    }
    assert {name: choose_import_id(ImportRequest(name)) for name in names} == names


@pytest.mark.parametrize("ident", ["../x", "A", "x y", "", "-"])
def test_an_id_that_is_no_name_is_refused(ident: str) -> None:
    with pytest.raises(BadData, match="cannot name"):
        choose_import_id(ImportRequest("???", ident))


def test_an_import_stands_beside_the_graph_and_outside_its_default(own: Settings, tmp_path: Path) -> None:
    bring(own, sample(tmp_path))
    with open_build_with_imports(own) as store:
        imported = f'GRAPH {IMPORT_GRAPH["zz"]} {{ ?s ?p "gadget" }}'
        gadgets = f'SELECT ?s {{ {{ ?s ?p "gadget" }} UNION {{ {imported} }} }}'
        assert len(store.select(gadgets)) == 1
        assert len(store.select("SELECT ?s { ?s a <https://w3id.org/rrall-kg/ont#DrugTherapy> }")) > 5


def test_a_server_with_imports_serves_their_directory(own: Settings, tmp_path: Path) -> None:
    assert prepare_serving_settings(own).store == "memory:"
    bring(own, sample(tmp_path))
    assert prepare_serving_settings(own).store == str(own.locate_import_store())


def test_a_second_import_of_the_same_name_replaces_the_first_whole(own: Settings, tmp_path: Path) -> None:
    bring(own, sample(tmp_path))
    bring(own, sample(tmp_path, "zz.nt", FILES["zz.nt"]))
    assert count(own) == 3
    with open_readonly(own.locate_import_store()) as store:
        assert [made.format for made in list_imports(store)] == ["ntriples"]


def test_a_large_graph_is_replaced_by_copying_the_others(
    own: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "SMALL_GRAPH_SIZE", 2)
    bring(own, sample(tmp_path), id="kept")
    before = count(own, "kept")
    bring(own, sample(tmp_path))
    bring(own, sample(tmp_path, "zz.nt", FILES["zz.nt"]))
    assert (count(own, "kept"), count(own)) == (before, 3)
    with open_build_with_imports(own) as store:
        assert len(store.graph_names()) > 100


def test_a_broken_file_leaves_the_earlier_import_as_it_was(own: Settings, tmp_path: Path) -> None:
    bring(own, sample(tmp_path))
    before = count(own)
    with pytest.raises(BadData):
        bring(own, sample(tmp_path, "zz.obo", OBO + "\n[Term]\nid: ZZ:9\nis_a: !\n"))
    assert count(own) == before
    assert [path.name for path in own.imports_dir.iterdir()] == ["store"]


def test_a_broken_last_line_of_triples_has_its_place(own: Settings, tmp_path: Path) -> None:
    with pytest.raises(BadData) as caught:
        bring(own, sample(tmp_path, "zz.nt", FILES["zz.nt"] + "<http://a> <http://b>"))
    assert caught.value.line == 4
    assert "--lenient" in caught.value.hint


def test_a_removed_import_leaves_nothing_of_itself(own: Settings, tmp_path: Path) -> None:
    bring(own, sample(tmp_path))
    remove_import("zz", own.locate_import_store())
    with open_readonly(own.locate_import_store()) as store:
        assert list_imports(store) == ()
        assert IMPORT_GRAPH["zz"] not in store.graph_names()
        with pytest.raises(NotFound, match="none yet"):
            find_import(store, "zz")


def test_a_store_that_a_server_holds_is_refused_in_a_sentence(own: Settings, tmp_path: Path) -> None:
    bring(own, sample(tmp_path))
    with (
        DiskStore(own.locate_import_store(), describe_hosted_data(own)),
        pytest.raises(StoreUnavailable, match="Another process has the store open"),
    ):
        bring(own, sample(tmp_path))
    assert count(own) > 3


def test_a_store_is_read_while_its_owner_rewrites_its_files(own: Settings, tmp_path: Path) -> None:
    rewriting = (
        "import sys, pyoxigraph as ox\n"
        "store = ox.Store(sys.argv[1])\n"
        "for i in range(200):\n"
        "    store.add(ox.Quad(ox.NamedNode(f'http://e/{i}'), ox.NamedNode('http://e/p'), ox.Literal(i)))\n"
        "    store.flush()\n"
        "    i % 5 or store.optimize()\n"
        "    i or print('begun', flush=True)\n"
    )
    path = tmp_path / "busy"
    with subprocess.Popen(
        [sys.executable, "-c", rewriting, str(path)], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "begun\n"
        opened = 0
        while owner.poll() is None:
            with open_readonly(path):
                opened += 1
    assert owner.returncode == 0
    assert opened > 3


def test_a_newer_build_takes_the_place_of_the_older_beside_the_imports(own: Settings, tmp_path: Path) -> None:
    bring(own, sample(tmp_path))
    other = tmp_path / "build" / "another"
    other.mkdir(parents=True)
    (other / "graph.nq").write_text(
        "<http://a> <http://b> <http://c> .\n"
        "<http://a> <http://b> <http://c> <https://w3id.org/rrall-kg/graph/ontology> .\n"
    )
    (other / "manifest.json").write_text("{}")
    (tmp_path / "build" / "current").symlink_to("another")
    newer = replace(own, build_dir=tmp_path / "build")
    assert holds_older_build(newer.locate_import_store(), newer)
    bring(newer, sample(tmp_path), id="second")
    with open_readonly(newer.locate_import_store()) as store:
        assert len(list(store.read_graph(None))) == 1
        assert {made.id for made in list_imports(store)} == {"zz", "second"}
    assert not holds_older_build(newer.locate_import_store(), newer)


def test_a_newer_build_is_put_beside_imports_without_copying_them(own: Settings, tmp_path: Path) -> None:
    bring(own, sample(tmp_path))
    path = own.locate_import_store()

    def tables() -> set[int]:
        return {table.stat().st_ino for table in path.glob("*.sst")}

    before = tables()
    graphs = count(own)
    with imports.stage_store(path, keep_graph=outlives_builds) as stage:
        left = {graph.value for graph in stage.store.graph_names()}
    assert left == {IMPORT_GRAPH["zz"].value, GRAPH["imports"].value}
    assert count(own) == graphs
    assert before & tables(), "the files of the imports are linked, not written anew"


# -- the command ---


def test_the_command_imports_lists_and_removes(own: Settings, tmp_path: Path) -> None:
    path = tmp_path / "zz-2026-01-02.obo.zst"
    path.write_bytes(packed(OBO.encode(), ".zst"))
    done = kg(own, "import", str(path), "--licence", "mine")
    assert (done.returncode, done.stdout.split(":")[0]) == (0, "zz")
    (made,) = json.loads(kg(own, "imports", "--json").stdout)
    assert (made["id"], made["licence"], made["version"]) == ("zz", "mine", "2.5")
    assert "zz" in kg(own, "imports").stdout
    assert kg(own, "imports", "remove", "zz").returncode == 0
    assert kg(own, "imports", "remove", "zz").returncode == 1
    assert "No imports" in kg(own, "imports").stdout


def test_the_command_lists_what_it_skipped_by_file_and_line(own: Settings, tmp_path: Path) -> None:
    broken = 'def: "a definition" [whose reference does not end\n'
    text = OBO.replace('def: "A small gadget." [ZZ:me]\n', broken).replace("name: old widget\n", broken)
    path = sample(tmp_path, text=text)
    lines = [number for number, line in enumerate(text.splitlines(), 1) if line + "\n" == broken]
    strict = kg(own, "import", str(path))
    assert strict.returncode == 1
    assert f"{path}:{lines[0]}:" in strict.stderr
    assert "--lenient" in strict.stderr
    lenient = kg(own, "import", "--lenient", str(path))
    assert lenient.returncode == 0
    skipped = [line for line in lenient.stderr.splitlines() if ": skipped: " in line]
    assert [int(line.removeprefix(f"{path}:").split(":")[0]) for line in skipped] == lines
    assert len(lines) == 2
    assert "2 broken parts skipped" in lenient.stdout


def test_the_command_lists_what_it_skipped_of_a_real_file(own: Settings, shared: Path) -> None:
    lenient = kg(own, "import", "--lenient", str(shared / "ontologies/ontologies/maxo-2024-07-29.obo.gz"))
    assert lenient.returncode == 0
    assert len([line for line in lenient.stderr.splitlines() if ": skipped: " in line]) == 49
    assert "49 broken parts skipped" in lenient.stdout


def test_a_missing_file_is_one_sentence_and_code_1(own: Settings) -> None:
    done = kg(own, "import", "nowhere.obo")
    assert done.returncode == 1
    assert "no such file" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_program_with_threads_imports_too(own: Settings, tmp_path: Path) -> None:
    """The child that it forked waited without end for threads of the store, which a fork does not copy."""
    bring(own, sample(tmp_path))
    other = tmp_path / "other.obo"
    other.write_text(OBO, "utf-8")
    program = (
        "import sys, pyoxigraph\n"
        f"store = pyoxigraph.Store({str(tmp_path / 'store')!r})\n"  # starts the threads of RocksDB
        "from kg.cli import main\n"
        f"sys.argv = ['kg', 'import', {str(other)!r}]\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(own), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert count(own, "other") == count(own)


def test_an_interrupted_import_leaves_nothing_behind(own: Settings, tmp_path: Path) -> None:
    bring(own, sample(tmp_path))
    before = count(own)
    big = tmp_path / "zz.nt"
    with big.open("w") as out:
        for number in range(400_000):
            out.write(f"<http://a/{number}> <http://b> <http://c/{number}> .\n")
    # a shell's background job ignores Ctrl-C, and so would what is started below it
    heeding = ["env", "--default-signal=INT", str(KG)]
    process = subprocess.Popen(
        [*heeding, "import", str(big)], env=environment(own), stderr=subprocess.PIPE, text=True
    )
    reader = psutil.Process(process.pid)  # a child reads the file, which the command starts
    wait_until(lambda: bool(reader.children()) and read_bytes(reader.children()[0].pid, big) > 1 << 20)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "stopped" in errors
    assert "Traceback" not in errors
    assert [path.name for path in own.imports_dir.iterdir()] == ["store"]
    assert count(own) == before


def test_what_a_killed_import_left_is_swept_by_the_next(own: Settings, tmp_path: Path) -> None:
    left = own.imports_dir / ".store.import-999999999"
    left.mkdir(parents=True)
    bring(own, sample(tmp_path))
    assert not left.exists()


# -- addresses ---


class Files(BaseHTTPRequestHandler):
    """Serves the sample, a redirect to another host, an endless file, and an error."""

    def do_GET(self) -> None:
        if self.path == "/zz.obo":
            self.reply(200, OBO.encode())
        elif self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "http://localhost.invalid/zz.obo")
            self.end_headers()
        elif self.path == "/half.obo":
            self.reply(200, OBO.encode(), len(OBO) + 500)
        elif self.path == "/page.obo":
            self.reply(200, b"<!DOCTYPE html><html></html>")
        else:
            self.reply(404, b"no")

    def reply(self, status: int, body: bytes, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def files() -> object:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_address_is_fetched_on_request(own: Settings, files: str) -> None:
    done = kg(own, "import", f"{files}/zz.obo")
    assert done.returncode == 0
    (made,) = json.loads(kg(own, "imports", "--json").stdout)
    assert (made["id"], made["source"]) == ("zz", f"{files}/zz.obo")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("away", "another host"),
        ("half.obo", "ended|broke off"),
        ("page.obo", "web page"),
        ("none.obo", "404"),
    ],
)
def test_an_address_that_fails_is_one_sentence(own: Settings, files: str, path: str, said: str) -> None:
    from sparqlhost.download import download_file

    own.imports_dir.mkdir()
    address = f"{files}/{path}"

    def fetch() -> None:
        got = download_file(address, own.imports_dir, 10_000, lambda n: None, lambda n: None)
        import_file(got, ImportRequest(address), own.locate_import_store(), own)

    with pytest.raises(UserError, match=said):
        fetch()


def test_a_file_over_the_limit_is_refused(own: Settings, files: str, tmp_path: Path) -> None:
    from sparqlhost.download import download_file

    with pytest.raises(UserError, match="limit"):
        download_file(f"{files}/zz.obo", tmp_path, 100, lambda n: None, lambda n: None)
    with pytest.raises(BadData, match="http and https"):
        download_file("ftp://127.0.0.1/zz.obo", tmp_path, 100, lambda n: None, lambda n: None)


# -- real files of every kind ---


@pytest.mark.parametrize(
    ("name", "triples"),
    [
        ("ontologies/DO_cancer_slim.owl", 14_666),
        ("ontologies/biolink_model.owl.ttl", 20_771),
        ("ontologies/ro.owl", 11_640),
        ("ontologies/maxo-base.owl.gz", 40_470),
        ("mappings/uberon-bridge-to-ncit.owl.gz", 10_274),
        ("drugs/drugcentral-2020-09-18.ofn.gz", 28_377),
    ],
)
def test_real_ontologies_have_the_triples_they_are_known_to_have(
    own: Settings, shared: Path, name: str, triples: int
) -> None:
    bring(own, shared / "ontologies" / name, id="it")
    assert count(own, "it") == triples


def test_a_real_obo_graph_has_its_nodes_and_edges(own: Settings, shared: Path) -> None:
    path = shared / "ontologies/slices/ncit_all_2018.obographs.json"
    bring(own, path, id="ncit")
    graph = json.loads(path.read_text("utf-8"))["graphs"][0]
    with open_readonly(own.locate_import_store()) as store:
        labels = f"SELECT ?s {{ GRAPH {IMPORT_GRAPH['ncit']} {{ ?s {RDFS['label']} ?l }} }}"
        assert len(store.select(labels)) == len(graph["nodes"]) == 278


def test_a_real_mapping_set_keeps_pair_and_justification(own: Settings, shared: Path) -> None:
    bring(own, shared / "ontologies/mappings/mondo_broadmatch_mesh.sssom.tsv.gz", id="it")
    with open_readonly(own.locate_import_store()) as store:
        query = f"""SELECT ?s {{ GRAPH {IMPORT_GRAPH["it"]} {{
          ?s <http://www.w3.org/2004/02/skos/core#broadMatch> ?o .
          FILTER(STRSTARTS(STR(?o), "http://id.nlm.nih.gov/mesh/")) }} }}"""
        assert len(store.select(query)) >= 1
        assert find_import(store, "it").licence.startswith("https://creativecommons.org/")


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--prefix", "hosp"], 0, "hosp: Unknown prefix"),
        (["--prefix", "hosp", "--iri", "https://example.org/code/{id}"], 0, "example.org"),
        (["--iri", "https://example.org/code/"], 2, "one {id}"),
    ],
)
def test_codes_of_ones_own_say_where_they_stand(
    own: Settings, tmp_path: Path, options: list[str], code: int, said: str
) -> None:
    from kg.cli.import_ import import_

    table = tmp_path / "own.csv"
    table.write_text("Code,Name\n17,gadget\n", "utf-8")
    environment = {"KG_IMPORTS_DIR": str(own.imports_dir), "KG_BUILD_DIR": str(own.build_dir)}
    arguments = [str(table), "--columns", "id=Code,label=Name", *options]
    done = CliRunner().invoke(import_, arguments, env=environment)
    assert done.exit_code == code, done.output
    if "{id}" in options[-1]:
        assert "Unknown prefix" not in done.output
        with open_build_with_imports(own) as store:
            assert store.ask('ASK { GRAPH ?g { <https://example.org/code/17> ?p "gadget" } }')
    else:
        assert said in done.output


def test_columns_make_terms_of_a_table(own: Settings, tmp_path: Path) -> None:
    import_sample("atc", write_samples(own.root, tmp_path)["atc"], own)
    with open_readonly(own.locate_import_store()) as store:
        iri = ox.NamedNode("http://purl.bioontology.org/ontology/UATC/N02AA01")
        assert store.ask(f'ASK {{ GRAPH {IMPORT_GRAPH["atc"]} {{ {iri} ?p "morphine" }} }}')
