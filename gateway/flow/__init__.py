"""The life of a message, one step a file. Knows order; sees ports, never an adapter."""
