"""Forms: a few small fields, read by hand in memory, from our own pages only.

Starlette's own form reader may spool to disk, so it is not used anywhere.
"""

from __future__ import annotations

import asyncio
import hmac
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from gateway.web.settings import WebConfig

_TYPE = "application/x-www-form-urlencoded"
_FIELDS = 10


async def read_form(request: Request, config: WebConfig) -> dict[str, str]:
    """The form's fields, the first of each name. HTTPException 400, 408, 413 or 415."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _TYPE:
        raise HTTPException(415)
    try:
        async with asyncio.timeout(config.form_seconds):
            body = await _body(request, config.form_bytes)
    except TimeoutError:
        raise HTTPException(408) from None
    except ClientDisconnect:
        raise HTTPException(400) from None
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_FIELDS, errors="strict")
    except ValueError:
        raise HTTPException(400) from None
    return dict(reversed(pairs))


async def _body(request: Request, most: int) -> bytes:
    said = request.headers.get("content-length", "0")
    if not said.isdigit() or int(said) > most:
        raise HTTPException(413)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise HTTPException(413)
    return bytes(body)


def refuse_foreign(request: Request, form: dict[str, str], expected: str, config: WebConfig) -> None:
    """HTTPException 403 unless the form is from our own page.

    Browsers write `Origin: null` under our `no-referrer`, so Sec-Fetch-Site and the form's token carry the proof.
    """
    refuse_other_sites(request, config)
    refuse_other_forms(form.get("form", ""), expected)


def refuse_other_sites(request: Request, config: WebConfig) -> None:
    """HTTPException 403 for a request whose header says that another site made it."""
    site = request.headers.get("sec-fetch-site", "none")
    origin = request.headers.get("origin", "null").lower()
    if site not in {"same-origin", "none"} or origin not in {"null", config.origin}:
        raise HTTPException(403)


def refuse_other_forms(token: str, expected: str) -> None:
    """HTTPException 403 unless the form brings back the token that our page gave it."""
    if not expected or not hmac.compare_digest(token.encode(), expected.encode()):
        raise HTTPException(403)
