"""`sealgate explain`: the decision per recipient, without sending."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.app.preview import Preview, Previewed
from gateway.cli.console import AddressType, config_option, json_option, opened, read_input, say, show, staffed
from gateway.domain.address import Address
from gateway.domain.decision import Action
from gateway.policy.explain import explain as sentences


@click.command()
@click.argument("file", metavar="FILE")
@click.option("--from", "sender", type=AddressType(), required=True, help="Envelope sender.")
@click.option(
    "--to", "recipients", type=AddressType(), required=True, multiple=True, help="Recipient; may be given again."
)
@config_option
@json_option
def explain(file: str, sender: Address, recipients: tuple[Address, ...], config: Path, as_json: bool) -> int:
    """Say what would become of the mail FILE (- is standard input), per recipient and why. Nothing is sent or kept.

    Exit status 1 if any copy would be held or refused.
    """
    with opened(config) as home, staffed(home, reads_mail=True) as rooms:
        found = Preview(home, rooms).decide([read_input(file)], sender, recipients)
    for one in found:
        if as_json:
            show(as_fields(one))
        else:
            _say(one)
    return int(any(one.decision.action is not Action.DELIVER for one in found))


def as_fields(one: Previewed) -> dict[str, object]:
    """The object that scripts rely on."""
    made = one.decision
    return {
        "recipient": str(made.recipient),
        "action": made.action.value,
        "method": made.method.value if made.method else None,
        "rule": made.rule,
        "reasons": list(made.reasons),
        "subject_out": one.subject_out,
        "held_for": made.held_for.value if made.held_for else None,
        "sensitive": [each.value for each in made.sensitive],
    }


def _say(one: Previewed) -> None:
    made = one.decision
    say(f"{made.recipient}: {made.action.value}{f' by {made.method.value}' if made.method else ''}")
    for sentence in sentences(made):
        say(f"  {sentence}")
    if one.subject_out is not None:
        say(f'  Its Subject outside: "{one.subject_out}"')
