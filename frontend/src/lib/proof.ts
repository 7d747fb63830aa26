// A proof as the server gives it, and as a graph: conclusions above the premises they rest on.

import type { GraphData, GraphEdge, GraphNode } from "./elements";

export interface Proof {
  text: string;
  rule?: string;
  origin?: string;
  href?: string;
  premises?: Proof[];
}

/** The proof as nodes (each statement once) and edges (statement -> premise, named by its rule). */
export function proofGraph(proof: Proof): GraphData {
  const nodes = new Map<string, GraphNode>();
  const edges = new Map<string, GraphEdge>();
  const visit = (step: Proof, focus: boolean) => {
    if (nodes.has(step.text)) return;
    const node: GraphNode = { id: step.text, label: step.text, kind: step.rule ? "derived" : "leaf", focus };
    if (step.href) node.href = step.href;
    nodes.set(step.text, node);
    for (const premise of step.premises ?? []) {
      const edge: GraphEdge = {
        source: step.text,
        target: premise.text,
        label: step.rule ?? "",
        mark: premise.rule ? "inferred" : premise.origin === "background" ? "background" : "asserted",
      };
      edges.set(`${edge.source}→${edge.target}`, edge);
      visit(premise, false);
    }
  };
  visit(proof, true);
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}
