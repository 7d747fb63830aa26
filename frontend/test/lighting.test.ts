import assert from "node:assert/strict";
import { test } from "node:test";
import { claimsOf, nextSentence, together } from "../src/lib/lighting";

test("an element lights up when it shares a claim, and never for none", () => {
  const own = claimsOf("S05-3 S05-5");
  assert.equal(together(own, claimsOf("S05-5")), true);
  assert.equal(together(own, claimsOf("S06-1")), false);
  assert.equal(together(claimsOf(""), claimsOf("")), false);
});

test("a name leads to its sentences in turn and then to the first again", () => {
  const sentences = ["S06", "S15"];
  assert.equal(nextSentence(sentences, undefined), "S06");
  assert.equal(nextSentence(sentences, "S06"), "S15");
  assert.equal(nextSentence(sentences, "S15"), "S06");
  assert.equal(nextSentence([], undefined), undefined);
});
