// The answers of a case as a URL fragment: it stays in the browser and never reaches a log.

export type Verdict = "yes" | "no";

/** Read `#yes=a,b&no=c`; names that are not plain local names are left out. */
export function fromFragment(hash: string): Map<string, Verdict> {
  const found = new Map<string, Verdict>();
  const parameters = new URLSearchParams(hash.replace(/^#/, ""));
  for (const verdict of ["yes", "no"] as const) {
    for (const name of (parameters.get(verdict) ?? "").split(",")) {
      if (/^[\w-]+$/.test(name)) found.set(name, verdict);
    }
  }
  return found;
}

/** Write the fragment; unknown features do not stand in it. */
export function toFragment(answers: Map<string, Verdict>): string {
  const parts = (["yes", "no"] as const).flatMap((verdict) => {
    const names = [...answers].filter(([, value]) => value === verdict).map(([name]) => name);
    return names.length ? [`${verdict}=${names.sort().join(",")}`] : [];
  });
  return parts.length ? `#${parts.join("&")}` : "";
}
