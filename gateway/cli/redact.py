"""`sealgate redact`: a text or mail with typed placeholders, to standard output."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import click

from gateway.adapters.clock import SystemClock
from gateway.app.judging import Judge
from gateway.cli.console import no, opened, read_input
from gateway.flow.redaction import Manner


@click.command()
@click.argument("file", metavar="FILE")
@click.option("--text", "as_text", is_flag=True, help="FILE is plain UTF-8 text, not mail.")
@click.option(
    "--strict", is_flag=True, help="Mask health terms and facilities too, as the open part of a link mail does."
)
@click.option(
    "--numbered/--typed",
    default=None,
    help="Tell people and values apart ([name-1], [name-2], the same through a quoted thread), or not; else as policy says.",
)
@click.option(
    "--attachments",
    type=click.Choice(["note", "redacted"]),
    help="A note, or a redacted copy of what is text, CSV, HTML, DOCX, XLSX or PDF; else as policy says, or a note.",
)
@click.option("--config", type=click.Path(path_type=Path), help="Find this installation's patients too.")
def redact(
    file: str, as_text: bool, strict: bool, numbered: bool | None, attachments: str | None, config: Path | None
) -> int:
    """Write FILE (.eml, or plain UTF-8 with --text; - is standard input) with every identifier as a placeholder.

    Of a mail: subject and bodies as they are displayed; attachments are replaced by a note, or by copies that were judged
    again. Exit status 1 if something could not be read and was left out.
    """
    with ExitStack() as stack:
        judge = Judge(stack.enter_context(opened(config)) if config is not None else None)
        stack.callback(judge.close)
        data = read_input(file)
        one = judge.text(data) if as_text else judge.mail(data)
        policy = judge.redaction
        manner = Manner(
            strict=strict,
            numbered=policy.numbered if numbered is None else numbered,
            copies=policy.copies if attachments is None else attachments == "redacted",
        )
        result = judge.redacted(one, manner, SystemClock().now().year)
    if result is None:
        no(f"{file}: the detector failed on it, so nothing can be shown")
    sys.stdout.buffer.write(result)
    sys.stdout.buffer.flush()
    gaps = sorted({f"{gap.part} ({gap.reason.value})" for gap in one.report.gaps})
    if gaps:
        no(f"{file}: not everything could be read and was left out or is not certain: {', '.join(gaps)}")
    return 0
