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

COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "init": ("gateway.cli.init:init", "Write sealgate.toml, policy.toml, keys; never overwrite."),
        "check": ("gateway.cli.check:check", "Resolve and validate configuration, keys and stores; print it."),
        "serve": ("gateway.cli.serve:serve", "Run; SIGHUP reloads policy and certificates, SIGTERM drains."),
        "scan": ("gateway.cli.scan:scan", "Say what PHI a mail or text holds; exit 1 if any."),
        "redact": ("gateway.cli.redact:redact", "Write a mail or text with placeholders to standard output."),
        "explain": ("gateway.cli.explain:explain", "The decision per recipient, without sending."),
        "user": ("gateway.cli.user:user", "Who may submit, from which addresses, for which purposes."),
        "patient": ("gateway.cli.patient:patient", "The register's patients: import, list, show, set."),
        "partner": ("gateway.cli.partner:partner", "Colleagues, insurers, providers: import, list, show."),
        "consent": ("gateway.cli.consent:consent", "What patients agreed to: add, import, list, revoke, show."),
        "policy": ("gateway.cli.policy:policy", "Example mails against expected decisions."),
        "keys": ("gateway.cli.keys:keys", "Own keys and recipients' certificates."),
        "queue": ("gateway.cli.queue:queue", "Mail in hand: list, show, retry, release, refuse, hold."),
        "parcel": ("gateway.cli.parcel:parcel", "Secure links: list, show, revoke, extend, reissue, code."),
        "why": ("gateway.cli.why:why", "The whole story of one message, from the log."),
        "audit": ("gateway.cli.audit:audit", "The log: list, export, verify."),
        "archive": ("gateway.cli.archive:archive", "The sealed six-year copies: open."),
        "retention": ("gateway.cli.retention:retention", "What is kept after settling: list, hold, release."),
        "backup": ("gateway.cli.backup:backup", "Write a sealed backup into DIR, while running."),
        "restore": ("gateway.cli.backup:restore", "Bring a backup back into a new directory, quarantined."),
        "drill": ("gateway.cli.backup:drill", "Prove a backup: restore it in private, look, destroy it."),
        "suggestion": ("gateway.cli.suggestion:suggestion", "False alarms that staff reported: list, accept, drop."),
        "quarantine": ("gateway.cli.quarantine:quarantine", "A restored system: show, confirm, release."),
        "role": ("gateway.cli.serve:role", ""),
    }
)
"""Where each is, and the line of it in the list of commands, which imports none of them; a hidden one has no line."""


class _Commands(click.Group):
    """Commands by name from the table, in its order."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items() if line])


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
