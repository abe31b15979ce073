"""The table of commands, and the one place where errors become exit statuses and lines on standard error.

0 done, 1 the answer is no, 2 usage or configuration, 3 temporary failure. A command is imported when it is asked for.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import click

from gateway import __version__
from gateway.cli.console import complain
from gateway.domain.errors import ConfigError, SealgateError

DONE, NO, USAGE, TEMPORARY = 0, 1, 2, 3

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "init": "gateway.cli.init:init",
        "check": "gateway.cli.check:check",
        "serve": "gateway.cli.serve:serve",
        "scan": "gateway.cli.scan:scan",
        "redact": "gateway.cli.redact:redact",
        "explain": "gateway.cli.explain:explain",
        "user": "gateway.cli.user:user",
        "patient": "gateway.cli.patient:patient",
        "partner": "gateway.cli.partner:partner",
        "consent": "gateway.cli.consent:consent",
        "policy": "gateway.cli.policy:policy",
        "keys": "gateway.cli.keys:keys",
        "queue": "gateway.cli.queue:queue",
        "parcel": "gateway.cli.parcel:parcel",
        "why": "gateway.cli.why:why",
        "audit": "gateway.cli.audit:audit",
        "archive": "gateway.cli.archive:archive",
        "retention": "gateway.cli.retention:retention",
        "backup": "gateway.cli.backup:backup",
        "restore": "gateway.cli.backup:restore",
        "drill": "gateway.cli.backup:drill",
        "suggestion": "gateway.cli.suggestion:suggestion",
        "quarantine": "gateway.cli.quarantine:quarantine",
        "role": "gateway.cli.serve:role",
    }
)


class _Commands(click.Group):
    """Commands by name from the table, in its order."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="sealgate")
def sealgate() -> None:
    """A HIPAA secure e-mail gateway: finds PHI, checks consent, seals, relays, and can prove it."""


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit status."""
    try:
        found = sealgate.main(args=list(arguments), prog_name="sealgate", standalone_mode=False)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.Abort:
        return _failed("stopped before it was done", NO)
    except click.ClickException as error:
        if isinstance(error, click.exceptions.NoArgsIsHelpError):
            error.show()
            return USAGE
        return _failed(error.format_message(), USAGE)
    except BrokenPipeError:
        sys.stderr.close()  # nobody reads any more; the interpreter would complain at its end
        return NO
    except SealgateError as error:
        return _failed(str(error) or error.code, _status(error))
    return found if isinstance(found, int) else DONE


def _status(error: SealgateError) -> int:
    if error.temporary:
        return TEMPORARY
    return USAGE if isinstance(error, ConfigError) else NO


def _failed(message: str, status: int) -> int:
    complain(message)
    return status
