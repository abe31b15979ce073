"""Sealgate, a HIPAA secure e-mail gateway. The floors of the house are drawn in docs/how-it-works.md."""

__version__ = "0.1.0"
