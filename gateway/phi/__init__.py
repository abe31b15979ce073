"""Finds protected health information in text and masks it. Text in, findings out: no network, no files but its own data.

Rules it keeps: only RE2 and automata touch text from outside (linear time on any input); a check digit raises a score and
never gates; a recogniser that fails is a gap, never a miss; findings carry kind and place, never the text.
"""
