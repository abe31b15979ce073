"""Signed heads in an object store with locks (the S3 interface: Object Lock, mode COMPLIANCE): one object a head.

Until its date nobody, the owner of the account included, can change or remove a locked object, so these heads outlast
whoever takes over the gateway and its accounts. Credentials are found as boto3 finds them (environment, profile, machine
role): the configuration names none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from gateway.domain.errors import ConfigError, IntegrityError, StoreUnavailable
from gateway.seal.heads import Kept, read, text

if TYPE_CHECKING:
    from botocore.client import BaseClient

_SECONDS = 10
_TRIES = 2
_HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where heads lie: `s3://BUCKET/PREFIX?region=…&endpoint=https://…`, the last two where boto3 cannot know them."""

    name: str
    prefix: str
    region: str | None = None
    endpoint: str | None = None

    @classmethod
    def parse(cls, url: str) -> Bucket:
        """ConfigError for anything else."""
        parts = urlsplit(url)
        asked = parse_qs(parts.query)
        if parts.scheme != "s3" or not parts.netloc or set(asked) - {"region", "endpoint"}:
            raise ConfigError(
                "audit.head_bucket: write s3://bucket/prefix, or s3://bucket/prefix?region=R&endpoint=URL"
            )
        prefix = parts.path.strip("/")
        first = {key: values[0] for key, values in asked.items()}
        return cls(parts.netloc, f"{prefix}/" if prefix else "", first.get("region"), first.get("endpoint"))

    def put(self, kept: Kept, at: datetime, keep: timedelta) -> None:
        """Add a head, locked until `at` + `keep`; StoreUnavailable when it is not taken, or the bucket has no locks."""
        key = f"{self.prefix}{at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}-{kept.head.size}.json"
        with _refusals("a head cannot be put into the bucket"):
            self._client().put_object(
                Bucket=self.name, Key=key, Body=text(kept).encode(), ContentType="application/json",
                ChecksumAlgorithm="SHA256", ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=at + keep,
            )  # fmt: skip

    def read(self) -> list[Kept]:
        """Every head that lies there, in the order of their coming; IntegrityError for an object that is none."""
        return list(self._read())

    def _read(self) -> Iterator[Kept]:
        with _refusals("the heads in the bucket cannot be read"):
            client = self._client()
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=self.prefix)
            for key in (one["Key"] for page in pages for one in page.get("Contents", ())):
                body = client.get_object(Bucket=self.name, Key=key)["Body"].read(_HEAD_BYTES + 1)
                if len(body) > _HEAD_BYTES:
                    raise IntegrityError("an object among the heads in the bucket is none")
                yield read(body, "an object in the bucket of heads")

    def _client(self) -> BaseClient | Any:
        import boto3
        from botocore.config import Config

        limits = Config(connect_timeout=_SECONDS, read_timeout=_SECONDS, retries={"total_max_attempts": _TRIES})
        return boto3.client("s3", region_name=self.region, endpoint_url=self.endpoint, config=limits)


@contextmanager
def _refusals(what: str) -> Iterator[None]:
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        raise StoreUnavailable(f"{what}: the object store says {code}") from None
    except (BotoCoreError, Boto3Error, ValueError) as error:
        raise StoreUnavailable(f"{what}: {type(error).__name__}") from None
