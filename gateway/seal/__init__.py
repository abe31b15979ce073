"""Cryptography: sealed objects and columns at rest, S/MIME and secure links on the way. Keys come as values."""
