// The matrix as a WAI-ARIA grid: one tab stop, arrows move, Home and End in the row, with Ctrl in the grid.

import { all } from "./lib/dom";

for (const table of all<HTMLTableElement>("table[data-grid]")) enhanceGrid(table);

/** Give a table the roles and keys of a grid; Enter follows the link of a cell, Tab also stops at what folds. */
function enhanceGrid(table: HTMLTableElement): void {
  const places = [...table.rows].map((row) => [...row.cells].flatMap(expand));
  for (const stop of places.flat()) stop.tabIndex = -1;
  let [y, x] = [2, 1];
  const put = (row: number, column: number, focus: boolean): void => {
    const to = places[row]?.[column];
    if (!to) return;
    const from = places[y]?.[x];
    if (from) from.tabIndex = -1;
    [y, x] = [row, column];
    to.tabIndex = 0;
    if (focus) to.focus();
  };
  put(y, x, false);
  table.addEventListener("focusin", (event) => {
    if (places[y]?.[x] === event.target) return;
    places.forEach((row, at) => put(at, row.indexOf(event.target as HTMLElement), false));
  });
  table.addEventListener("keydown", (event) => {
    const lastRow = places.length - 1;
    const lastColumn = (places[0]?.length ?? 0) - 1;
    const next = {
      ArrowUp: [y - 1, x],
      ArrowDown: [y + 1, x],
      ArrowLeft: [y, x - 1],
      ArrowRight: [y, x + 1],
      Home: [event.ctrlKey ? 0 : y, 0],
      End: [event.ctrlKey ? lastRow : y, lastColumn],
    }[event.key];
    if (!next || event.altKey || event.metaKey) return;
    event.preventDefault();
    put(next[0] ?? y, next[1] ?? x, true);
  });
  table.setAttribute("role", "grid");
  for (const cell of all("[role=cell]", table)) cell.setAttribute("role", "gridcell");
}

/** What the keys stop at in a cell (its first link, or the cell), once for each column that it spans. */
function expand(cell: HTMLTableCellElement): HTMLElement[] {
  const stop = cell.querySelector<HTMLElement>("a") ?? cell;
  return new Array<HTMLElement>(cell.colSpan).fill(stop);
}
