// Search suggestions as the ARIA combobox pattern has them: arrows choose, Enter goes, Escape closes.

import { debounced, h } from "./dom";

interface Suggestion {
  label: string;
  kind: string;
  href: string;
  match?: string;
}

let count = 0;

/** Give a search field its suggestions; the form works as before without a choice. */
export function enhanceSearch(input: HTMLInputElement): void {
  const id = `suggestions-${count++}`;
  const list = h("ul", { id, role: "listbox", class: "suggestions", "aria-label": "Suggestions" });
  list.hidden = true;
  input.after(list);
  for (const [name, value] of Object.entries({
    role: "combobox",
    autocomplete: "off",
    "aria-autocomplete": "list",
    "aria-controls": id,
    "aria-expanded": "false",
  })) {
    input.setAttribute(name, value);
  }
  const box = new Box(input, list);
  input.addEventListener(
    "input",
    debounced(120, () => void box.fill()),
  );
  input.addEventListener("keydown", (event) => box.key(event));
  input.addEventListener("blur", () => setTimeout(() => box.close(), 150));
}

class Box {
  private chosen = -1;
  private asked = 0;

  constructor(
    private readonly input: HTMLInputElement,
    private readonly list: HTMLElement,
  ) {}

  async fill(): Promise<void> {
    const words = this.input.value.trim();
    const asked = ++this.asked;
    if (words.length < 2) return this.close();
    const answer = await fetch(`${this.input.dataset.suggest}?q=${encodeURIComponent(words)}`);
    if (!answer.ok || asked !== this.asked) return;
    this.show((await answer.json()) as Suggestion[]);
  }

  private show(found: Suggestion[]): void {
    this.list.replaceChildren(
      ...found.map(({ label, kind, href, match }, index) =>
        h(
          "li",
          {
            role: "option",
            id: `${this.list.id}-${index}`,
            "data-href": href,
            onmousedown: () => location.assign(href),
          },
          h("span", {}, label),
          " ",
          h("small", {}, match && match !== label ? `${kind} · ${match}` : kind),
        ),
      ),
    );
    this.chosen = -1;
    this.list.hidden = found.length === 0;
    this.input.setAttribute("aria-expanded", String(found.length > 0));
    this.input.removeAttribute("aria-activedescendant");
  }

  key(event: KeyboardEvent): void {
    const options = [...this.list.children] as HTMLElement[];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && options.length) {
      event.preventDefault();
      this.choose(options, (this.chosen + step + options.length) % options.length);
    } else if (event.key === "Enter" && this.chosen >= 0) {
      event.preventDefault();
      location.assign(options[this.chosen]?.dataset.href ?? "#");
    } else if (event.key === "Escape") this.close();
  }

  private choose(options: HTMLElement[], index: number): void {
    options.forEach((option, at) => {
      option.setAttribute("aria-selected", String(at === index));
    });
    this.chosen = index;
    this.input.setAttribute("aria-activedescendant", options[index]?.id ?? "");
    options[index]?.scrollIntoView({ block: "nearest" });
  }

  close(): void {
    this.list.hidden = true;
    this.chosen = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }
}
