// The case page: each tick asks the server anew and puts its answer in place; the state is in the fragment only.
// The server renders the answer (`#result`), so the page with and without this script says the same.

import { fromFragment, toFragment, type Verdict } from "./lib/caseState";
import { all, debounced, fields } from "./lib/dom";

const form = document.querySelector<HTMLFormElement>("form#case");
if (form) start(form);

function start(form: HTMLFormElement): void {
  const ask = debounced(80, () => void answer(form));
  restore(form);
  form.addEventListener("change", ask);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const page = event.submitter?.getAttribute("formaction"); // of the buttons to more claims
    void (page ? answer(form, page) : ask());
  });
  form.addEventListener("reset", () => setTimeout(ask));
  addEventListener("hashchange", () => {
    if (location.hash === toFragment(answers(form))) return;
    restore(form);
    ask();
  });
  document.addEventListener("click", (event) => {
    const link = (event.target as Element).closest<HTMLAnchorElement>("a[data-answer]");
    if (!link) return;
    event.preventDefault(); // the fragment holds the case, so it cannot name a place of the page too
    toQuestion(link.hash);
  });
  for (const link of all<HTMLAnchorElement>("a[href='#result']")) {
    link.addEventListener("click", (event) => {
      event.preventDefault(); // as above
      const region = document.querySelector<HTMLElement>("#result");
      region?.scrollIntoView();
      region?.focus({ preventScroll: true });
    });
  }
  if (answers(form).size) ask();
}

/** Bring a feature into view, its present answer focused: arrows change it. */
function toQuestion(hash: string): void {
  const field = document.querySelector<HTMLElement>(hash);
  field?.scrollIntoView({ block: "center" });
  field?.querySelector<HTMLInputElement>("input:checked")?.focus({ preventScroll: true });
}

function answers(form: HTMLFormElement): Map<string, Verdict> {
  const chosen = new Map<string, Verdict>();
  for (const radio of all<HTMLInputElement>("input[type=radio]:checked", form)) {
    if (radio.value === "yes" || radio.value === "no") chosen.set(radio.name, radio.value);
  }
  return chosen;
}

function restore(form: HTMLFormElement): void {
  const kept = fromFragment(location.hash);
  for (const radio of all<HTMLInputElement>("input[type=radio]", form)) {
    radio.checked = radio.value === (kept.get(radio.name) ?? "unknown");
  }
}

async function answer(form: HTMLFormElement, address = form.dataset.post ?? "/case"): Promise<void> {
  const fragment = toFragment(answers(form));
  history.replaceState(null, "", `${location.pathname}${fragment}`);
  const region = document.querySelector<HTMLElement>("#result");
  region?.setAttribute("aria-busy", "true");
  try {
    const got = await fetch(address, {
      method: "POST",
      headers: { Accept: "text/html" },
      body: fields(form),
    });
    const page = new DOMParser().parseFromString(await got.text(), "text/html");
    const fresh = page.querySelector("#result") ?? page.querySelector("main");
    if (fresh) region?.replaceChildren(...fresh.childNodes);
    for (const button of all("[data-print]")) button.addEventListener("click", () => print());
  } catch {
    region?.replaceChildren(
      "The server did not answer. Your ticks are kept in the address of this page; reload to try again.",
    );
  } finally {
    region?.removeAttribute("aria-busy");
  }
}

for (const button of all("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
