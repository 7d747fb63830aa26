// Reviewing link candidates by key: the candidate in focus, or the first, takes the verdict whose key is pressed.
// The write token stays in the memory of this page and goes only into the Authorization header.

import { all, fields } from "./lib/dom";

const region = document.querySelector<HTMLElement>("#review");
if (region) start(region);

function start(region: HTMLElement): void {
  for (const form of all<HTMLFormElement>("form[data-candidate]", region)) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void judge(region, form, event.submitter as HTMLButtonElement | null);
    });
  }
  document.addEventListener("keydown", (event) => {
    const target = event.target as HTMLElement;
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || event.ctrlKey || event.metaKey || event.altKey)
      return;
    const form = target.closest<HTMLFormElement>("form[data-candidate]") ?? next(region);
    const button =
      form && all<HTMLButtonElement>("button[data-key]", form).find((one) => one.dataset.key === event.key);
    if (!button || button.disabled) return;
    event.preventDefault();
    form.requestSubmit(button);
  });
}

function next(region: HTMLElement): HTMLFormElement | null {
  return region.querySelector<HTMLFormElement>("form[data-candidate]:not([hidden])");
}

interface Answer {
  detail?: string;
  next?: string;
  subject?: string;
  predicate?: string;
  object?: string;
  changes?: string[];
}

async function judge(
  region: HTMLElement,
  form: HTMLFormElement,
  button: HTMLButtonElement | null,
): Promise<void> {
  if (button?.value === "skip") return leave(region, form, "Skipped; nothing was written.");
  const refused = form.querySelector<HTMLElement>("[data-refused]");
  const refuse = (why: string) => {
    if (refused) refused.textContent = why;
    for (const status of all("[data-said]", region)) status.textContent = "";
  };
  const token = region.querySelector<HTMLInputElement>("input[data-token]");
  const author = region.querySelector<HTMLInputElement>("input[data-author]");
  const missing = [token, author].find((field) => !field?.value.trim());
  if (missing) {
    missing.focus();
    return refuse(missing === token ? "The token is missing." : "A verdict needs your name.");
  }
  refuse("");
  for (const status of all("[data-said]", region)) status.textContent = "Writing…";
  const body = fields(form, button);
  body.set("author", author?.value ?? "");
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      headers: { Authorization: `Bearer ${token?.value ?? ""}`, Accept: "application/json" },
      body,
    });
    const found = (await answer.json().catch(() => ({}))) as Answer;
    if (answer.ok) leave(region, form, written(found));
    else refuse([found.detail ?? `The server answered ${answer.status}.`, found.next].join(" ").trim());
  } catch {
    refuse("The server did not answer; nothing was written.");
  }
}

function written({ subject, predicate, object, changes = [] }: Answer): string {
  const effect = changes.length ? changes.join(" ") : "No question's answer changes.";
  return `Written: ${subject} ${predicate} ${object}. ${effect}`;
}

function leave(region: HTMLElement, form: HTMLFormElement, said: string): void {
  form.hidden = true;
  next(region)?.querySelector<HTMLElement>("button[data-key]")?.focus();
  const left = all("form[data-candidate]:not([hidden])", region).length;
  for (const count of all("[data-left]", region)) count.textContent = String(left);
  for (const status of all("[data-said]", region)) status.textContent = said;
}
