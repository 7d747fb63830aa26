import assert from "node:assert/strict";
import { test } from "node:test";
import { fromFragment, toFragment } from "../src/lib/caseState";

test("a case comes back from its fragment", () => {
  const hash = toFragment(
    new Map([
      ["b", "yes"],
      ["a", "yes"],
      ["c", "no"],
    ] as const),
  );
  assert.equal(hash, "#yes=a,b&no=c");
  assert.deepEqual(
    fromFragment(hash),
    new Map([
      ["a", "yes"],
      ["b", "yes"],
      ["c", "no"],
    ]),
  );
});

test("an empty case has no fragment", () => {
  assert.equal(toFragment(new Map()), "");
  assert.equal(fromFragment("").size, 0);
});

test("a fragment that is no case is ignored", () => {
  assert.equal(fromFragment("#yes=<script>,../x&other=1").size, 0);
});
