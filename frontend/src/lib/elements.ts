// From the JSON the server gives to what the graph draws: pure, so that it can be tested without a page.

export interface GraphNode {
  id: string;
  label: string;
  kind: string;
  href?: string;
  focus?: boolean;
}

export interface GraphEdge {
  source: string;
  target: string;
  label: string;
  mark?: "asserted" | "curated" | "inferred" | "background" | "outside";
  negative?: boolean;
  level?: string;
}

export interface GraphData {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

export interface Element {
  group: "nodes" | "edges";
  data: Record<string, string | number>;
  classes: string;
}

/** At most this many nodes are drawn; the list beside the drawing holds all. */
export const MOST_NODES = 150;

/** Elements for the drawing: the focus first, edges only between nodes that are drawn. */
export function elements(data: GraphData): Element[] {
  const nodes = [...data.nodes].sort((a, b) => Number(b.focus ?? false) - Number(a.focus ?? false));
  const drawn = nodes.slice(0, MOST_NODES);
  const ids = new Set(drawn.map((node) => node.id));
  return [
    ...drawn.map(nodeElement),
    ...data.edges.filter((edge) => ids.has(edge.source) && ids.has(edge.target)).map(edgeElement),
  ];
}

function nodeElement(node: GraphNode): Element {
  const data: Element["data"] = {
    id: node.id,
    label: node.label,
    kind: node.kind,
    height: 20 + 15 * lines(node.label),
  };
  if (node.href) data.href = node.href;
  return { group: "nodes", data, classes: [node.kind, node.focus ? "focus" : ""].join(" ").trim() };
}

function edgeElement(edge: GraphEdge, index: number): Element {
  const { source, target, label } = edge;
  return {
    group: "edges",
    data: { id: `edge-${index}`, source, target, label },
    classes: [edge.mark ?? "asserted", edge.level ?? "", edge.negative ? "negative" : ""]
      .filter(Boolean)
      .join(" "),
  };
}

/** How many lines a label takes in a box of LINE letters' width, broken between words. */
export function lines(label: string): number {
  let count = 1;
  let room = LINE;
  for (const word of label.split(" ")) {
    if (word.length > room && room < LINE) {
      count += 1;
      room = LINE;
    }
    room -= word.length + 1;
  }
  return count;
}

const LINE = 22;

/** N-Triples lines (as the server answers a CONSTRUCT) as a graph; literals are nodes of their own. */
export function fromNTriples(text: string, name: (iri: string) => string): GraphData {
  const nodes = new Map<string, GraphNode>();
  const edges: GraphEdge[] = [];
  const add = (term: string, from = "") => {
    const iri = term.startsWith("<") ? term.slice(1, -1) : "";
    const id = iri || (term.startsWith("_:") ? term : `${from}${term}`);
    const label = iri ? name(iri) : term.replace(/^"((?:[^"\\]|\\.)*)".*$/s, "$1").slice(0, 80);
    if (!nodes.has(id))
      nodes.set(id, { id, label, kind: iri ? "entity" : "literal", ...(iri && { href: iri }) });
    return id;
  };
  for (const line of text.split("\n")) {
    const match = /^(<[^>]*>|_:\S+) <([^>]*)> (.*) \.$/.exec(line.trim());
    if (!match) continue;
    const [, subject = "", predicate = "", object = ""] = match;
    const source = add(subject);
    edges.push({ source, target: add(object, `${source} ${predicate} `), label: name(predicate) });
  }
  return { nodes: [...nodes.values()], edges };
}
