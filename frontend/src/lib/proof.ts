// A proof as the server gives it (numbered steps, the conclusion first), and as a graph.

import type { GraphData, GraphEdge } from "./elements";

interface Ref {
  label: string;
  href: string;
}

interface Step {
  number: number;
  subject: Ref;
  predicate: Ref;
  object: Ref;
  kind: "derived" | "asserted";
  mark: NonNullable<GraphEdge["mark"]>;
  rule: string;
  premises: number[];
  anchor: { claim: Ref; sentence: Ref | null } | null;
}

export interface Explanation {
  proofs: { steps: Step[] }[];
}

/** The first proof as nodes (one a statement) and edges (statement -> premise, named by its rule). */
export function proofGraph(explanation: Explanation): GraphData {
  const steps = explanation.proofs[0]?.steps ?? [];
  const byNumber = new Map(steps.map((step) => [step.number, step]));
  return {
    nodes: steps.map((step, index) => ({
      id: String(step.number),
      label: [step.subject, step.predicate, step.object].map(short).join(" "),
      kind: step.kind,
      focus: index === 0,
      ...(step.anchor && { href: step.anchor.claim.href }),
    })),
    edges: steps.flatMap((step) =>
      step.premises.flatMap((number) => {
        const premise = byNumber.get(number);
        return premise ? [edge(step, premise)] : [];
      }),
    ),
  };
}

/** A claim by its number: its words would fill the box. */
function short(ref: Ref): string {
  return ref.href.startsWith("/claim/") ? `claim ${ref.href.slice("/claim/".length)}` : ref.label;
}

function edge(step: Step, premise: Step): GraphEdge {
  const ends = { source: String(step.number), target: String(premise.number) };
  return { ...ends, label: step.rule, mark: premise.mark };
}
