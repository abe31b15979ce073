"""`sealgate policy`: trying the practice's rules before they count."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.app.installation import Installation
from gateway.app.policy_examples import Example, examples, register_of, run_example
from gateway.app.preview import Preview
from gateway.cli.console import config_option, json_option, opened, say, show, staffed


@click.group()
def policy() -> None:
    """Trying the practice's rules before they count."""


@policy.command(name="test")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@config_option
@json_option
def test_policy(folder: Path, config: Path, as_json: bool) -> int:
    """Decide for every NAME.eml in DIR and compare with NAME.expect: a JSON object a line with recipient, action, method.

    Where DIR has patients.csv, partners.csv or consents.csv, these are the register, and the installation's own is not
    looked at. The sender is the mail's From. Exit status 1 if a decision differs.
    """
    found = examples(folder)
    with opened(config) as home, register_of(folder, home) as trial:
        failed = _run(trial, found, as_json=as_json)
    if not as_json:
        click.echo(f"{len(found) - failed} of {len(found)} example(s) as expected")
    return int(failed > 0)


def _run(home: Installation, found: list[Example], *, as_json: bool) -> int:
    failed = 0
    with staffed(home, reads_mail=True) as rooms:
        preview = Preview(home, rooms)
        for one in found:
            differences = run_example(preview, one)
            failed += bool(differences)
            if as_json:
                show({"example": one.name, "ok": not differences, "differences": differences})
            else:
                say(f"{'ok  ' if not differences else 'FAIL'} {one.name}")
                for line in differences:
                    say(f"     {line}")
    return failed
