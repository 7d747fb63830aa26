"""Pure: the model of claims, source anchors and coverage; no files, clock, network or Flask."""
