"""`sealgate drill`: a backup is restored into a private directory, looked through, and destroyed again.

It proves that the backup, the offline key and the journal bring an installation back, without touching the one that runs:
nothing outside the private directory is written. Counts are told, never content.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway.adapters.durable import refusals
from gateway.app.backup_ends import destroy
from gateway.app.installation import Installation
from gateway.app.outside import signed_by
from gateway.app.restore import replayed
from gateway.app.unpack import Source, unpacked
from gateway.domain.errors import ConfigError, IntegrityError, KeyMissing, SealgateError
from gateway.domain.records import Holder
from gateway.domain.states import MessageState
from gateway.flow import epochs
from gateway.flow.audit_verify import verify
from gateway.flow.custody import record_context, wrap_context
from gateway.flow.quarantine import Restored, quarantined
from gateway.ports.clock import Clock
from gateway.ports.store import HeadRow
from gateway.ports.tokens import Tokens

_MEMORY, _MOUNTS = Path("/dev/shm"), Path("/proc/self/mounts")  # noqa: S108 - a directory of 0700 is made in it
_SPARE = 2
"""Free space that is wanted there, as a multiple of the backup's size."""


@dataclass(slots=True)
class Drilled:
    """What a drill saw. `problems` is empty when the backup is good."""

    problems: list[str] = field(default_factory=list)
    in_hand: int = 0
    """Messages whose record and content key open."""
    objects: int = 0
    log_rows: int = 0
    cannot_prove: tuple[str, ...] = ()
    restored: Restored | None = None


def drill(
    source: Source, journal: Path | None, heads: Sequence[HeadRow], *, clock: Clock, tokens: Tokens,
    within: Path | None = None,
) -> Drilled:  # fmt: skip
    """Restore and look; a problem is a sentence, not an error. ConfigError if there is no room in memory, and `within`
    names no directory to write keys into.
    """
    found = Drilled()
    with _private(source, tokens, within) as folder:
        try:
            with unpacked(source, folder, clock, tokens) as home:
                _look(found, home, source, journal, heads)
        except SealgateError as error:
            found.problems.append(str(error))
    return found


def _look(found: Drilled, home: Installation, source: Source, journal: Path | None, heads: Sequence[HeadRow]) -> None:
    with home.store().begin() as uow:
        if not quarantined(uow):
            found.problems.append("the restored database is not in quarantine")
        if uow.audit.size() < source.manifest.rows:
            found.problems.append("the database's log has fewer rows than the manifest says")
    blobs = {name for name, _ in home.vault().names()}
    found.objects = len(blobs)
    if source.with_shelf:
        _open_in_hand(found, home, blobs)
    else:
        found.problems.append("the copy of the key shelf is past its days: links and mail in hand would be lost")
    found.restored = replayed(home, source, journal, heads, "drill")
    found.problems += [f"the journal: {one}" for one in found.restored.unreplayed if journal is not None]
    report = verify(home.store(), signed_by(home.worker_keys().calendar), heads or None)
    found.log_rows, found.cannot_prove = report.size, report.cannot_prove
    found.problems += report.problems


def _open_in_hand(found: Drilled, home: Installation, blobs: Iterable[str]) -> None:
    keys, there, after = home.worker_keys(), set(blobs), ""
    while True:
        with home.store().begin() as uow:
            rows = uow.messages.listed(list(MessageState), after=after)
            wraps = {row.id: uow.objects.wrap(row.object_id, Holder("epoch", row.epoch)) for row in rows if row.record}
        if not rows:
            return
        for row in rows:
            if not row.record:
                continue
            wrap = wraps[row.id]
            try:
                key = epochs.private(keys, row.epoch)
                key.open(row.record, record_context(home.id, row.id, row.epoch))
                if wrap is None:
                    raise KeyMissing("its content key is not there")
                key.open(wrap, wrap_context(home.id, row.object_id, Holder("epoch", row.epoch)))
                if row.object_id not in there:
                    raise KeyMissing("its content is not there (settled while the backup was made, or damaged)")
                found.in_hand += 1
            except (IntegrityError, KeyMissing) as error:
                found.problems.append(f"message {row.id} does not open: {error}")
        after = rows[-1].id


@contextmanager
def _private(source: Source, tokens: Tokens, within: Path | None) -> Iterator[Path]:
    """A directory of this user alone, in memory unless another place was named; destroyed with all that is in it."""
    with refusals("the drill's directory cannot be made"):
        folder = Path(tempfile.mkdtemp(prefix="sealgate-drill-", dir=within or _memory(source)))
    try:
        yield folder
    finally:
        destroy(folder, tokens.secret)


def _memory(source: Source) -> Path:
    wanted = _SPARE * sum(one.size for one in source.manifest.parts)
    mounted = [line.split()[1:3] for line in _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()]
    if [str(_MEMORY), "tmpfs"] not in mounted or not os.access(_MEMORY, os.W_OK):
        why = f"{_MEMORY} is no memory that this user may write"
    elif (free := shutil.disk_usage(_MEMORY).free) < wanted:
        why = f"{_MEMORY} has {free} bytes free, and {wanted} are wanted"
    else:
        return _MEMORY
    raise ConfigError(
        f"{why}: a drill would write keys in clear to a disk; make room, or name a directory on an encrypted disk with --in"
    )
