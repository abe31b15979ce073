"""Makes the tagger of gateway/phi/tagger from generated text alone; see README.md and DATASHEET.md beside this file."""
