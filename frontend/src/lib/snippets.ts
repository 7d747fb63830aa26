// One query as code for other tools; strings are quoted for each language, never pasted raw.

const python = (s: string) => `"""${s.replaceAll("\\", "\\\\").replaceAll('"""', '\\"\\"\\"')}"""`;
const shell = (s: string) => `'${s.replaceAll("'", `'\\''`)}'`;
const json = (s: string) => JSON.stringify(s);

/** The ways a query can be copied: name shown to the reader -> code for `endpoint`. */
export const SNIPPETS: Record<string, (endpoint: string, query: string) => string> = {
  curl: (endpoint, query) =>
    `curl -sS ${shell(endpoint)} \\\n  -H 'Accept: application/sparql-results+json' \\\n  --data-urlencode ${shell(`query=${query}`)}\n`,

  "Python (SPARQLWrapper)": (endpoint, query) =>
    `from SPARQLWrapper import JSON, SPARQLWrapper

sparql = SPARQLWrapper(${json(endpoint)})
sparql.setReturnFormat(JSON)
sparql.setQuery(${python(query)})
for row in sparql.queryAndConvert()["results"]["bindings"]:
    print({name: term["value"] for name, term in row.items()})
`,

  "Python (rdflib)": (endpoint, query) =>
    `from rdflib import Graph
from rdflib.plugins.stores.sparqlstore import SPARQLStore

graph = Graph(SPARQLStore(${json(endpoint)}))
for row in graph.query(${python(query)}):
    print(row)
`,

  R: (endpoint, query) =>
    `library(httr)

answer <- POST(${json(endpoint)}, body = list(query = ${json(query)}), encode = "form",
               add_headers(Accept = "text/csv"))
print(read.csv(text = content(answer, "text", encoding = "UTF-8")))
`,

  JavaScript: (endpoint, query) =>
    `const answer = await fetch(${json(endpoint)}, {
  method: "POST",
  headers: { Accept: "application/sparql-results+json" },
  body: new URLSearchParams({ query: ${json(query)} }),
});
console.table((await answer.json()).results.bindings);
`,
};

/** The address that opens this page with the query in it. */
export function shareLink(page: string, query: string): string {
  return `${page}#query=${encodeURIComponent(query)}`;
}

/** The query a share link carries, if any. */
export function sharedQuery(hash: string): string | undefined {
  const match = /^#query=(.*)$/s.exec(hash);
  return match?.[1] === undefined ? undefined : decodeURIComponent(match[1]);
}
