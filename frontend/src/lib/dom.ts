// Small builders for elements: text is always text, never markup.

type Child = Node | string | null | undefined;
type Attributes = Record<string, string | number | boolean | ((event: Event) => void)>;

/** Make an element; attributes named on… are listeners, `true` is an empty attribute, `false` none. */
export function h(tag: string, attributes: Attributes = {}, ...children: Child[]): HTMLElement {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child): child is Node | string => child != null));
  return element;
}

/** All elements below `root` that match, as an array. */
export function all<E extends Element = HTMLElement>(selector: string, root: ParentNode = document): E[] {
  return [...root.querySelectorAll<E>(selector)];
}

/** What a form would send, as pairs of text (no page of ours has a file field). */
export function fields(form: HTMLFormElement, submitter?: HTMLElement | null): URLSearchParams {
  const sent = new URLSearchParams();
  for (const [name, value] of new FormData(form, submitter))
    if (typeof value === "string") sent.append(name, value);
  return sent;
}

/** Copy text and say so on the button for a moment. */
export async function copyText(text: string, button: HTMLElement): Promise<void> {
  const before = button.textContent ?? "";
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Press Ctrl+C in the text";
  }
  setTimeout(() => {
    button.textContent = before;
  }, 1500);
}

/** Save text as a file of the reader's own machine. */
export function download(name: string, type: string, text: string): void {
  const link = h("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  URL.revokeObjectURL(link.getAttribute("href") ?? "");
}

/** Call `act` once typing has rested for `rest` milliseconds. */
export function debounced<A extends unknown[]>(
  rest: number,
  act: (...args: A) => void,
): (...args: A) => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...args), rest);
  };
}
