import assert from "node:assert/strict";
import { test } from "node:test";
import { offers, place, type Terms, withPrefixes } from "../src/lib/completion";

const terms: Terms = {
  prefixes: { kg: "http://x/ont#", int: "http://x/intervention/" },
  classes: [{ curie: "kg:Claim", iri: "http://x/ont#Claim", label: "claim" }],
  properties: [{ curie: "kg:offers", iri: "http://x/ont#offers", label: "offers", count: 3 }],
  entities: [{ curie: "int:A", iri: "http://x/intervention/A", label: "A" }],
};
const labels = (before: string, word: string) => offers(terms, before, word).map((offer) => offer.label);

test("the place in a triple is told from what stands before", () => {
  assert.equal(place("SELECT * WHERE { "), "subject");
  assert.equal(place("SELECT * WHERE { ?c "), "predicate");
  assert.equal(place("SELECT * WHERE { ?c kg:offers "), "object");
  assert.equal(place("SELECT * WHERE { ?c kg:offers ?i ; "), "predicate");
  assert.equal(place("SELECT * WHERE { ?c kg:offers ?i . "), "subject");
  assert.equal(place('SELECT * WHERE { ?c kg:cue "a. b; c" . ?d '), "predicate");
});

test("a predicate is completed with properties, not with entities", () => {
  const found = labels("SELECT * { ?c ", "kg:o");
  assert.ok(found.includes("kg:offers"));
  assert.ok(!found.includes("int:A"));
});

test("after a comes a class, elsewhere an object is an entity", () => {
  assert.ok(labels("SELECT * { ?c a ", "kg:").includes("kg:Claim"));
  assert.ok(!labels("SELECT * { ?c a ", "kg:").includes("int:A"));
  assert.ok(labels("SELECT * { ?c kg:offers ", "int").includes("int:A"));
});

test("variables are those of this query", () => {
  assert.deepEqual(labels("SELECT ?drug { ?c kg:offers ?drug . ", "?"), ["?drug", "?c"]);
});

test("missing prefixes are declared, declared ones are not repeated", () => {
  const query = 'PREFIX kg: <http://x/ont#>\nSELECT * { ?c kg:offers int:A ; kg:cue "sit:x" }';
  assert.equal(
    withPrefixes(query, { ...terms.prefixes, sit: "http://x/s/" }),
    `PREFIX int: <http://x/intervention/>\n${query}`,
  );
  assert.equal(withPrefixes("ASK { ?s ?p 'kg:x' }", terms.prefixes), "ASK { ?s ?p 'kg:x' }");
});
