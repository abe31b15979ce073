"""Data of the detector: generated lexicons (tools/lexicons) and hand-written tables. Sources: LICENSES.md."""
