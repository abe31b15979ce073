"""The scan report for a person: an index, and for each input a page with what was found marked in its text.

No scripts, nothing from elsewhere, every character escaped; directory and files are for this user alone. The pages hold the
text of what was scanned: they are as confidential as that.
"""

from __future__ import annotations

import itertools
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path

from gateway.app.judging import Judged
from gateway.domain.errors import ConfigError
from gateway.domain.finding import Finding, Kind

_SIGN = "<!-- sealgate scan report -->\n"
_INDEX = "index.html"
_OURS = re.compile(r"index\.html|[0-9]{4,6}\.html")
_HUES = {kind: at * 137 % 360 for at, kind in enumerate(Kind)}
"""The golden angle, so that neighbours differ."""
_STYLE = """
body { font: 16px/1.6 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #1d2733; background: #fff }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem } h1, h2, h3 { overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 } caption { text-align: left; font-weight: 600 }
th, td { text-align: left; padding: .25rem .8rem .25rem 0; vertical-align: top; border-bottom: 1px solid #e4e9ee; overflow-wrap: anywhere }
th { border-bottom: 2px solid #c9d2dc } td.n { font-variant-numeric: tabular-nums }
.phi { color: #9b1c1c; font-weight: 600 } .clear { color: #17603a; font-weight: 600 } .hint { color: #5a6775 }
pre { font: 15px/1.9 ui-monospace, monospace; white-space: pre-wrap; background: #f6f8fa; padding: 1rem; overflow-wrap: anywhere; border-radius: 4px }
mark { color: #111; padding: .1em .15em; border-radius: 3px; border-bottom: 2px solid #555 } mark.low { border-bottom-style: dashed }
sup { font-size: .7em; line-height: 0 } sup a { color: #333; text-decoration: none; padding-left: .15em }
.legend { display: flex; flex-wrap: wrap; gap: .5rem 1rem; padding: 0; list-style: none } tr:target { background: #fff3c4 }
"""
_LOW = 0.7
"""A finding below this score is drawn with a dashed line."""


def write_report(folder: Path, judged: Sequence[tuple[str, Judged]]) -> Path:
    """Write the pages into a directory that is new, empty, or an older report; the index's path. ConfigError otherwise."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _clear(folder)
        for number, (file, one) in enumerate(judged, start=1):
            _write(folder / _name(number), _page(file, one))
        _write(folder / _INDEX, _index(judged))
    except OSError as error:
        raise ConfigError(f"--report: {folder} cannot be written ({error.strerror}); name another directory") from None
    return folder / _INDEX


def _clear(folder: Path) -> None:
    """Remove an older report's pages; ConfigError when anything else lies there."""
    found = list(folder.iterdir())
    if not found:
        return
    index = folder / _INDEX
    ours = all(_OURS.fullmatch(one.name) and one.is_file() and not one.is_symlink() for one in found)
    if not ours or not index.exists() or not index.read_text(encoding="utf-8", errors="replace").startswith(_SIGN):
        raise ConfigError(f"--report: {folder} holds something that is no report; name a new directory")
    for one in found:
        one.unlink()


def _write(path: Path, pieces: Iterable[str]) -> None:
    how = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(path, how, 0o600), "w", encoding="utf-8", errors="replace") as file:
        file.writelines(pieces)


def _name(number: int) -> str:
    return f"{number:04}.html"


def _head(title: str) -> str:
    kinds = "\n".join(f".k-{kind.value} {{ background: hsl({hue} 85% 84%) }}" for kind, hue in _HUES.items())
    return (
        f'{_SIGN}<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, '
        "initial-scale=1\"><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        'form-action \'none\'; base-uri \'none\'"><meta name="referrer" content="no-referrer">'
        f"<title>{_shown(title)}</title><style>{_STYLE}{kinds}</style></head><body>\n"
    )


def _index(judged: Sequence[tuple[str, Judged]]) -> Iterator[str]:
    with_phi = sum(one.report.phi for _, one in judged)
    yield _head("Sealgate: scan report")
    yield f"<h1>Scan report</h1>\n<p>{len(judged)} file(s), {with_phi} with PHI. These pages hold the text of the files.</p>\n"
    rows = (
        (
            f'<a href="{_name(number)}">{_shown(file)}</a>',
            _verdict(one),
            str(len(one.report.findings)),
            str(len(one.report.gaps)),
        )
        for number, (file, one) in enumerate(judged, start=1)
    )
    yield _table("Files", ("File", "Verdict", "Findings", "Not read"), rows)
    yield from _counts([found for _, one in judged for found in one.report.findings])
    yield "</body></html>\n"


def _page(file: str, one: Judged) -> Iterator[str]:
    report = one.report
    yield _head(f"Sealgate: {file}")
    yield f'<p><a href="{_INDEX}">All files</a></p>\n<h1>{_shown(file)}</h1>\n<p>{_verdict(one)}; '
    yield (
        "everything was read.</p>\n" if report.complete else "not everything could be read, which counts as PHI.</p>\n"
    )
    if report.classes:
        yield f"<p>Sensitive: {escape(', '.join(sorted(report.classes)))}.</p>\n"
    if report.gaps:
        yield _table(
            "Could not be read", ("Place", "Why"), ((_shown(gap.part), gap.reason.value) for gap in report.gaps)
        )
    if report.threats:
        yield _table("Threats", ("Place", "What"), ((_shown(each.part), each.kind.value) for each in report.threats))
    yield _legend({found.kind for found in report.findings})
    yield from _counts(report.findings)
    numbers = {id(found): number for number, found in enumerate(report.findings, start=1)}
    for part in one.parts:
        marked = _marked(part.text, [each for each in report.findings if each.part == part.part], numbers)
        yield f"<h2>{_shown(part.part)}</h2>\n<pre>{marked}</pre>\n"
    yield "<h2>Findings</h2>\n" if report.findings else ""
    yield "".join(_findings(report.findings))
    yield "</body></html>\n"


def _verdict(one: Judged) -> str:
    return '<span class="phi">PHI</span>' if one.report.phi else '<span class="clear">no PHI</span>'


def _legend(kinds: Iterable[Kind]) -> str:
    items = "".join(f'<li><mark class="k-{kind.value}">{_kind(kind)}</mark></li>' for kind in sorted(kinds))
    hint = f'<p class="hint">A dashed line: a score below {_LOW}. The number leads to the table of findings.</p>'
    return f'<ul class="legend" aria-label="Legend">{items}</ul>{hint}\n' if items else "<p>Nothing was found.</p>\n"


def _kind(kind: Kind) -> str:
    return f"{kind.value} ({kind.letter})" if kind.letter else kind.value


def _counts(findings: Sequence[Finding]) -> Iterator[str]:
    """How many of each kind, and by which recogniser."""
    if not findings:
        return
    kinds = Counter(found.kind for found in findings)
    makers = Counter((found.kind, found.by) for found in findings)
    rows = (
        (
            f'<mark class="k-{kind.value}">{kind.value}</mark>', kind.letter or "-", str(number),
            escape(", ".join(f"{by} {count}" for (of, by), count in makers.most_common() if of is kind)),
        )
        for kind, number in kinds.most_common()
    )  # fmt: skip
    yield _table("Found, by kind", ("Kind", "Safe Harbor letter", "Number", "By"), rows)


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    if not findings:
        return
    heads = ("No.", "Kind", "Letter", "Place", "From", "To", "Score", "By")
    yield f"<table><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>\n"
    for number, found in enumerate(findings, start=1):
        cells = (
            f'<a href="#m{number}">{number}</a>', found.kind.value, found.kind.letter or "", _shown(found.part), str(found.start),
            str(found.end), f"{found.score:.2f}", escape(found.by),
        )  # fmt: skip
        yield f'<tr id="f{number}">{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>\n'
    yield "</table>\n"


def _table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are HTML already."""
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows)
    return f"<table><caption>{caption}</caption><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>\n{lines}</table>\n"


def _marked(text: str, findings: Sequence[Finding], numbers: dict[int, int]) -> str:
    """The text with every finding marked; where several overlap, the surest colours the stretch and all are told."""
    edges = sorted({0, len(text), *(at for one in findings for at in (one.start, one.end) if 0 <= at <= len(text))})
    waiting = sorted(findings, key=lambda one: one.start, reverse=True)
    living: list[Finding] = []
    out: list[str] = []
    for start, end in itertools.pairwise(edges):
        while waiting and waiting[-1].start <= start:
            living.append(waiting.pop())
        living = [one for one in living if one.end > start]
        words = _shown(text[start:end])
        if not living:
            out.append(words)
            continue
        best = max(living, key=lambda one: (one.kind.identifies, one.score))
        told = "; ".join(f"{_kind(one.kind)}, {one.by}, {one.score:.2f}" for one in living)
        notes = "".join(
            f'<sup><a href="#f{numbers[id(one)]}">{numbers[id(one)]}</a></sup>' for one in living if one.end == end
        )
        anchors = "".join(f'<span id="m{numbers[id(one)]}"></span>' for one in living if one.start == start)
        low = " low" if best.score < _LOW else ""
        out.append(f'{anchors}<mark class="k-{best.kind.value}{low}" title="{escape(told)}">{words}{notes}</mark>')
    return "".join(out)


def _shown(text: str) -> str:
    """Escaped, with a sign for what would steer a terminal or turn the line round."""
    return escape("".join(one if one.isprintable() or one in "\n\t" else "\N{REPLACEMENT CHARACTER}" for one in text))
