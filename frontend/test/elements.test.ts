import assert from "node:assert/strict";
import { test } from "node:test";
import { elements, fromNTriples, MOST_NODES } from "../src/lib/elements";
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
  const leaf = { text: "leaf", origin: "text" };
  const data = proofGraph({
    text: "top",
    rule: "r1",
    premises: [leaf, { text: "mid", rule: "r2", premises: [leaf] }],
  });
  assert.equal(data.nodes.length, 3);
  assert.equal(data.edges.length, 3);
  assert.equal(data.nodes[0]?.focus, true);
});
