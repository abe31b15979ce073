"""`sealgate queue`: mail in hand, and what staff do with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from gateway.cli.console import actor, config_option, every, json_option, no, opened, page, staffed, table
from gateway.cli.console import show as show_line
from gateway.domain.records import ConfirmationRow, DeliveryRow, MessageRow
from gateway.domain.states import ConfirmationState, MessageState
from gateway.flow.decisions import RECIPIENT, TARGET

F = TypeVar("F", bound=Callable[..., Any])
_IN_HAND = (MessageState.RECEIVED, MessageState.ASSESSED, MessageState.HELD, MessageState.STUCK, MessageState.REFUSED)


@click.group()
def queue() -> None:
    """Mail in hand, and what staff do with it."""


def _reason_option(command: F) -> F:
    return click.option(
        "--reason", required=True, help="Why, for the log. Name no patient: the log holds no personal data."
    )(command)


@queue.command(name="list")
@click.option("--state", type=click.Choice([one.value for one in _IN_HAND]), help="Only this state.")
@config_option
@json_option
def list_queue(state: str | None, config: Path, as_json: bool) -> None:
    """Every message in hand, oldest first."""
    states = (MessageState(state),) if state else _IN_HAND
    with opened(config) as home:
        found = every(home, lambda uow, after: uow.messages.listed(states, after=after), lambda row: row.id)
        rows = [_message(row) for row in found]
    table(rows, as_json=as_json, none="no mail is in hand")


@queue.command()
@click.argument("message_id")
@config_option
@json_option
def show(message_id: str, config: Path, as_json: bool) -> None:
    """One message with each recipient's copy."""
    with opened(config) as home:
        with home.store().begin() as uow:
            row = uow.messages.get(message_id)
            copies = uow.deliveries.of_message(message_id)
            said = {one.id: uow.confirmations.get(one.id) for one in copies}
        if row is None:
            no(f"there is no message {message_id}; `sealgate queue list` shows what is in hand")
        columns = home.columns()
        lines = [
            {
                **_copy(one, said[one.id]),
                "recipient": columns.open(RECIPIENT, one.id, one.recipient).decode(),
                "target": columns.open(TARGET, one.id, one.target).decode(),
            }
            for one in copies
        ]
    if as_json:
        show_line({**_message(row), "copies": lines})
        return
    page(_message(row), as_json=False)
    for line in lines:
        click.echo()
        page(line, as_json=False)


@queue.command(name="direct")
@click.option("--state", type=click.Choice([one.value for one in ConfirmationState]), help="Only this state.")
@config_option
@json_option
def list_direct(state: str | None, config: Path, as_json: bool) -> None:
    """Copies that went as Direct and are not confirmed to the end (or, with --state, those in that state)."""
    states = (
        [ConfirmationState(state)]
        if state
        else [ConfirmationState.AWAITED, ConfirmationState.PROCESSED, ConfirmationState.OVERDUE]
    )
    with opened(config) as home:
        found = every(
            home, lambda uow, after: uow.confirmations.listed(states, after=after), lambda one: one.delivery_id
        )
        rows = [
            {
                "delivery": one.delivery_id,
                "message": one.message_id,
                "state": one.state.value,
                "since": one.at,
                "due": one.due,
            }
            for one in found
        ]
    table(rows, as_json=as_json, none="no copy that went as Direct waits to be confirmed")


@queue.command()
@click.argument("delivery_id")
@config_option
def retry(delivery_id: str, config: Path) -> None:
    """Try a waiting copy now."""
    with opened(config) as home, staffed(home) as rooms:
        rooms.review.retry(delivery_id)
    click.echo(f"{delivery_id} is tried now")


@queue.command()
@click.argument("delivery_id")
@_reason_option
@config_option
def release(delivery_id: str, reason: str, config: Path) -> None:
    """Let a held copy go, by a protected method, on your word."""
    with opened(config) as home, staffed(home) as rooms:
        method = rooms.review.release(delivery_id, actor(), reason)
    click.echo(f"{delivery_id} goes by {method.value}")


@queue.command()
@click.argument("message_id")
@_reason_option
@config_option
def refuse(message_id: str, reason: str, config: Path) -> None:
    """End every held copy of a message; the sender is told that nothing was sent."""
    with opened(config) as home, staffed(home) as rooms:
        rooms.review.refuse(message_id, actor(), reason)
    click.echo(f"{message_id} is refused; the sender is told")


@queue.command()
@click.argument("message_id")
@_reason_option
@config_option
def hold(message_id: str, reason: str, config: Path) -> None:
    """Stop every copy of a message that has not begun to leave."""
    with opened(config) as home, staffed(home) as rooms:
        stopped = rooms.review.hold(message_id, actor(), reason)
    click.echo(f"{stopped} cop{'y' if stopped == 1 else 'ies'} of {message_id} held")


def _message(row: MessageRow) -> dict[str, object]:
    return {
        "id": row.id, "state": row.state.value, "direction": row.direction.value, "received_at": row.received_at,
        "size": row.size, "held_for": row.held_for, "deadline": row.deadline,
    }  # fmt: skip


def _copy(one: DeliveryRow, said: ConfirmationRow | None) -> dict[str, object]:
    """A copy's fields; one that went as Direct also says what the recipient's system has confirmed."""
    direct = {"confirmation": said.state.value, "confirmation_due": said.due} if said is not None else {}
    return {
        "delivery": one.id, "state": one.state.value, "action": one.action.value,
        "method": one.method.value if one.method else None, "rule": one.rule, "reasons": list(one.reasons),
        "held_for": one.held_for.value if one.held_for else None, "tries": one.tries, "next_at": one.next_at,
        "reply": one.reply, **direct,
    }  # fmt: skip
