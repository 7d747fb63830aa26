// Nested lists as the ARIA tree pattern: one tab stop, arrows move and fold, Home and End, Enter follows.

import { all } from "./dom";

/** Turn `<ul data-tree>` with nested `<ul>` into a tree; without this script it is an open, nested list. */
export function enhanceTree(tree: HTMLElement): void {
  tree.setAttribute("role", "tree");
  const items = all<HTMLLIElement>("li", tree);
  for (const item of items) {
    item.setAttribute("role", "treeitem");
    item.tabIndex = -1;
    const group = item.querySelector<HTMLElement>(":scope > ul");
    group?.setAttribute("role", "group");
    if (group) item.setAttribute("aria-expanded", "true");
    for (const link of all<HTMLElement>(":scope > a, :scope > * > a, :scope > button", item))
      link.tabIndex = -1;
  }
  if (items[0]) items[0].tabIndex = 0;
  tree.addEventListener("keydown", (event) => press(tree, event));
  tree.addEventListener("click", (event) => fold(event));
}

function visible(tree: HTMLElement): HTMLElement[] {
  return all("li", tree).filter((item) => !item.parentElement?.closest("li[aria-expanded=false]"));
}

function move(tree: HTMLElement, to: HTMLElement | undefined | null): void {
  if (!to) return;
  for (const item of all("li[tabindex='0']", tree)) item.tabIndex = -1;
  to.tabIndex = 0;
  to.focus();
}

function press(tree: HTMLElement, event: KeyboardEvent): void {
  const here = (event.target as HTMLElement).closest<HTMLElement>("[role=treeitem]");
  if (!here) return;
  const items = visible(tree);
  const at = items.indexOf(here);
  const open = here.getAttribute("aria-expanded");
  const acts: Record<string, () => void> = {
    ArrowDown: () => move(tree, items[at + 1]),
    ArrowUp: () => move(tree, items[at - 1]),
    Home: () => move(tree, items[0]),
    End: () => move(tree, items.at(-1)),
    ArrowRight: () =>
      open === "false" ? here.setAttribute("aria-expanded", "true") : move(tree, open ? items[at + 1] : null),
    ArrowLeft: () =>
      open === "true"
        ? here.setAttribute("aria-expanded", "false")
        : move(tree, here.parentElement?.closest<HTMLElement>("li")),
    Enter: () => here.querySelector<HTMLElement>(":scope > a, :scope > * > a")?.click(),
  };
  const act = acts[event.key];
  if (!act) return;
  act();
  event.preventDefault();
}

function fold(event: Event): void {
  const target = event.target as HTMLElement;
  if (target.closest("a, button, summary")) return;
  const item = target.closest<HTMLElement>("li[aria-expanded]");
  if (!item || item !== target.closest("li")) return;
  item.setAttribute("aria-expanded", String(item.getAttribute("aria-expanded") !== "true"));
}
