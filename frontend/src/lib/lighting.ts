// Which parts of the source page belong together: pure, so that it can be tested without a page.

/** The claims an element speaks of, from its `data-claims`. */
export function claimsOf(value: string | undefined): Set<string> {
  return new Set((value ?? "").split(" ").filter(Boolean));
}

/** Whether an element that speaks of `own` lights up with `lit`. */
export function together(own: ReadonlySet<string>, lit: ReadonlySet<string>): boolean {
  for (const claim of own) if (lit.has(claim)) return true;
  return false;
}

/** The sentence a name leads to: the first one, and the next each time it is chosen again. */
export function nextSentence(sentences: readonly string[], last: string | undefined): string | undefined {
  return sentences[(sentences.indexOf(last ?? "") + 1) % sentences.length];
}
