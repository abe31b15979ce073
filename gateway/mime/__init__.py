"""Bytes in, structure out, within limits; and the only place that writes headers of outgoing mail."""
