"""The composition root: configuration to adapters to steps to doors; the only room that sees all."""
