"""What a parcel is made of: a manifest and one object for each decoded attachment, each under a key of its own."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from gateway.seal import link
from tests.support.home import MARIA, RESULTS, Home, mail

FILES = (
    ("results.pdf", "application/pdf", b"%PDF-1.4 not a real one \x00\xff" * 500),
    ("notes.csv", "text/csv", b"a,b\n1,2\n"),
)
SECRET_HEADERS = (
    "Bcc: hidden@example.org", "X-Sealgate-Note: internal", "X-Internal-Ticket: 4711", "Received: from desk.internal.example.org",
    "Thread-Topic: internal topic", "X-Originating-IP: 192.0.2.99",
)  # fmt: skip


@pytest.mark.proves("rest.parcel")
def test_a_parcel_is_a_manifest_and_an_object_for_each_attachment(tmp_path: Path) -> None:
    with Home(tmp_path).people() as home:
        home.submit(mail(MARIA, "Results", RESULTS, files=FILES, headers=SECRET_HEADERS), [MARIA, "hidden@example.org"])
        home.settle()
        token = home.sent(MARIA)[0].token()
        cookie = home.prove(token)
        letter = home.pickup.view(cookie)
        # Names, types, sizes and hashes are those of the decoded attachments; each streams from an object of its own.
        shown = [(one.name, one.media_type, one.size, one.sha256) for one in letter.enclosed]
        assert shown == [(name, kind, len(data), hashlib.sha256(data).hexdigest()) for name, kind, data in FILES]
        got = [b"".join(home.pickup.stream(cookie, index).chunks) for index in range(len(FILES))]
        assert got == [data for _, _, data in FILES]
        with home.store.begin() as uow:
            value = link.read_token(token)
            assert value is not None
            row = uow.parcels.by_lookup(link.lookup(value, home.inst.lookup_key(), home.inst.id))
            assert row is not None
            ids = [row.manifest_id, *(one.object_id for one in letter.enclosed)]
            wraps = [
                next(sealed for holder, sealed in uow.objects.wraps(one) if holder.kind == "parcel") for one in ids
            ]
            kinds = [found.purpose for one in ids if (found := uow.objects.get(one)) is not None]
        assert len(set(ids)) == len(set(wraps)) == 1 + len(FILES)
        assert kinds == ["manifest", "attachment", "attachment"]
        kek = link.kek(value, home.inst.peppers().get(row.id), home.inst.id, row.id)  # type: ignore[arg-type]
        keys = {
            home.pickup._reader._unwrap(held(home, cookie), one, sealed).reveal()
            for one, sealed in zip(ids, wraps, strict=True)
        }
        assert len(keys) == 1 + len(FILES)
        assert kek.reveal() not in keys
        # Neither a Bcc nor anything of the house is in it.
        for words in (b"hidden@", b"internal", b"4711", b"192.0.2.99", b"Received"):
            assert words not in letter.encode()


def held(home: Home, cookie: str):
    """The parcel of a session, as the portal holds it."""
    return home.pickup._held(cookie)
