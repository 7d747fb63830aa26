// The SPARQL page: editor, run and cancel, answer as table, chart or graph, downloads, history, sharing.

import type { Terms } from "./lib/completion";
import { withPrefixes } from "./lib/completion";
import { all, copyText, download, h } from "./lib/dom";
import { type Entry, read, remembered, write } from "./lib/history";
import { bars, csv, curie, type Results } from "./lib/results";
import { SNIPPETS, sharedQuery, shareLink } from "./lib/snippets";
import { sparqlView } from "./lib/sparqlView";
import { chart, type Names, table } from "./lib/table";

const MOST_ROWS = 1000;
/** more triples than this are folded away under their drawing */
const MOST_LINES = 12;

const holder = document.querySelector<HTMLElement>("#editor");
if (holder) start(holder);

function start(holder: HTMLElement): void {
  const area = document.querySelector<HTMLTextAreaElement>("textarea[name=query]");
  if (!area) return;
  const endpoint = holder.dataset.endpoint ?? "/sparql";
  const terms: Promise<Terms> = fetch(holder.dataset.terms ?? "/api/terms").then(
    (answer) => answer.json() as Promise<Terms>,
  );
  const versionKey = `rrall-kg.history.${holder.dataset.version ?? ""}`;
  const view = sparqlView({
    parent: holder,
    text: sharedQuery(location.hash) ?? area.value,
    labelledBy: "SPARQL query",
    terms,
    validate: (query) => validate(holder.dataset.validate ?? "/validate", terms, query),
    run: () => void run(),
  });
  hideFormField(area);
  const query = () => view.state.doc.toString();
  const put = (value: string) => {
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: value } });
    view.focus();
  };
  const bar = toolbar(holder, {
    run: () => void run(),
    prefixes: () => void terms.then((known) => put(withPrefixes(query(), known.prefixes))),
    share: (button) => void copyText(shareLink(location.origin + location.pathname, query()), button),
    copyAs: (name, button) =>
      void copyText(SNIPPETS[name]?.(new URL(endpoint, location.href).href, query()) ?? "", button),
  });
  const answer =
    document.querySelector<HTMLElement>("#answer") ??
    holder.parentElement?.appendChild(h("section", { id: "answer" }));
  const past = historyList(holder, versionKey, put);
  for (const link of all<HTMLElement>("[data-query]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      put(link.dataset.query ?? "");
    });
  }

  async function run(): Promise<void> {
    const asked = withPrefixes(query(), (await terms).prefixes);
    if (asked !== query()) put(asked);
    const id = crypto.randomUUID().replaceAll("-", "").slice(0, 16);
    bar.running(
      true,
      () => void fetch(`${endpoint}/cancel`, { method: "POST", body: new URLSearchParams({ id }) }),
    );
    const begun = performance.now();
    answer?.replaceChildren(h("p", { class: "summary", role: "status" }, "Running…"));
    try {
      const got = await ask(endpoint, asked, id);
      await show(answer ?? holder, got, Math.round(performance.now() - begun), await terms);
      past.add({
        query: asked,
        at: new Date().toISOString(),
        ...(got.rows !== undefined && { rows: got.rows }),
      });
    } catch {
      answer?.replaceChildren(
        problem({
          title: "The server did not answer",
          detail: "Your query is still here. See whether the server runs, then run it again.",
        }),
      );
    } finally {
      bar.running(false);
    }
  }
}

/** The plain form field gives way to the editor; without this script it is what the reader uses. */
function hideFormField(area: HTMLTextAreaElement): void {
  const form = area.closest<HTMLElement>("form");
  if (form) form.hidden = true;
}

async function validate(address: string, terms: Promise<Terms>, query: string) {
  const whole = withPrefixes(query, (await terms).prefixes);
  const added = whole.split("\n").length - query.split("\n").length;
  const answer = await fetch(address, { method: "POST", body: new URLSearchParams({ query: whole }) });
  if (!answer.ok) return { ok: true };
  const verdict = (await answer.json()) as { ok: boolean; line?: number; column?: number; message?: string };
  return { ...verdict, line: (verdict.line ?? 1) - added };
}

interface Got {
  type: string;
  body: string;
  ok: boolean;
  truncated: string | null;
  rows?: number;
}

const ACCEPT = "application/sparql-results+json, application/n-triples;q=0.9, application/problem+json;q=0.8";

async function ask(endpoint: string, query: string, id: string): Promise<Got> {
  const answer = await fetch(endpoint, {
    method: "POST",
    headers: { Accept: ACCEPT, "X-Query-Id": id },
    body: new URLSearchParams({ query }),
  });
  return {
    type: (answer.headers.get("Content-Type") ?? "").split(";")[0] ?? "",
    body: await answer.text(),
    ok: answer.ok,
    truncated: answer.headers.get("X-Result-Truncated"),
  };
}

async function show(region: HTMLElement, got: Got, milliseconds: number, terms: Terms): Promise<void> {
  if (!got.ok) {
    fill(region, problem(parsed(got.body)));
    return;
  }
  const labels = Object.fromEntries(
    [...terms.classes, ...terms.properties, ...terms.entities].map((term) => [term.iri, term.label]),
  );
  const base = terms.prefixes.kg?.replace(/ont#$/, "") ?? location.origin;
  const names: Names = { base, prefixes: terms.prefixes, labels };
  if (got.type === "application/n-triples") return showGraph(region, got, milliseconds, names);
  const results = JSON.parse(got.body) as Results;
  if (results.boolean !== undefined) {
    fill(
      region,
      summary(got, milliseconds, ""),
      h("p", { class: "verdict" }, results.boolean ? "Yes" : "No"),
    );
    return;
  }
  got.rows = results.results?.bindings.length ?? 0;
  const drawn = bars(results);
  fill(
    region,
    summary(
      got,
      milliseconds,
      got.rows > MOST_ROWS ? `the first ${MOST_ROWS} are shown; a download has all` : "",
    ),
    downloads(got, () => csv(results, labels)),
    drawn ? h("details", {}, h("summary", {}, "Chart"), chart(drawn.title, drawn.bars, labels, names)) : null,
    got.rows
      ? h(
          "div",
          { class: "scroll", tabindex: 0, role: "region", "aria-label": "Result rows" },
          table(results, names, MOST_ROWS),
        )
      : empty(),
  );
}

/** Put parts in the place of what a region shows; absent ones are left out. */
function fill(region: HTMLElement, ...parts: (Node | null)[]): void {
  region.replaceChildren(...parts.filter((part) => part !== null));
}

function empty(): HTMLElement {
  return h(
    "p",
    { class: "empty" },
    "No rows: the graph holds nothing that fits. Check names by completion (Ctrl+Space).",
  );
}

async function showGraph(region: HTMLElement, got: Got, milliseconds: number, names: Names): Promise<void> {
  const { fromNTriples } = await import("./lib/elements");
  const data = fromNTriples(got.body, (iri) => names.labels[iri] ?? curie(iri, names.prefixes));
  got.rows = data.edges.length;
  const picture = h("div", {
    class: "graph",
    role: "img",
    tabindex: 0,
    "aria-label": "The triples as a drawing; the same stand in the list below",
  });
  picture.classList.add("drawn", ...(data.nodes.length > 7 ? ["tall"] : []));
  fill(
    region,
    summary(got, milliseconds, "", "triple"),
    downloads(got),
    picture,
    h(
      "details",
      { open: data.edges.length <= MOST_LINES },
      h("summary", {}, "The same as N-Triples"),
      h("pre", { class: "triples", tabindex: 0 }, got.body.slice(0, 200_000)),
    ),
  );
  const { draw } = await import("./lib/drawing");
  for (const node of data.nodes)
    if (node.href?.startsWith(names.base)) node.href = `/${node.href.slice(names.base.length)}`;
  draw(picture, data);
}

/** Time, rows, and whether anything was cut: always said. */
function summary(got: Got, milliseconds: number, note: string, unit = "row"): HTMLElement {
  const rows = got.rows === undefined ? "" : `${got.rows} ${unit}${got.rows === 1 ? "" : "s"}`;
  const parts = [rows, `${milliseconds} ms`, note].filter(Boolean);
  const cut = got.truncated
    ? h(
        "strong",
        { class: "cut" },
        ` The answer was cut by the server's row limit (${got.truncated}); more rows exist.`,
      )
    : null;
  return h("p", { class: "summary", role: "status" }, parts.join(" · "), cut);
}

interface Trouble {
  title: string;
  detail: string;
  next?: string;
}

function parsed(body: string): Trouble {
  try {
    return JSON.parse(body) as Trouble;
  } catch {
    return { title: "The answer is not readable", detail: body.slice(0, 300) };
  }
}

function problem(found: Trouble): HTMLElement {
  return h(
    "div",
    { class: "problem", role: "alert" },
    h("h2", {}, found.title),
    h("p", {}, [found.detail, found.next].filter(Boolean).join(" ")),
  );
}

function downloads(got: Got, asCsv?: () => string): HTMLElement {
  const save = (label: string, name: string, type: string, body: () => string) =>
    h("button", { type: "button", onclick: () => download(name, type, body()) }, label);
  return h(
    "p",
    { class: "downloads" },
    got.type === "application/n-triples"
      ? save("N-Triples", "answer.nt", got.type, () => got.body)
      : save("JSON", "answer.json", got.type, () => got.body),
    asCsv ? save("CSV with labels", "answer.csv", "text/csv;charset=utf-8", () => `\uFEFF${asCsv()}`) : null,
  );
}

interface Acts {
  run: () => void;
  prefixes: () => void;
  share: (button: HTMLElement) => void;
  copyAs: (name: string, button: HTMLElement) => void;
}

function toolbar(holder: HTMLElement, acts: Acts) {
  let stop: (() => void) | undefined;
  const run = h("button", { type: "button", class: "primary", onclick: acts.run }, "Run (Ctrl+Enter)");
  const cancel = h("button", { type: "button", disabled: true, onclick: () => stop?.() }, "Cancel");
  const prefixes = h("button", { type: "button", onclick: acts.prefixes }, "Add prefixes");
  const share = h("button", { type: "button" }, "Copy link");
  share.addEventListener("click", () => acts.share(share));
  const copies = Object.keys(SNIPPETS).map((name) => {
    const button = h("button", { type: "button" }, name);
    button.addEventListener("click", () => acts.copyAs(name, button));
    return h("li", {}, button);
  });
  const copyAs = h("details", { class: "copy-as" }, h("summary", {}, "Copy as"), h("ul", {}, ...copies));
  holder.after(
    h(
      "div",
      { class: "toolbar", role: "group", "aria-label": "Query" },
      run,
      cancel,
      prefixes,
      share,
      copyAs,
    ),
  );
  return {
    running(on: boolean, how?: () => void) {
      stop = how;
      run.toggleAttribute("disabled", on);
      cancel.toggleAttribute("disabled", !on);
    },
  };
}

function historyList(holder: HTMLElement, key: string, put: (query: string) => void) {
  const list = h("ol", {});
  const details = h(
    "details",
    { class: "history" },
    h("summary", {}, "History (kept in this browser only)"),
    list,
  );
  holder.parentElement?.append(details);
  let entries: Entry[] = read(localStorage, key);
  const render = () => {
    list.replaceChildren(
      ...entries.map((entry) =>
        h(
          "li",
          {},
          h("button", { type: "button", onclick: () => put(entry.query) }, firstLine(entry.query)),
          ` ${entry.rows ?? ""}`,
        ),
      ),
    );
    details.hidden = entries.length === 0;
  };
  render();
  return {
    add(entry: Entry) {
      entries = remembered(entries, entry);
      write(localStorage, key, entries);
      render();
    },
  };
}

function firstLine(query: string): string {
  const body = query.split("\n").filter((line) => line.trim() && !/^\s*(PREFIX|#)/i.test(line));
  return (body.join(" ").trim() || query).slice(0, 90);
}
