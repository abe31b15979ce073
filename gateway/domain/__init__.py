"""Frozen values, state tables and errors. Standard library only; imports no other room."""
