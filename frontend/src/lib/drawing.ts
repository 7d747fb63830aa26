// One graph on a canvas. The drawing is a picture to a screen reader (role="img"); the same facts stand in a
// list beside it, made by the server.

import cytoscape from "cytoscape";
import dagre from "cytoscape-dagre";
// @ts-expect-error fcose ships no types
import fcose from "cytoscape-fcose";
import { type Element, elements, type GraphData } from "./elements";

cytoscape.use(dagre);
cytoscape.use(fcose as cytoscape.Ext);

/** Cytoscape adds an inline style sheet unless an element of this id exists; the page's policy forbids one. */
function withoutInlineStyle(): void {
  const id = "__________cytoscape_stylesheet";
  if (document.getElementById(id)) return;
  const stand = document.createElement("meta");
  stand.id = id;
  document.head.append(stand);
}

/** A colour of the page's theme. */
function colour(name: string, otherwise: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || otherwise;
}

function style(): cytoscape.StylesheetJson {
  const ink = colour("--ink", "#1d1d1f");
  const paper = colour("--paper", "#ffffff");
  const accent = colour("--accent", "#0b5c6b");
  const quiet = colour("--ink-soft", "#5c6066");
  const negative = colour("--negative", "#a02c2c");
  const drawn = (name: string, width: number) => ({
    "line-color": colour(name, quiet),
    "target-arrow-color": colour(name, quiet),
    width,
  });
  return [
    {
      selector: "node",
      style: {
        label: "data(label)",
        color: ink,
        "font-size": 12,
        "text-wrap": "wrap",
        "text-max-width": "130px",
        "text-valign": "center",
        "background-color": paper,
        "border-width": 1,
        "border-color": quiet,
        shape: "round-rectangle",
        width: 150,
        height: "data(height)",
      },
    },
    { selector: "node.focus", style: { "border-width": 3, "border-color": accent, "font-weight": "bold" } },
    {
      selector: "node.claim, node.sentence",
      style: { shape: "rectangle", "border-style": "double", "border-width": 4 },
    },
    { selector: "node.literal", style: { shape: "rectangle", "border-width": 0, color: quiet } },
    { selector: "node:selected", style: { "border-color": accent, "border-width": 4 } },
    {
      selector: "edge",
      style: {
        label: "data(label)",
        color: quiet,
        "font-size": 10,
        "text-rotation": "autorotate",
        "text-background-color": paper,
        "text-background-opacity": 0.9,
        "curve-style": "bezier",
        width: 1.5,
        "line-color": quiet,
        "target-arrow-color": quiet,
        "target-arrow-shape": "triangle",
      },
    },
    // a loop must reach beyond its node, which is wide
    {
      selector: "edge:loop",
      style: { "loop-direction": "0deg", "loop-sweep": "-60deg", "control-point-step-size": 90 },
    },
    // the five marks by colour and line, the hedge scale by weight
    { selector: "edge.asserted", style: drawn("--stated", 1.5) },
    { selector: "edge.curated", style: drawn("--added", 1) },
    { selector: "edge.middle", style: { width: 2.5 } },
    { selector: "edge.strong", style: { width: 4 } },
    { selector: "edge.inferred", style: { ...drawn("--derived", 1.5), "line-style": "dashed" } },
    { selector: "edge.background", style: { ...drawn("--added", 1.5), "line-style": "dotted" } },
    {
      selector: "edge.outside",
      style: { ...drawn("--abroad", 1.5), "line-style": "dotted", "target-arrow-shape": "diamond" },
    },
    {
      selector: "edge.negative",
      style: {
        "line-color": negative,
        "target-arrow-color": negative,
        "target-arrow-shape": "tee",
        color: negative,
      },
    },
  ];
}

const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

function layout(kind: "around" | "tree"): cytoscape.LayoutOptions {
  const shared = { animate: false, fit: true, padding: 20 };
  if (kind === "tree") {
    return { name: "dagre", rankDir: "TB", nodeSep: 48, rankSep: 60, ...shared } as cytoscape.LayoutOptions;
  }
  return {
    name: "fcose",
    randomize: true,
    idealEdgeLength: 170,
    nodeSeparation: 160,
    nodeRepulsion: 20_000,
    quality: "proof",
    ...shared,
  } as cytoscape.LayoutOptions;
}

/** Draw `data` in `container`; a click on a node follows it, arrow keys move the drawing, + and - zoom. */
export function draw(
  container: HTMLElement,
  data: GraphData,
  kind: "around" | "tree" = "around",
): cytoscape.Core {
  withoutInlineStyle();
  const drawing = cytoscape({
    container,
    elements: elements(data) as (Element & cytoscape.ElementDefinition)[],
    style: style(),
    userZoomingEnabled: false,
    maxZoom: 2,
    layout: { name: "grid" }, // edges between nodes that stand on one another cannot be drawn
  });
  drawing.one("layoutstop", () => apart(drawing));
  drawing.layout(layout(kind)).run();
  drawing.on("tap", "node", (event) => {
    const href = (event.target as cytoscape.NodeSingular).data("href") as string | undefined;
    if (href) location.assign(href);
  });
  container.addEventListener("keydown", (event) => moveBy(drawing, event));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawing.style(style()));
  document.addEventListener("themechange", () => drawing.style(style()));
  return drawing;
}

/** Push nodes that overlap apart, along the shorter way: a layout does not promise that they do not. */
function apart(drawing: cytoscape.Core): void {
  const nodes = drawing.nodes().toArray();
  for (let round = 0, moved = true; moved && round < 60; round++) {
    moved = false;
    for (const [index, one] of nodes.entries()) {
      for (const other of nodes.slice(index + 1)) moved = pushed(one, other) || moved;
    }
  }
  drawing.fit(undefined, 20);
}

const ROOM = 14;

function pushed(one: cytoscape.NodeSingular, other: cytoscape.NodeSingular): boolean {
  const [a, b] = [one.position(), other.position()];
  const over = {
    x: (one.outerWidth() + other.outerWidth()) / 2 + ROOM - Math.abs(a.x - b.x),
    y: (one.outerHeight() + other.outerHeight()) / 2 + ROOM - Math.abs(a.y - b.y),
  };
  if (over.x <= 0.5 || over.y <= 0.5) return false;
  const way = over.x < over.y ? "x" : "y";
  const step = ((a[way] < b[way] ? -1 : 1) * over[way]) / 2;
  one.position(way, a[way] + step);
  other.position(way, other.position(way) - step);
  return true;
}

function moveBy(drawing: cytoscape.Core, event: KeyboardEvent): void {
  const steps: Record<string, [number, number]> = {
    ArrowLeft: [60, 0],
    ArrowRight: [-60, 0],
    ArrowUp: [0, 60],
    ArrowDown: [0, -60],
  };
  const step = steps[event.key];
  const zoom = { "+": 1.2, "=": 1.2, "-": 1 / 1.2, "0": 0 }[event.key];
  if (step) drawing.panBy({ x: step[0], y: step[1] });
  else if (zoom === 0) drawing.fit(undefined, 20);
  else if (zoom) drawing.zoom({ level: drawing.zoom() * zoom, position: middle(drawing) });
  else return;
  event.preventDefault();
  if (!still()) drawing.stop();
}

function middle(drawing: cytoscape.Core): cytoscape.Position {
  const box = drawing.extent();
  return { x: (box.x1 + box.x2) / 2, y: (box.y1 + box.y2) / 2 };
}
