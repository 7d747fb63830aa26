"""Benchmarks of the HTTP service: the same data and queries, side by side in one run."""
