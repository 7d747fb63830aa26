// SPARQL 1.1 results in JSON, and what can be read off them before they are drawn.

export interface Term {
  type: "uri" | "literal" | "bnode" | "triple";
  value: string | { subject: Term; predicate: Term; object: Term };
  datatype?: string;
  "xml:lang"?: string;
}

export interface Results {
  head: { vars?: string[] };
  boolean?: boolean;
  results?: { bindings: Record<string, Term>[] };
}

export interface Bar {
  label: string;
  value: number;
}

/** The text of a term as a reader sees it. */
export function text(term: Term): string {
  if (typeof term.value === "string") return term.value;
  const { subject, predicate, object } = term.value;
  return `<<( ${text(subject)} ${text(predicate)} ${text(object)} )>>`;
}

/** Shorten an IRI by the longest namespace that fits; the IRI itself where none does. */
export function curie(iri: string, prefixes: Record<string, string>): string {
  let best: [string, string] | undefined;
  for (const [prefix, namespace] of Object.entries(prefixes)) {
    if (iri.startsWith(namespace) && namespace.length > (best?.[1].length ?? 0)) best = [prefix, namespace];
  }
  return best ? `${best[0]}:${iri.slice(best[1].length)}` : iri;
}

const NUMERIC = /#(integer|decimal|double|float|int|long|short|byte|nonNegativeInteger|positiveInteger)$/;

/** Whether every bound value of a column is a number. */
function numeric(rows: Record<string, Term>[], name: string): boolean {
  const bound = rows.map((row) => row[name]).filter((term) => term !== undefined);
  return bound.length > 0 && bound.every((term) => NUMERIC.test(term.datatype ?? ""));
}

/** The bars a result can be drawn as: a numeric column by the first other, else counts of a repeated one. */
export function bars(results: Results, most = 40): { title: string; bars: Bar[] } | undefined {
  const names = results.head.vars ?? [];
  const rows = results.results?.bindings ?? [];
  const value = names.find((name) => numeric(rows, name));
  const label = names.find((name) => name !== value && rows.some((row) => row[name]));
  if (rows.length < 2 || !label) return undefined;
  if (value) return { title: `${value} by ${label}`, bars: measured(rows, label, value).slice(0, most) };
  return counted(names, rows, most);
}

/** One bar a row: its label and its number. */
function measured(rows: Record<string, Term>[], label: string, value: string): Bar[] {
  return rows.flatMap((row) => {
    const number = row[value];
    const name = row[label];
    return number && name ? [{ label: text(name), value: Number(text(number)) }] : [];
  });
}

/** Rows counted by the column with the fewest values, if values repeat at all. */
function counted(names: string[], rows: Record<string, Term>[], most: number): ReturnType<typeof bars> {
  const tallies = names.map((name) => {
    const tally = new Map<string, number>();
    for (const row of rows) {
      const term = row[name];
      if (term) tally.set(text(term), (tally.get(text(term)) ?? 0) + 1);
    }
    return { name, tally };
  });
  const fit = tallies.filter(({ tally }) => tally.size > 1 && tally.size < rows.length);
  fit.sort((a, b) => a.tally.size - b.tally.size);
  const chosen = fit[0];
  if (!chosen) return undefined;
  const found = [...chosen.tally].map(([label, value]) => ({ label, value }));
  return {
    title: `rows by ${chosen.name}`,
    bars: found.sort((a, b) => b.value - a.value).slice(0, most),
  };
}

/** Mark a cell that a spreadsheet would run as a formula, and quote what CSV needs quoted. */
export function csvCell(value: string): string {
  const guarded = /^[=+\-@\t\r]/.test(value) && !/^[+-]?\d/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

/** The rows as CSV with a label column beside each column of IRIs. */
export function csv(results: Results, labels: Record<string, string>): string {
  const names = results.head.vars ?? [];
  const rows = results.results?.bindings ?? [];
  const labelled = names.filter((name) => rows.some((row) => labels[text(row[name] ?? EMPTY)]));
  const header = names.flatMap((name) => (labelled.includes(name) ? [name, `${name} label`] : [name]));
  const lines = rows.map((row) =>
    names.flatMap((name) => {
      const value = text(row[name] ?? EMPTY);
      return labelled.includes(name) ? [value, labels[value] ?? ""] : [value];
    }),
  );
  return [header, ...lines].map((line) => line.map(csvCell).join(",")).join("\r\n");
}

const EMPTY: Term = { type: "literal", value: "" };
