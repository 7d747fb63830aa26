// Results as a table: labels that lead to pages, IRIs as CURIEs, chart bars as an HTML table too.

import { h } from "./dom";
import { type Bar, curie, type Results, type Term, text } from "./results";

export interface Names {
  base: string;
  prefixes: Record<string, string>;
  labels: Record<string, string>;
}

/** The page of an IRI: our own path for our own terms, the outside address for others. */
export function pageOf(iri: string, base: string): string {
  return iri.startsWith(base) ? `/${iri.slice(base.length)}` : iri;
}

function cell(term: Term | undefined, names: Names): Node {
  if (!term) return h("span", { class: "unbound" }, "not bound");
  const value = text(term);
  if (term.type !== "uri") return h("span", { class: term.type, lang: term["xml:lang"] ?? false }, value);
  const short = curie(value, names.prefixes);
  const label = names.labels[value];
  const outside = !value.startsWith(names.base);
  const link = h(
    "a",
    {
      href: pageOf(value, names.base),
      title: value,
      class: outside ? "outside" : "inside",
      rel: outside ? "noreferrer external" : false,
    },
    label ?? short,
  );
  return label ? h("span", {}, link, " ", h("code", { class: "curie" }, short)) : link;
}

/** The rows as a table, at most `most` of them drawn; the count of all is said by the caller. */
export function table(results: Results, names: Names, most: number): HTMLElement {
  const columns = results.head.vars ?? [];
  const rows = results.results?.bindings.slice(0, most) ?? [];
  return h(
    "table",
    { class: "results" },
    h("thead", {}, h("tr", {}, ...columns.map((name) => h("th", { scope: "col" }, name)))),
    h(
      "tbody",
      {},
      ...rows.map((row) => h("tr", {}, ...columns.map((name) => h("td", {}, cell(row[name], names))))),
    ),
  );
}

/** Bars as a table whose second column holds a meter: a chart that reads without eyes. */
export function chart(title: string, bars: Bar[], labels: Record<string, string>, names: Names): HTMLElement {
  const most = Math.max(...bars.map((bar) => Math.abs(bar.value)), 1);
  return h(
    "table",
    { class: "chart" },
    h("caption", {}, title),
    h(
      "tbody",
      {},
      ...bars.map(({ label, value }) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, labels[label] ?? curie(label, names.prefixes)),
          h(
            "td",
            {},
            h("meter", { min: 0, max: most, value: Math.abs(value), "aria-label": `${value}` }),
            ` ${value}`,
          ),
        ),
      ),
    ),
  );
}
