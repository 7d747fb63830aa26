// What every page has: theme, the / key, search suggestions, copy buttons, trees.

import { enhanceSearch } from "./lib/combobox";
import { all, copyText } from "./lib/dom";
import { enhanceTree } from "./lib/tree";

theme();
searchKey();
for (const input of all<HTMLInputElement>("input[data-suggest]")) enhanceSearch(input);
for (const tree of all("ul[data-tree]")) enhanceTree(tree);
copyButtons();
whole();
unfold();
addEventListener("hashchange", unfold);

/** Open what a link leads to, and the folds around it; browsers do it for some of these, some browsers. */
function unfold(): void {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let fold = target?.closest("details"); fold; fold = fold.parentElement?.closest("details"))
    fold.open = true;
}

/** Light, dark or as the system says; remembered in this browser. */
function theme(): void {
  const kept = localStorage.getItem("rrall-kg.theme");
  if (kept) document.documentElement.dataset.theme = kept;
  for (const button of all("[data-theme-toggle]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const dark = matchMedia("(prefers-color-scheme: dark)").matches;
      const now = document.documentElement.dataset.theme ?? (dark ? "dark" : "light");
      const next = now === "dark" ? "light" : "dark";
      document.documentElement.dataset.theme = next;
      localStorage.setItem("rrall-kg.theme", next);
      document.dispatchEvent(new Event("themechange"));
    });
  }
}

/** `/` leads to the search field from anywhere but a field. */
function searchKey(): void {
  document.addEventListener("keydown", (event) => {
    const target = event.composedPath()[0] as HTMLElement;
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable;
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const field = document.querySelector<HTMLInputElement>("form[role=search] input[type=search]");
    field?.focus();
    field?.select();
    if (field) event.preventDefault();
  });
}

function copyButtons(): void {
  for (const button of all("[data-copy], [data-copy-from]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const from = document.querySelector(button.dataset.copyFrom ?? "#none");
      void copyText(button.dataset.copy ?? from?.textContent ?? "", button);
    });
  }
}

/** CURIEs or whole IRIs, as the reader likes. */
function whole(): void {
  for (const button of all("[data-toggle-iris]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const on = document.body.classList.toggle("whole-iris");
      button.setAttribute("aria-pressed", String(on));
      for (const code of all("[data-iri]")) {
        code.dataset.curie ??= code.textContent ?? "";
        code.textContent = on ? (code.dataset.iri ?? "") : code.dataset.curie;
      }
    });
  }
}
