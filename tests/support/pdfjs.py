"""Debian's pdf.js in a headless Chromium, as Firefox and many web sites show PDF: it asks nobody but this test's own server."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.support.chromium import chromium

BUILD = Path("/usr/share/javascript/pdf/build")
_READ = """async ([file, password]) => {
  const {pdfjsLib} = window;
  pdfjsLib.GlobalWorkerOptions.workerSrc = "/pdf.worker.js";
  const data = Uint8Array.from(atob(file), one => one.charCodeAt(0));
  const said = {text: "", files: {}, refused: "", version: pdfjsLib.version};
  let pdf;
  try {
    window.worker ??= new pdfjsLib.PDFWorker();
    pdf = await pdfjsLib.getDocument({data, password, worker: window.worker}).promise;
  } catch (error) {
    said.refused = `${error.name}: ${error.message}`;
    return said;
  }
  for (let number = 1; number <= pdf.numPages; number++) {
    const content = await (await pdf.getPage(number)).getTextContent();
    said.text += content.items.map(one => one.str + (one.hasEOL ? "\\n" : "")).join("");
  }
  for (const one of Object.values(await pdf.getAttachments() ?? {})) {
    said.files[one.filename] = Array.from(one.content, one => String.fromCharCode(one)).join("");
  }
  return said;
}"""


class PdfJs:
    """One page with pdf.js in it."""

    def __init__(self, page: Any) -> None:
        self._page = page

    def read(self, file: bytes, password: str) -> tuple[str, dict[str, bytes], str]:
        """Text of all pages, the attachments, and the error by its name, empty where the file opened."""
        said = self._page.evaluate(_READ, [base64.b64encode(file).decode(), password])
        return said["text"], {name: one.encode("latin-1") for name, one in said["files"].items()}, said["refused"]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def pdfjs() -> Iterator[PdfJs]:
    """Skips, and says so, where pdf.js or the browser is missing."""
    if not (BUILD / "pdf.worker.js").is_file():
        pytest.skip("MISSING PROGRAM: pdf.js; this peer was not tried: install Debian's package libjs-pdf")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(BUILD))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            with chromium("what pdf.js makes of an encrypted PDF") as browser:
                page = browser.new_page()
                page.goto(f"http://127.0.0.1:{server.server_port}/")
                page.add_script_tag(url="/pdf.js")
                yield PdfJs(page)
        finally:
            server.shutdown()
