"""Pure: SSSOM rows, their canonical text, prefixes, checks and triples; no files, no clock, no network."""
