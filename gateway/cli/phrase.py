"""`sealgate patient phrase`: the password that the practice agreed on with a patient for encrypted PDF.

A phrase comes from Sealgate, or from standard input or a prompt: never from the command line, where other accounts see it.
It is shown once, when Sealgate has made it, so that staff can tell it; afterwards nobody reads it from the register.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from gateway.cli.console import config_option, json_option, no, opened, page
from gateway.cli.registered import importer, known
from gateway.domain.patient import Phrase
from gateway.domain.protected import Protected
from gateway.seal.passphrase import LANGUAGES, generated, prepared, weakness


@click.command()
@click.argument("mrn")
@click.option(
    "--generate", is_flag=True, help="Make eight words and show them once: tell them by telephone or in person."
)
@click.option(
    "--language", type=click.Choice(sorted(LANGUAGES)), default="en", show_default=True, help="Of these words."
)
@click.option("--forget", is_flag=True, help="Take the phrase off the record.")
@config_option
@json_option
def phrase(mrn: str, generate: bool, language: str, forget: bool, config: Path, as_json: bool) -> None:
    """Agree on the password of encrypted PDF with the patient who has this record number; never by e-mail.

    Without --generate or --forget the phrase is asked for, or read from the first line of standard input. One that holds a
    birth date, a number or a name on record, or that can be guessed, is refused: whoever has a file can try without limit.
    PDF that were sent already keep the phrase that they were made with.
    """
    if generate and forget:
        raise click.UsageError("--generate and --forget exclude each other")
    with opened(config) as home:
        write, day = importer(home), home.facts().day(home.clock.now())
        text = ""
        if generate:
            text = generated(home.tokens.secret, language)
        elif not forget:
            text = prepared(_asked())
        with home.store().begin() as uow:
            before = known(write, uow, mrn)
            agreed = None if forget else Phrase(Protected(text), day, generate)
            why = weakness(agreed, before) if agreed is not None else ""
            if why:
                no(
                    f"this phrase is refused: {why}. An encrypted file can be tried offline, for years and without limit"
                )
            if agreed is None and before.phrase is None:
                no("there is no phrase on this patient's record")
            write.change(uow, before, replace(before, phrase=agreed))
    page(
        {
            "mrn": before.mrn,
            "phrase": text if generate else ("none" if forget else "agreed"),
            "since": None if forget else day,
        },
        as_json=as_json,
    )


def _asked() -> str:
    if sys.stdin.isatty():
        typed: str = click.prompt("Phrase", hide_input=True, confirmation_prompt=True)
        return typed
    return sys.stdin.readline().rstrip("\r\n")
