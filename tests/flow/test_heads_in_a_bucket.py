"""Signed heads in an object store with locks: they prove the log, and nobody who holds the account can take them back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from gateway.adapters.heads_bucket import Bucket
from gateway.app.outside import signed_by
from gateway.domain.errors import ConfigError, IntegrityError, StoreUnavailable
from gateway.flow.audit_verify import verify
from gateway.ports.store import HeadRow
from gateway.seal.heads import Kept
from tests.flow.test_heads_outside import with_audit
from tests.support.command import sealgate
from tests.support.fakes import START
from tests.support.home import Home

pytestmark = pytest.mark.proves("log.heads", "log.verify")
YEARS = timedelta(days=2192)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def store(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of the object store, which has a bucket with locks and one without."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "auditor")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = boto3.client("s3", endpoint_url=endpoint)
    there = {one["Name"] for one in client.list_buckets()["Buckets"]}
    for name, locks in (("heads", True), ("plain", False)):
        if name not in there:
            client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=locks)
    return client


def url(endpoint: str, bucket: str, prefix: str) -> str:
    return f"s3://{bucket}/{prefix}?region=us-east-1&endpoint={endpoint}"


def head(size: int) -> Kept:
    return Kept(HeadRow(size, bytes([size]) * 32, START, b"s" * 64))


def test_heads_in_a_bucket_prove_the_log_and_the_command_reads_them(tmp_path: Path, store: Any, endpoint: str) -> None:
    place = url(endpoint, "heads", "clinic")
    with Home(tmp_path, settings=with_audit(head_bucket=place)) as home:
        home.people()
        home.later(60)
        home.later(60)
        kept = Bucket.parse(place).read()
        assert len(kept) >= 2
        assert verify(home.store, signed_by(home.keys.calendar), kept).ok
        said = sealgate("audit", "verify", "--head", place, "--json", "--config", home.inst.config)
        assert (said.status, said.row["ok"]) == (0, True), said.err
        home.sql("DELETE FROM audit WHERE leaf >= ?", kept[-1].head.size - 1)
        home.sql("DELETE FROM audit_heads WHERE size >= ?", kept[-1].head.size)
        said = sealgate("audit", "verify", "--head", place, "--json", "--config", home.inst.config)
        assert said.status == 1
        assert any("rows were cut" in one for one in said.row["problems"])


def test_a_head_that_is_locked_cannot_be_taken_back_nor_its_lock_shortened(store: Any, endpoint: str) -> None:
    bucket = Bucket.parse(url(endpoint, "heads", "locked"))
    bucket.put(head(3), START, YEARS)
    [one] = store.list_object_versions(Bucket="heads", Prefix="locked/")["Versions"]
    lock = store.head_object(Bucket="heads", Key=one["Key"])
    assert lock["ObjectLockMode"] == "COMPLIANCE"
    assert lock["ObjectLockRetainUntilDate"] == START + YEARS
    with pytest.raises(ClientError, match="AccessDenied"):
        store.delete_object(Bucket="heads", Key=one["Key"], VersionId=one["VersionId"])
    assert bucket.read() == [head(3)]


def test_heads_are_read_in_the_order_of_their_coming(store: Any, endpoint: str) -> None:
    bucket = Bucket.parse(url(endpoint, "heads", "order"))
    accepted = Kept(head(2).head, accepted=True)
    for minute, one in enumerate([head(9), accepted, head(10)]):
        bucket.put(one, START + timedelta(minutes=minute), YEARS)
    assert bucket.read() == [head(9), accepted, head(10)]
    store.put_object(Bucket="heads", Key="order/zzz.json", Body=b"no head")
    with pytest.raises(IntegrityError):
        bucket.read()


def test_what_the_store_does_not_take_is_no_head_outside(
    tmp_path: Path, store: Any, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No such bucket, no locks in it, nobody there: the head is made again later, and the log waits for it."""
    with pytest.raises(StoreUnavailable, match="NoSuchBucket"):
        Bucket.parse(url(endpoint, "nobody", "")).put(head(3), START, YEARS)
    with pytest.raises(StoreUnavailable, match="InvalidRequest"):
        Bucket.parse(url(endpoint, "plain", "")).put(head(3), START, YEARS)
    with pytest.raises(StoreUnavailable, match="EndpointConnectionError"):
        Bucket.parse(url("http://127.0.0.1:9", "heads", "")).put(head(3), START, YEARS)
    late = url(endpoint, "late", "")
    with Home(tmp_path, settings=with_audit(head_bucket=late)) as home:
        home.later(60)
        assert not (home.root / "audit-heads.jsonl").exists()
        store.create_bucket(Bucket="late", ObjectLockEnabledForBucket=True)
        home.later(60)
        assert (home.root / "audit-heads.jsonl").exists()
        assert Bucket.parse(late).read()


@pytest.mark.parametrize("place", ["heads", "https://heads/x", "s3:///x", "s3://heads/x?key=secret"])
def test_a_place_that_is_no_bucket_is_refused(place: str) -> None:
    with pytest.raises(ConfigError):
        Bucket.parse(place)
