"""Benchmarks; each folder has its own README or a run.sh."""
