"""The `sealgate` command: one thin file per command."""
