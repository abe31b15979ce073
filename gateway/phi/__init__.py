"""Finds protected health information in text and replaces it by placeholders. Values in, values out."""
