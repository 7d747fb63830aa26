// The source page: a sentence, its claims, their bars and the names on the map light up together;
// a name on the map leads to its sentences. Without this script a name still leads to its first sentence.

import { all } from "./lib/dom";
import { claimsOf, nextSentence, together } from "./lib/lighting";

const parts = all<HTMLElement>("[data-claims]").map((element) => ({
  element,
  claims: claimsOf(element.dataset.claims),
}));
const status = document.querySelector<HTMLElement>("[data-found]");
const UNITS = ".claim-card, .bar, .text-map a, .sentence";
let visited: { name: HTMLElement; sentence: string } | undefined;

for (const [event, on] of [
  ["mouseover", true],
  ["mouseout", false],
  ["focusin", true],
  ["focusout", false],
] as const) {
  document.addEventListener(event, ({ target }) => {
    const unit = (target as Element).closest<HTMLElement>(UNITS);
    if (unit) light(on ? claimsOf(unit.dataset.claims) : new Set(), "lit");
    if (unit) unit.classList.toggle("lit", on);
  });
}
for (const name of all<HTMLAnchorElement>(".text-map a")) {
  name.addEventListener("click", (event) => {
    event.preventDefault();
    follow(name);
  });
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") choose(undefined);
});

function light(claims: ReadonlySet<string>, how: "lit" | "chosen"): void {
  for (const part of parts) part.element.classList.toggle(how, together(part.claims, claims));
}

/** Mark all sentences of a name and bring one of them into view. */
function follow(name: HTMLAnchorElement): void {
  const sentences = (name.dataset.sentences ?? "").split(" ");
  const last = visited?.name === name ? visited.sentence : undefined;
  const sentence = nextSentence(sentences, last);
  if (!sentence) return;
  choose(name);
  visited = { name, sentence };
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  document.getElementById(sentence)?.scrollIntoView({ block: "center", behavior: still ? "auto" : "smooth" });
  history.replaceState(null, "", `#${sentence}`);
  const place = `${sentences.indexOf(sentence) + 1} of ${sentences.length}`;
  if (status)
    status.textContent = `${name.textContent.trim()}: ${sentences.join(", ")}; now ${sentence}, ${place}. Escape clears.`;
}

function choose(name: HTMLElement | undefined): void {
  light(claimsOf(name?.dataset.claims), "chosen");
  if (name) return;
  visited = undefined;
  if (status) status.textContent = "";
}
