"""The queue: a table with leases.

One job a kind and subject. Work that is asked for while its job is in a worker's hands is not lost: the job keeps the
time and runs again when the worker finishes it. A lease that ran out counts as a try, so that a job which kills its
worker cannot do so for ever.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, delete, func, or_, select, update

from gateway.adapters.sql.channel import Channel
from gateway.adapters.sql.tables import jobs
from gateway.domain.errors import LeaseLost
from gateway.domain.records import Job, JobKind
from gateway.ports.tokens import Tokens


class SqlJobs:
    """The Jobs port."""

    def __init__(self, channel: Channel, tokens: Tokens) -> None:
        self._channel = channel
        self._tokens = tokens

    def add(self, kind: JobKind, message_id: str, subject_id: str, run_at: datetime) -> str:
        """Queue one job, or bring the one there is forward to that time; returns its id."""
        about = subject_id or message_id
        fresh = {"id": self._tokens.id(), "kind": kind, "message_id": message_id, "subject_id": subject_id,
                 "about": about, "run_at": run_at, "tries": 0, "excused": 0, "lease": 0}  # fmt: skip
        if self._channel.added(jobs, fresh, ["kind", "about"]):
            return str(fresh["id"])
        present = self._channel.one(select(jobs).where(jobs.c.kind == kind, jobs.c.about == about).with_for_update())
        if present is None:
            # PostgreSQL: another transaction finished it between the two statements.
            self._channel.add(jobs, fresh)
            return str(fresh["id"])
        if present["lease_until"] is not None:
            self._set(present["id"], rerun_at=_earlier(present["rerun_at"], run_at))
        elif run_at < present["run_at"]:
            self._set(present["id"], run_at=run_at)
        return str(present["id"])

    def claim(self, kinds: Collection[JobKind], now: datetime, lease: float, limit: int = 1) -> list[Job]:
        """Lease due jobs, the longest due first; on PostgreSQL those that another worker is taking are skipped."""
        statement = (
            select(jobs)
            .where(jobs.c.kind.in_(list(kinds)), jobs.c.run_at <= now)
            .where(or_(jobs.c.lease_until.is_(None), jobs.c.lease_until <= now))
            .order_by(jobs.c.run_at, jobs.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return [self._lease(row, now, now + timedelta(seconds=lease)) for row in self._channel.all(statement)]

    def _lease(self, row: RowMapping, now: datetime, until: datetime) -> Job:
        number = row["lease"] + 1
        tries = row["tries"] + (row["lease_until"] is not None)
        rerun = row["rerun_at"]
        covered = rerun is not None and rerun <= now
        self._set(row["id"], lease=number, lease_until=until, tries=tries, rerun_at=None if covered else rerun)
        return Job(
            id=row["id"],
            kind=row["kind"],
            message_id=row["message_id"],
            subject_id=row["subject_id"],
            run_at=row["run_at"],
            tries=tries,
            lease=number,
            lease_until=until,
            excused=row["excused"],
        )

    def holds(self, job: Job) -> bool:
        """Whether the lease number is still this job's; locks the row."""
        return self._held(job) is not None

    def finish(self, job: Job) -> None:
        """Remove it, or queue it afresh when more work was asked for meanwhile; LeaseLost when it is not ours."""
        present = self._owned(job)
        if present["rerun_at"] is None:
            self._channel.run(delete(jobs).where(jobs.c.id == job.id))
        else:
            self._set(job.id, run_at=present["rerun_at"], rerun_at=None, lease_until=None, tries=0, excused=0)

    def again(self, job: Job, run_at: datetime, *, counts: bool = True, excused: bool = False) -> None:
        """Give the lease back and run later (sooner, if that was asked for meanwhile); LeaseLost when it is not ours."""
        present = self._owned(job)
        self._set(
            job.id,
            run_at=_earlier(present["rerun_at"], run_at),
            rerun_at=None,
            lease_until=None,
            tries=present["tries"] + counts,
            excused=present["excused"] + excused,
        )

    def pull_in(self, kinds: Collection[JobKind], latest: datetime, to: datetime) -> int:
        """Move jobs that are due after `latest` to `to`; how many."""
        due = update(jobs).where(jobs.c.kind.in_(list(kinds)), jobs.c.run_at > latest)
        return self._channel.changed(due.values(run_at=to))

    def shorten(self, latest: datetime, to: datetime) -> int:
        """Move leases that end after `latest` to `to`; how many."""
        return self._channel.changed(update(jobs).where(jobs.c.lease_until > latest).values(lease_until=to))

    def drop(self, kind: JobKind, subject_id: str) -> None:
        """Remove the job of that kind and subject (or message, if it has no subject), whoever holds it."""
        self._channel.run(delete(jobs).where(jobs.c.kind == kind, jobs.c.about == subject_id))

    def clear(self) -> None:
        """Remove every job."""
        self._channel.run(delete(jobs))

    def pending(self) -> dict[str, int]:
        """How many jobs there are, by kind."""
        rows = self._channel.all(select(jobs.c.kind, func.count().label("amount")).group_by(jobs.c.kind))
        return {row["kind"].value: int(row["amount"]) for row in rows}

    def _held(self, job: Job) -> RowMapping | None:
        statement = select(jobs).where(jobs.c.id == job.id, jobs.c.lease == job.lease)
        return self._channel.one(statement.where(jobs.c.lease_until.is_not(None)).with_for_update())

    def _owned(self, job: Job) -> RowMapping:
        present = self._held(job)
        if present is None:
            raise LeaseLost(f"job {job.id} is another worker's now")
        return present

    def _set(self, job_id: str, **values: Any) -> None:
        self._channel.run(update(jobs).where(jobs.c.id == job_id).values(**values))


def _earlier(first: datetime | None, second: datetime) -> datetime:
    return second if first is None else min(first, second)
