// The reader's last queries, kept in this browser only, apart for each version of the data.

const MOST = 30;

export interface Entry {
  query: string;
  at: string;
  rows?: number;
}

/** `entries` with `entry` in front, the same query never twice, at most 30. */
export function remembered(entries: Entry[], entry: Entry): Entry[] {
  return [entry, ...entries.filter((other) => other.query !== entry.query)].slice(0, MOST);
}

/** Read the history; a damaged one is an empty one. */
export function read(store: Storage, key: string): Entry[] {
  try {
    const found: unknown = JSON.parse(store.getItem(key) ?? "[]");
    return Array.isArray(found) ? (found as Entry[]).filter((entry) => typeof entry?.query === "string") : [];
  } catch {
    return [];
  }
}

/** Write the history; a full or forbidden storage is not an error for the reader. */
export function write(store: Storage, key: string, entries: Entry[]): void {
  try {
    store.setItem(key, JSON.stringify(entries));
  } catch {
    // private windows refuse storage; the history then lasts as long as the page
  }
}
