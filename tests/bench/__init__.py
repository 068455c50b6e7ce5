"""Benchmarks: each prints a table; run one with `python -m tests.bench NAME`."""
