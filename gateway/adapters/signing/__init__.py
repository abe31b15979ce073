"""Keys that work where they lie: in a PKCS #11 token, in a cloud's key service."""
