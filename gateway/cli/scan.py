"""`sealgate scan`: findings, gaps and the verdict, one JSON object a file."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import click

from gateway.app.judging import Judge, Judged
from gateway.cli.console import AddressType, complain, json_option, opened, read_input, say, show
from gateway.cli.report import write_report
from gateway.domain.address import Address
from gateway.domain.errors import ConfigError
from gateway.domain.finding import Finding


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@json_option
@click.option("--text", "as_text", is_flag=True, help="The files are plain UTF-8 text, not mail.")
@click.option("--show", "shown", is_flag=True, help="Add the text that was found: for a person's eyes only.")
@click.option("--config", type=click.Path(path_type=Path), help="Judge with this installation's register too.")
@click.option(
    "--from",
    "sender",
    type=AddressType(),
    help="Envelope sender (checked for form; the verdict does not depend on it).",
)
@click.option("--to", "recipients", type=AddressType(), multiple=True, help="Envelope recipient; may be given again.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write an index and a page for each file into this directory, with what was found marked in the text.",
)
def scan(
    files: tuple[str, ...], as_json: bool, as_text: bool, shown: bool, config: Path | None, sender: Address | None,
    recipients: tuple[Address, ...], report: Path | None,
) -> int:  # fmt: skip
    """Find identifiers and health terms in each FILE (.eml, or plain UTF-8 with --text; - is standard input).

    Without --config the text alone is judged. Exit status 1 if any file has PHI, 2 if any cannot be read.
    """
    del sender
    status, judged = 0, []
    with ExitStack() as stack:
        judge = Judge(stack.enter_context(opened(config)) if config is not None else None)
        stack.callback(judge.close)
        for file in files:
            try:
                data = read_input(file)
            except ConfigError as error:
                complain(str(error))
                status = 2
                continue
            one = judge.text(data, recipients) if as_text else judge.mail(data, recipients)
            status = max(status, int(one.report.phi))
            if as_json:
                show(as_fields(file, one, shown=shown))
            else:
                _say(file, one, shown=shown)
            if report is not None:
                judged.append((file, one))
    if report is not None:
        say(str(write_report(report, judged)), err=True)
    return status


def as_fields(file: str, one: Judged, *, shown: bool) -> dict[str, object]:
    """The object that scripts rely on; `text` in a finding only where a person asked for it."""
    return {
        "file": file,
        "phi": one.report.phi,
        "complete": one.report.complete,
        "gaps": [{"part": gap.part, "reason": gap.reason.value} for gap in one.report.gaps],
        "classes": sorted(each.value for each in one.report.classes),
        "findings": [_finding(one, each, shown=shown) for each in one.report.findings],
        "threats": [{"part": each.part, "kind": each.kind.value} for each in one.report.threats],
    }


def _finding(one: Judged, found: Finding, *, shown: bool) -> dict[str, object]:
    fields: dict[str, object] = {
        "kind": found.kind.value,
        "letter": found.kind.letter,
        "part": found.part,
        "start": found.start,
        "end": found.end,
        "score": round(found.score, 3),
        "by": found.by,
    }
    return {**fields, "text": one.text(found.part)[found.start : found.end]} if shown else fields


def _say(file: str, one: Judged, *, shown: bool) -> None:
    report = one.report
    whole = "everything was read" if report.complete else "NOT everything could be read, which counts as PHI"
    say(f"{file}: {'PHI' if report.phi else 'no PHI'}; {whole}")
    if report.classes:
        say(f"  sensitive: {', '.join(sorted(report.classes))}")
    for threat in report.threats:
        say(f"  threat: {threat.part}: {threat.kind.value}")
    for gap in report.gaps:
        say(f"  gap: {gap.part}: {gap.reason.value}")
    for found in report.findings:
        letter = f" ({found.kind.letter})" if found.kind.letter else ""
        text = f"  {one.text(found.part)[found.start : found.end]!r}" if shown else ""
        say(
            f"  {found.kind.value}{letter}  {found.part}:{found.start}-{found.end}  {found.score:.2f}  {found.by}{text}"
        )
