// Draws every `.graph[data-graph]` (a neighbourhood) and `.graph[data-proof]` (a proof tree) of the page.

import { all } from "./lib/dom";
import { draw } from "./lib/drawing";
import type { GraphData } from "./lib/elements";
import { type Explanation, proofGraph } from "./lib/proof";

for (const container of all(".graph[data-graph], .graph[data-proof]")) void show(container);

async function show(container: HTMLElement): Promise<void> {
  const proof = container.dataset.proof;
  const answer = await fetch(proof ?? container.dataset.graph ?? "", {
    headers: { Accept: "application/json" },
  });
  if (!answer.ok) {
    container.hidden = true;
    return;
  }
  container.setAttribute("role", "img");
  container.tabIndex = 0;
  container.classList.add("drawn");
  const body: unknown = await answer.json();
  if (proof) draw(container, proofGraph(body as Explanation), "tree");
  else draw(container, body as GraphData);
}
