// Reviewing link candidates by key: the candidate in focus takes the verdict whose key is pressed.
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
    if (!button) return;
    event.preventDefault();
    form.requestSubmit(button);
  });
}

function next(region: HTMLElement): HTMLFormElement | null {
  return region.querySelector<HTMLFormElement>("form[data-candidate]:not([hidden])");
}

async function judge(
  region: HTMLElement,
  form: HTMLFormElement,
  button: HTMLButtonElement | null,
): Promise<void> {
  const said = form.querySelector<HTMLElement>("[role=status]");
  if (button?.value === "skip") return leave(region, form);
  const token = region.querySelector<HTMLInputElement>("input[data-token]")?.value ?? "";
  const body = fields(form, button);
  const answer = await fetch(form.action, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, Accept: "application/json" },
    body,
  });
  const found = (await answer.json().catch(() => ({}))) as { detail?: string; changes?: string[] };
  if (!answer.ok) {
    if (said) said.textContent = found.detail ?? `The server answered ${answer.status}.`;
    return;
  }
  leave(region, form);
}

function leave(region: HTMLElement, form: HTMLFormElement): void {
  form.hidden = true;
  const following = next(region);
  following?.querySelector<HTMLElement>("button[data-key]")?.focus();
  const left = all("form[data-candidate]:not([hidden])", region).length;
  const count = region.querySelector("[data-left]");
  if (count) count.textContent = String(left);
}
