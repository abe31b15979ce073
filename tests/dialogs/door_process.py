"""A door in a process of its own that throws mail away, for tests of memory: prints its port, then its VmHWM on demand."""

from __future__ import annotations

import asyncio
import sys

from gateway.domain.envelope import Envelope, Identity
from gateway.smtp.server import serve_door
from gateway.smtp.settings import DoorConfig, Listener, Profile, SmarthostClient
from tests.dialogs.door_kit import FakeClock, FakeUsers


class Nowhere:
    def __init__(self) -> None:
        self.size = 0

    def admit(self, identity: Identity, size: int) -> None:
        pass

    def fits(self, recipients: int, size: int) -> bool:
        return True

    def begin(self, _envelope: Envelope) -> Nowhere:
        self.size = 0
        return self

    def ready(self) -> bool:
        return True

    def write(self, chunk: bytes) -> None:
        self.size += len(chunk)

    def finish(self) -> str:
        return f"{self.size}"

    def abort(self) -> None:
        self.size = -1


async def main(loop_name: str) -> None:
    client = SmarthostClient("local", networks=("127.0.0.0/8",), may_send_as=frozenset({"lee@practice.example"}))
    config = DoorConfig("gate.example", (Listener(Profile.SMARTHOST),), (client,))
    door = await serve_door(config, Nowhere(), FakeUsers(), None, FakeClock())
    print(door.ports[0], flush=True)
    assert ("uvloop" in type(asyncio.get_running_loop()).__module__) == (loop_name == "uvloop")
    await asyncio.to_thread(sys.stdin.readline)
    await door.drain(1)


if __name__ == "__main__":
    if sys.argv[1] == "uvloop":
        import uvloop

        uvloop.run(main("uvloop"))
    else:
        asyncio.run(main("asyncio"))
