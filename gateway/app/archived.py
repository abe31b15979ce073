"""Opening an archived mail with an offline key that a person brought: whole and unchanged, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from gateway.app.installation import Installation
from gateway.app.keyfiles import archive_private
from gateway.domain.audit import Event, EventKind
from gateway.domain.errors import IntegrityError, KeyMissing, PermanentError
from gateway.domain.protected import Protected
from gateway.domain.records import Holder, ObjectRow
from gateway.flow.custody import wrap_context
from gateway.ports.vault import Seal
from gateway.seal.hybrid import OpenWith


def open_archived(home: Installation, message_id: str, key_file: Path, by: str) -> Callable[[], Iterator[bytes]]:
    """A function that begins the original mail anew. It was read through once before this returns, so it is whole.

    The opening is in the log before a byte is handed out. PermanentError when nothing is archived under that id,
    KeyMissing when the key is not of its archive, IntegrityError when it was changed.
    """
    opener = archive_private(key_file)
    with home.store().begin() as uow:
        found = [one for one in uow.objects.of_message(message_id) if one.purpose == Seal.MAIL.value]
        wraps = [(one, *each) for one in found for each in uow.objects.wraps(one.id) if each[0].kind == "archive"]
    if not wraps:
        raise PermanentError(
            f"no mail is archived under {message_id}; give the id of X-Sealgate-Id or of `sealgate why`"
        )
    row, key, holder = _unwrapped(home, opener, wraps)

    def chunks() -> Iterator[bytes]:
        return home.vault().open(row.id, Seal.MAIL, row.part, key, row.commitment)

    for _ in chunks():
        pass
    with home.store().begin() as uow:
        event = Event(EventKind.ARCHIVE_OPENED, message_id, actor=by, data={"object": row.id, "key": holder.id})
        uow.audit.append(event, home.clock.now())
    return chunks


def _unwrapped(
    home: Installation, opener: OpenWith, wraps: list[tuple[ObjectRow, Holder, bytes]]
) -> tuple[ObjectRow, Protected[bytes], Holder]:
    for row, holder, sealed in wraps:
        try:
            return row, opener.open(sealed, wrap_context(home.id, row.id, holder)), holder
        except IntegrityError:
            continue
    holders = ", ".join(sorted({holder.id for _, holder, _ in wraps}))
    raise KeyMissing(f"this key opens none of the mail's wraps; they are for: {holders}")
