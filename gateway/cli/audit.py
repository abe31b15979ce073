"""`sealgate audit`: the log and its proof."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from gateway.adapters.heads import read_kept
from gateway.adapters.heads_bucket import Bucket
from gateway.app.installation import Installation
from gateway.app.keyfiles import public_key
from gateway.app.outside import accept_head, log_watch, signed_by
from gateway.cli.console import actor, column_key, config_option, json_option, no, opened, show, table
from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.errors import ConfigError
from gateway.flow import reasons
from gateway.flow.audit_verify import verify as verify_log
from gateway.flow.story import readable
from gateway.ports.store import AuditRow
from gateway.seal.heads import Kept


@click.group()
def audit() -> None:
    """The log and its proof. Rows hold ids, codes and times; what a person wrote is shown where the column key is."""


@audit.command(name="list")
@click.argument("message_id", required=False)
@click.option("--last", type=click.IntRange(min=1), default=50, show_default=True, help="Only the last so many rows.")
@config_option
@json_option
def list_rows(message_id: str | None, last: int, config: Path, as_json: bool) -> None:
    """The last rows, or those of one message."""
    with opened(config) as home:
        if message_id is not None:
            with home.store().begin() as uow:
                rows = uow.audit.of_message(message_id)
        else:
            rows = []
            for row in _all(home):
                rows = [*rows[-last + 1 :], row] if last > 1 else [row]
        columns = column_key(home)
        with home.store().begin() as uow:
            rows = [readable(uow, columns, row) for row in rows[-last:]]
    table(
        [
            {"seq": row.seq, "at": row.at, "event": row.event.kind.value, "message": row.event.message_id,
             "actor": row.event.actor, "data": dict(row.event.data) if as_json else _words(row)}
            for row in rows
        ],
        as_json=as_json, none="the log has no such rows",
    )  # fmt: skip


@audit.command()
@config_option
def export(config: Path) -> None:
    """The whole log as JSON lines, with leaf numbers and hashes."""
    with opened(config) as home:
        for row in _all(home):
            event = row.event
            show(
                {
                    "seq": row.seq, "leaf": row.leaf, "message": event.message_id, "number": row.number,
                    "at": row.at.isoformat(timespec="microseconds"), "event": event.kind.value,
                    "delivery": event.delivery_id, "actor": event.actor, "data": dict(event.data),
                    "previous": row.previous.hex(), "hash": row.hash.hex(),
                }
            )  # fmt: skip


@audit.command()
@click.argument("cert", required=False, type=click.Path(path_type=Path))
@click.option(
    "--head",
    "head_place",
    help="What was kept outside: the file of heads, lines of syslog, a saved mail, or s3://bucket/prefix.",
)
@config_option
@json_option
def verify(cert: Path | None, head_place: str | None, config: Path, as_json: bool) -> int:
    """Check every row, chain and signed head, against heads that were kept outside if --head names them.

    CERT is the public key of the heads' signatures, by default calendar.pub. Exit status 1 if anything was changed.
    """
    with opened(config) as home:
        key = public_key(cert or home.settings.keys.dir / "calendar.pub")

        kept = _kept_outside(head_place) if head_place is not None else None
        report = verify_log(home.store(), signed_by(key), kept)
    if as_json:
        show(
            {
                "ok": report.ok,
                "rows": report.size,
                "problems": list(report.problems),
                "cannot_prove": list(report.cannot_prove),
            }
        )
        return int(not report.ok)
    click.echo(f"{report.size} numbered rows: {'the log holds' if report.ok else 'THE LOG WAS CHANGED'}")
    for sentence in report.problems:
        click.echo(f"problem: {sentence}")
    for sentence in report.cannot_prove:
        click.echo(f"note: {sentence}")
    return int(not report.ok)


@audit.command()
@click.option("--reason", required=True, help="Why an older log is right, for the log.")
@config_option
def accept(reason: str, config: Path) -> None:
    """After a restore: accept this database's log as the one from now on, though heads outside tell of more.

    Until then workers send nothing. What the heads of before cover beyond this log can never be proved again.
    """
    with opened(config) as home:
        alarm = log_watch(home).look_whole()
        if not alarm:
            no("the log is the one of the heads outside; there is nothing to accept")
        head = accept_head(home)
        with home.store().begin() as uow:
            data: dict[str, Scalar] = {"size": head.size, "reason": reasons.keep(uow, home.columns(), reason)}
            uow.audit.append(Event(EventKind.LOG_ACCEPTED, actor=actor(), data=data), home.clock.now())
    click.echo(f"accepted: {head.size} rows; workers go on within seconds")


def _all(home: Installation) -> Iterator[AuditRow]:
    after = 0
    while True:
        with home.store().begin() as uow:
            rows = uow.audit.rows(after)
        if not rows:
            return
        yield from rows
        after = rows[-1].seq


def _words(row: AuditRow) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(row.event.data.items()))


def _kept_outside(place: str) -> list[Kept]:
    """The heads of a file or bucket; ConfigError where there are none."""
    if place.startswith("s3:"):
        kept = Bucket.parse(place).read()
    elif Path(place).is_file():
        kept = read_kept(Path(place))
    else:
        raise ConfigError(f"--head: {place} is no file; name the copy of the heads that was kept outside")
    if not kept:
        raise ConfigError(
            f"--head: {place} holds no head; name a file of heads, lines of syslog, a saved mail, or a bucket"
        )
    return kept
