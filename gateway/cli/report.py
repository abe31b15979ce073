"""The scan report for people: one HTML page without scripts or anything from elsewhere. Text is in it only with `--show`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from gateway.app.judging import Judged
from gateway.domain.errors import ConfigError
from gateway.domain.finding import Finding

_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Sealgate: scan report</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #1d2733 }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .25rem .6rem .25rem 0; vertical-align: top }
th { border-bottom: 2px solid #c9d2dc } td { border-bottom: 1px solid #e4e9ee; overflow-wrap: anywhere }
.phi { color: #9b1c1c; font-weight: 600 } .clear { color: #17603a; font-weight: 600 }
pre { white-space: pre-wrap; background: #f5f7f9; padding: .8rem; overflow-wrap: anywhere } mark { background: #ffe08a }
</style></head><body>
"""


def write_report(folder: Path, judged: Sequence[tuple[str, Judged]], *, shown: bool) -> Path:
    """Write `scan.html` (readable by this user only) and return its path; ConfigError if the directory cannot be written."""
    path = folder / "scan.html"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", errors="replace"
        ) as file:
            file.writelines(_page(judged, shown=shown))
    except OSError as error:
        raise ConfigError(f"--report: {folder} cannot be written ({error.strerror}); name another directory") from None
    return path


def _page(judged: Sequence[tuple[str, Judged]], *, shown: bool) -> Iterable[str]:
    yield _HEAD
    with_phi = sum(one.report.phi for _, one in judged)
    yield f"<h1>Scan report</h1><p>{len(judged)} file(s), {with_phi} with PHI.</p>\n"
    for file, one in judged:
        yield from _file(file, one, shown=shown)
    yield "</body></html>\n"


def _file(file: str, one: Judged, *, shown: bool) -> Iterable[str]:
    report = one.report
    verdict = '<span class="phi">PHI</span>' if report.phi else '<span class="clear">no PHI</span>'
    whole = "everything was read" if report.complete else "not everything could be read, which counts as PHI"
    yield f"<h2>{escape(file)}</h2><p>{verdict}; {whole}.</p>\n"
    if report.classes:
        yield f"<p>Sensitive: {escape(', '.join(sorted(report.classes)))}.</p>\n"
    if report.gaps:
        rows = "".join(f"<tr><td>{escape(gap.part)}</td><td>{gap.reason.value}</td></tr>" for gap in report.gaps)
        yield f"<table><tr><th>Could not be read</th><th>Why</th></tr>{rows}</table>\n"
    if report.findings:
        rows = "".join(_row(found) for found in report.findings)
        heads = "".join(f"<th>{name}</th>" for name in ("Kind", "Letter", "Place", "From", "To", "Score", "By"))
        yield f"<table><tr>{heads}</tr>{rows}</table>\n"
    if shown:
        for part in one.parts:
            marked = _marked(part.text, [each for each in report.findings if each.part == part.part])
            yield f"<h3>{escape(part.part)}</h3><pre>{marked}</pre>\n"


def _row(found: Finding) -> str:
    cells = (
        found.kind.value, found.kind.letter or "", found.part, str(found.start), str(found.end), f"{found.score:.2f}", found.by,
    )  # fmt: skip
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _marked(text: str, findings: Iterable[Finding]) -> str:
    out, last = [], 0
    for found in sorted(findings, key=lambda one: (one.start, -one.end)):
        if found.start < last:
            continue
        inner = f'<mark title="{found.kind.value}">{escape(text[found.start : found.end])}</mark>'
        out += [escape(text[last : found.start]), inner]
        last = found.end
    return "".join([*out, escape(text[last:])])
