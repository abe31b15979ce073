"""`python -m gateway` and `sealgate`."""

from __future__ import annotations

import gc
import sys

_BEFORE_COLLECTING = 50_000
"""New objects before the collector looks: what starting up builds stays, and it would walk all of it some hundred times."""


def main() -> None:
    """Run the command line and exit with its status."""
    gc.set_threshold(_BEFORE_COLLECTING)
    from gateway.cli.main import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
