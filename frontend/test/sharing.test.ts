import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { read, remembered } from "../src/lib/history";
import { SNIPPETS, sharedQuery, shareLink } from "../src/lib/snippets";

const HARD = 'SELECT * { ?s ?p \'it\'\'s "quoted" \\\\ $HOME `id` """\' } # ü\n';

test("a shared link carries the query back whole", () => {
  assert.equal(sharedQuery(new URL(shareLink("http://h/sparql", HARD)).hash), HARD);
  assert.equal(sharedQuery("#other"), undefined);
});

test("each snippet names the endpoint", () => {
  assert.equal(Object.keys(SNIPPETS).length, 5);
  for (const make of Object.values(SNIPPETS))
    assert.ok(make("http://h/sparql", "ASK {}").includes("http://h/sparql"));
});

test("the shell gives curl the query to the letter", () => {
  const code = SNIPPETS.curl?.("http://h/sparql", HARD) ?? "";
  const seen = execFileSync("sh", [
    "-c",
    `curl() { for a; do last=$a; done; printf %s "$last"; }\n${code}`,
  ]).toString();
  assert.equal(seen, `query=${HARD}`);
});

test("Python reads the query to the letter", () => {
  const code = SNIPPETS["Python (rdflib)"]?.("http://h/sparql", HARD) ?? "";
  const literal = /graph\.query\((.*)\):\n/s.exec(code)?.[1] ?? "";
  const seen = execFileSync("python3", [
    "-c",
    `import sys; sys.stdout.buffer.write((${literal}).encode())`,
  ]).toString();
  assert.equal(seen, HARD);
});

test("the history keeps a query once, the newest first, and at most thirty", () => {
  const many = Array.from({ length: 40 }, (_, n) => ({ query: `q${n}`, at: "" }));
  const kept = many.reduce<{ query: string; at: string }[]>((list, entry) => remembered(list, entry), []);
  assert.equal(kept.length, 30);
  assert.equal(remembered(kept, { query: "q20", at: "" })[0]?.query, "q20");
  assert.equal(remembered(kept, { query: "q20", at: "" }).filter((entry) => entry.query === "q20").length, 1);
});

test("a damaged history is an empty one", () => {
  const store = { getItem: () => "{broken" } as unknown as Storage;
  assert.deepEqual(read(store, "k"), []);
});
