"""Redacted copies: what is taken apart into texts to be judged, and written anew with placeholders.

A copy is built of what was read and judged, never by deleting from the original, so what nobody looked at is not in it.
"""
