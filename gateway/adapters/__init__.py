"""Products behind the ports: databases, blobs, relays, the inspector's box. One family never imports another."""
