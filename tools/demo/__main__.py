"""`python -m tools.demo`: the main job on this machine alone, shown side by side; `--once` proves it without a person."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tools.demo.exhibition import Exhibition
from tools.demo.house import ROOT, DemoFailed, House
from tools.demo.letters import letters
from tools.demo.proof import Proof
from tools.demo.site import Site, serve

_SECONDS = 180.0
"""Longest time that `--once` waits for anything."""


def main() -> int:
    """Run it; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="prove it without a person; prints one JSON line last")
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "demo-data", help="made new each time (default: demo-data)"
    )
    parser.add_argument("--port", type=int, default=0, help="port of the demonstration's page (default: a free one)")
    chosen = parser.parse_args()
    os.umask(0o077)
    _on_signals(_leave)
    house = House(chosen.folder.resolve())
    try:
        shown = _open(house)
        return _prove(shown) if chosen.once else _show(shown, chosen.port)
    except DemoFailed as error:
        _say(f"The demonstration failed: {error}")
        if chosen.once:
            print(json.dumps({"ok": False, "error": str(error)}))
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        _on_signals(signal.SIG_IGN)  # a second Ctrl-C must not leave the gateway behind
        house.stop()


def _open(house: House) -> Exhibition:
    """The gateway made, started, and every sample handed in."""
    _say(f"Making a gateway in {house.folder}")
    colleague = house.make()
    _say("Starting it")
    house.start()
    shown = Exhibition(house, colleague, letters())
    for one in shown.exhibits:
        _say(f"Sending: {one.letter.title.lower()}")
        shown.send(one, datetime.now(UTC).astimezone())
    return shown


def _prove(shown: Exhibition) -> int:
    _say("Looking at what travelled, and reading as each recipient")
    proof = Proof(shown, _say, time.monotonic() + _SECONDS)
    error = ""
    try:
        proof.run()
        proof.at_rest()
        proof.log()
    except (DemoFailed, LookupError, OSError) as failure:
        error = str(failure)
        _say(f"  {error}")
    proof.note_stopped(in_order=shown.house.stop())
    if not error:
        proof.at_rest()
    good = not error and all(proof.checks.values())
    summary: dict[str, object] = {
        "ok": good,
        "messages": {
            one.letter.key: {
                "expected": one.letter.expect, "relayed": one.wire is not None, "read": one.reading is not None,
                "receipts": len(one.receipts),
            }
            for one in shown.exhibits
        },
        "checks": proof.checks,
    }  # fmt: skip
    if error:
        summary["error"] = error
    print(json.dumps(summary), flush=True)
    return 0 if good else 1


def _show(shown: Exhibition, port: int) -> int:
    proof = Proof(shown, _say, time.monotonic() + _SECONDS)
    proof.wait(lambda: all(one.settled for one in shown.exhibits), "everything being settled")
    try:
        server = serve(Site(shown), port)
    except OSError as error:
        raise DemoFailed(f"port {port} cannot be used ({error.strerror}); name another with --port") from None
    _say(f"\nOpen http://127.0.0.1:{server.server_port}/ in a browser. Ctrl-C ends everything.")
    try:
        signal.pause()
    except KeyboardInterrupt:
        _say("\nEnding")
    finally:
        server.shutdown()
        server.server_close()
    return 0


def _say(words: str) -> None:
    print(words, flush=True)


def _on_signals(action: Callable[..., None] | signal.Handlers) -> None:
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, action)


def _leave(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
