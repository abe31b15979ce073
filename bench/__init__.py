"""Benchmarks: ratios against peers."""
