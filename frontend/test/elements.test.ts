import assert from "node:assert/strict";
import { test } from "node:test";
import { elements, fromNTriples, lines, MOST_NODES } from "../src/lib/elements";
import { proofGraph } from "../src/lib/proof";

test("the focus is drawn even where nodes are cut, and no edge hangs in the air", () => {
  const nodes = Array.from({ length: 200 }, (_, n) => ({
    id: `n${n}`,
    label: "",
    kind: "x",
    focus: n === 199,
  }));
  const edges = [
    { source: "n199", target: "n0", label: "" },
    { source: "n199", target: "n198", label: "" },
  ];
  const drawn = elements({ nodes, edges });
  assert.equal(drawn.filter((one) => one.group === "nodes").length, MOST_NODES);
  assert.equal(drawn[0]?.data.id, "n199");
  assert.equal(drawn.filter((one) => one.group === "edges").length, 1);
});

test("a negative edge has a class of its own", () => {
  const nodes = [
    { id: "a", label: "", kind: "x" },
    { id: "b", label: "", kind: "x" },
  ];
  const drawn = elements({
    nodes,
    edges: [{ source: "a", target: "b", label: "", mark: "inferred", negative: true }],
  });
  assert.equal(drawn[2]?.classes, "inferred negative");
});

test("triples become nodes once and literals stand alone", () => {
  const lines =
    '<http://a> <http://p> <http://b> .\n<http://a> <http://q> "x"@en .\n<http://b> <http://q> "x"@en .\n';
  const data = fromNTriples(lines, (iri) => iri.slice(-1));
  assert.equal(data.edges.length, 3);
  assert.deepEqual(
    data.nodes.map((node) => node.label),
    ["a", "b", "x", "x"],
  );
});

test("a premise used twice is one node with two edges", () => {
  const ref = (label: string) => ({ label, href: `/${label}` });
  const step = (number: number, premises: number[], mark: "inferred" | "asserted" = "inferred") => ({
    number,
    premises,
    mark,
    subject: ref(`s${number}`),
    predicate: ref("p"),
    object: ref("o"),
    kind: premises.length ? ("derived" as const) : ("asserted" as const),
    rule: premises.length ? "prp-spo1" : "",
    anchor: mark === "asserted" ? { claim: ref("claim"), sentence: null } : null,
  });
  const data = proofGraph({ proofs: [{ steps: [step(1, [2, 3]), step(2, [3]), step(3, [], "asserted")] }] });
  assert.equal(data.nodes.length, 3);
  assert.deepEqual(
    data.edges.map((edge) => edge.mark),
    ["inferred", "asserted", "asserted"],
  );
  assert.equal(data.nodes[0]?.focus, true);
  assert.equal(data.nodes[2]?.href, "/claim");
});

test("a box is as high as its label has lines, and a claim goes by its number", () => {
  assert.equal(lines("pain"), 1);
  assert.equal(lines("more intensive doses of drugs"), 2);
  const ref = (label: string, href: string) => ({ label, href });
  const step = {
    number: 1,
    premises: [],
    mark: "asserted" as const,
    origin: "ontology",
    subject: ref("Something long is said of a thing.", "/claim/S15-1"),
    predicate: ref("applies to", "/ont#appliesTo"),
    object: ref("pain", "/problem/Pain"),
    kind: "asserted" as const,
    rule: "",
    anchor: null,
  };
  const data = proofGraph({ proofs: [{ steps: [step] }] });
  assert.equal(data.nodes[0]?.label, "claim S15-1 applies to pain");
});
