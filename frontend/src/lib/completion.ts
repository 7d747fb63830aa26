// What the editor offers while one types: only terms of this graph, only those that fit the place.

export interface GraphTerm {
  curie: string;
  iri: string;
  label: string;
  definition?: string;
  count?: number;
}

export interface Terms {
  prefixes: Record<string, string>;
  classes: GraphTerm[];
  properties: GraphTerm[];
  entities: GraphTerm[];
}

export interface Offer {
  label: string;
  detail: string;
  type: "variable" | "class" | "property" | "constant" | "keyword" | "namespace";
  info?: string;
  boost?: number;
}

const KEYWORDS =
  "SELECT DISTINCT WHERE OPTIONAL FILTER UNION MINUS GRAPH VALUES BIND SERVICE ORDER BY GROUP HAVING LIMIT OFFSET ASK CONSTRUCT DESCRIBE PREFIX EXISTS NOT COUNT SAMPLE GROUP_CONCAT STR LANG CONTAINS STRSTARTS REGEX".split(
    " ",
  );

/** The place in a triple pattern, judged from the text before the word: subject, predicate or object. */
export function place(before: string): "subject" | "predicate" | "object" {
  const stripped = before
    .replace(/^\s*(PREFIX|BASE)\b[^\n]*$/gim, "")
    .replace(/"(?:[^"\\\n]|\\.)*"(@[\w-]+|\^\^\S+)?/g, "literal")
    .replace(/<[^<>\s]*>/g, "iri")
    .replace(/#[^\n]*/g, "");
  const pattern = stripped.slice(Math.max(stripped.lastIndexOf("{"), stripped.lastIndexOf("}")) + 1);
  const statement = (/(?:^|[.])(?!\d)((?:[^.]|\.\d|\.\w)*)$/s.exec(pattern)?.[1] ?? pattern).trimStart();
  const list = statement.slice(statement.lastIndexOf(";") + 1);
  const words = list.trim() === "" ? 0 : list.trim().split(/\s+/).length;
  const base = statement.includes(";") ? 1 : 0;
  const position = Math.min(words + base, 2);
  return (["subject", "predicate", "object"] as const)[position] ?? "object";
}

/** Offers for the word being typed, the likeliest first. */
export function offers(terms: Terms, before: string, word: string): Offer[] {
  if (/\bPREFIX\s+$/i.test(before)) return prefixes(terms);
  if (word.startsWith("?") || word.startsWith("$")) return variables(before);
  const where = place(before);
  const typed = /(?:\ba|rdf:type)\s+$/.test(before);
  const terminology =
    where === "predicate"
      ? terms.properties.map((term) => offer(term, "property"))
      : typed
        ? terms.classes.map((term) => offer(term, "class"))
        : terms.entities.map((term) => offer(term, "constant"));
  return [...terminology, ...variables(before), ...KEYWORDS.map(keyword)];
}

function keyword(label: string): Offer {
  return { label, detail: "SPARQL", type: "keyword", boost: -50 };
}

function offer(term: GraphTerm, type: Offer["type"]): Offer {
  const count = term.count === undefined ? "" : ` · used ${term.count}×`;
  const found: Offer = { label: term.curie, detail: term.label + count, type };
  if (term.definition) found.info = term.definition;
  return found;
}

function variables(before: string): Offer[] {
  const names = new Set(before.match(/[?$]\w+/g) ?? []);
  return [...names].map((label) => ({ label, detail: "in this query", type: "variable", boost: 10 }));
}

function prefixes(terms: Terms): Offer[] {
  return Object.entries(terms.prefixes).map(([prefix, iri]) => ({
    label: `${prefix}: <${iri}>`,
    detail: "namespace",
    type: "namespace",
  }));
}

/** The query with a PREFIX line for each known prefix it uses and does not declare. */
export function withPrefixes(query: string, known: Record<string, string>): string {
  const bare = query.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|<[^<>\s]*>|#[^\n]*/g, " ");
  const used = new Set([...bare.matchAll(/(?<![\w?$@-])([A-Za-z][\w-]*):/g)].map((match) => match[1] ?? ""));
  const declared = new Set([...query.matchAll(/PREFIX\s+([\w-]*):/gi)].map((match) => match[1] ?? ""));
  const lines = [...used]
    .filter((prefix) => known[prefix] && !declared.has(prefix))
    .map((prefix) => `PREFIX ${prefix}: <${known[prefix]}>`);
  return lines.length ? `${lines.join("\n")}\n${query}` : query;
}
