"""Blob stores: sealed bytes by name."""
