import assert from "node:assert/strict";
import { test } from "node:test";
import { bars, csv, csvCell, curie, type Results, text } from "../src/lib/results";

const uri = (value: string) => ({ type: "uri" as const, value });
const number = (value: number) => ({
  type: "literal" as const,
  value: String(value),
  datatype: "http://www.w3.org/2001/XMLSchema#integer",
});
const rows = (...bindings: NonNullable<Results["results"]>["bindings"]): Results => ({
  head: { vars: ["a", "n"] },
  results: { bindings },
});

test("an IRI is shortened by the longest namespace that fits", () => {
  const prefixes = { b: "http://x/", c: "http://x/claim/" };
  assert.equal(curie("http://x/claim/S07-1", prefixes), "c:S07-1");
  assert.equal(curie("http://y/z", prefixes), "http://y/z");
});

test("a numeric column is charted by the first other column", () => {
  const drawn = bars(rows({ a: uri("u"), n: number(2) }, { a: uri("v"), n: number(1) }));
  assert.deepEqual(drawn, {
    title: "n by a",
    bars: [
      { label: "u", value: 2 },
      { label: "v", value: 1 },
    ],
  });
});

test("without numbers, repeated values are counted", () => {
  const found = bars({
    head: { vars: ["a"] },
    results: { bindings: [{ a: uri("u") }, { a: uri("v") }, { a: uri("u") }] },
  });
  assert.deepEqual(found?.bars, [
    { label: "u", value: 2 },
    { label: "v", value: 1 },
  ]);
});

test("nothing is charted where nothing repeats or only one row stands", () => {
  assert.equal(
    bars({ head: { vars: ["a"] }, results: { bindings: [{ a: uri("u") }, { a: uri("v") }] } }),
    undefined,
  );
  assert.equal(bars(rows({ a: uri("u"), n: number(2) })), undefined);
});

test("a cell a spreadsheet would run is guarded, a negative number is not", () => {
  assert.equal(csvCell("=1+1"), "'=1+1");
  assert.equal(csvCell("@cmd"), "'@cmd");
  assert.equal(csvCell("-5"), "-5");
  assert.equal(csvCell('a "b", c'), '"a ""b"", c"');
});

test("CSV has a label column beside a column of labelled IRIs only", () => {
  const out = csv(rows({ a: uri("u"), n: number(2) }), { u: "Label, u" });
  assert.equal(out, 'a,a label,n\r\nu,"Label, u",2');
});

test("a triple term reads as one", () => {
  const value = { subject: uri("s"), predicate: uri("p"), object: uri("o") };
  assert.equal(text({ type: "triple", value }), "<<( s p o )>>");
});
