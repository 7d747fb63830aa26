"""Pure: OWL 2 RL rules, engine and proofs; no files, clock, network or Flask."""
