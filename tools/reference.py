"""The generated references under docs/reference: `python -m tools.reference` writes them, `--check` says which are old.

Each page is made from the one table that the program itself goes by, so a page cannot tell another story.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import click

import gateway
from gateway.cli.main import COMMANDS
from gateway.config.reference import default_of
from gateway.config.reference import reference as configuration
from gateway.domain import audit
from gateway.domain.decision import HoldReason
from gateway.domain.errors import SealgateError
from gateway.policy.sentences import RECEIPTS, SENTENCES, TO_DO
from gateway.ports.metrics import COUNTS, GAUGES, LIMITS
from gateway.smtp.replies import REPLIES
from gateway.web.words import ERRORS, REFUSALS

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs" / "reference"
LIMIT_TESTS = ROOT / "tests" / "promises" / "limits.toml"
_MADE = "Made by `make docs`; a test keeps it true."


def pages() -> Mapping[str, Callable[[], str]]:
    """File name -> what makes its text."""
    return {
        "config.md": configuration,
        "events.md": events,
        "errors.md": errors,
        "reasons.md": reasons,
        "commands.md": commands,
        "metrics.md": metrics,
    }


def events() -> str:
    """Every kind of row in the log."""
    words, writers = _member_words(audit), _writers()
    rows = [
        (
            f"`{one.value}`",
            words[one.name],
            ", ".join(f"`{path}`" for path in writers.get(one.name, ())) or "nobody yet",
        )
        for one in audit.EventKind
    ]
    head = (
        f"# Events of the log\n\n{_MADE} Kinds, words and fields stand in `gateway/domain/audit.py`. A row holds ids, codes, counts\n"
        "and times, never text of a mail. `sealgate why MESSAGE-ID` tells a message's rows in sentences\n"
        "(`gateway/flow/story.py`); `sealgate audit verify` proves them.\n"
    )
    return f"{head}\n{_table(('kind', 'what it says', 'written by'), rows)}"


def errors() -> str:
    """Every code with which something is refused, at each edge."""
    raised = [
        (f"`{one.code}`", f"`{one.__name__}`", "yes" if one.temporary else "no", _first_line(one), f"`{_home(one)}`")
        for one in sorted(_error_classes(), key=lambda one: (one.code, one.__name__))
    ]
    replies = [(f"`{code}`", f"{one.code} {one.status}".strip(), one.words) for code, one in REPLIES.items()]
    refused = [(f"`{code}`", str(one.status), one.title, one.what) for code, one in REFUSALS.items()]
    plain = [(str(code), one.title, one.what) for code, one in ERRORS.items()]
    return "\n".join([
        f"# Errors\n\n{_MADE} Messages of errors name ids and reasons, never text or addresses of a mail.\n",
        "## Codes\n\nEvery error that Sealgate raises on purpose; logs and alerts show the code. A temporary one is tried again.\n",
        _table(("code", "error", "temporary", "meaning", "stands in"), raised),
        "## Command line\n\nExit status, by `gateway/cli/main.py`: 0 done · 1 the answer is no · 2 usage or configuration · 3 temporary failure.\n",
        "## Replies of the SMTP door\n\nThe one table of `gateway/smtp/replies.py`; a code that it lacks is answered 451.\n",
        _table(("code", "reply", "words"), replies),
        "## Refusals of the portal\n\nThe tables of `gateway/web/words.py`.\n",
        _table(("code", "status", "heading", "what it says"), refused),
        _table(("status", "heading", "what it says"), plain),
    ])  # fmt: skip


def reasons() -> str:
    """Why a copy goes, waits or stays: codes of decisions and holds."""
    held = [(f"`{one.value}`", RECEIPTS[one], TO_DO[one]) for one in HoldReason]
    given = [(f"`{code}`", words) for code, words in SENTENCES.items()]
    return "\n".join([
        f"# Reasons\n\n{_MADE} The words stand in `gateway/policy/sentences.py`.\n",
        "## Holds\n\nThe second column is all that a receipt says, because receipts travel in the open.\n",
        _table(("code", "the receipt says", "what to do"), held),
        "## Reasons of decisions\n\nShown by `sealgate explain` and `sealgate why`.\n",
        _table(("code", "sentence"), given),
    ])  # fmt: skip


def metrics() -> str:
    """Every limit with its default, its metric and its test, every counter and every present value."""
    tests = {row["limit"]: row["test"] for row in tomllib.loads(LIMIT_TESTS.read_text(encoding="utf-8"))["limit"]}
    limits = [
        (
            f"`{limit.value}`",
            ", ".join(f"`{name}` {default_of(name)}" for name in row.settings),
            row.beyond,
            "`sealgate_limit_refused_total`" + (", `sealgate_limit_use`" if row.measured else ""),
            f"`{tests.get(limit.value, 'none')}`",
        )
        for limit, row in LIMITS.items()
    ]
    counts = [
        (f"`{what.value}_total`", row.help, f"`{row.label}`: {', '.join(row.values)}" if row.label else "none")
        for what, row in COUNTS.items()
    ]
    head = (
        f"# Metrics\n\n{_MADE} Each role shows its own at `/metrics` (`[metrics]` in config.md), in Prometheus' text form.\n"
        "No label holds an id, an address or anything else of a person.\n"
    )
    families = (
        "## Limits\n\n`sealgate_limit{limit=…}` is what is allowed; `sealgate_limit_use` what is in use, where that is measured;\n"
        "`sealgate_limit_refused_total` counts who was turned away. `smtp.limits` stands for `inbound.limits` too.\n"
    )
    return "\n".join([
        head,
        families,
        _table(("limit", "settings and defaults", "beyond it", "metric", "test at and above it"), limits),
        "## Counters\n",
        _table(("metric", "what it counts", "label"), counts),
        "## Present values\n",
        _table(("metric", "what it shows"), [(f"`{what.value}`", words) for what, words in GAUGES.items()]),
    ])  # fmt: skip


def commands() -> str:
    """Every command with its options, as `--help` knows them."""
    parts = [
        f"# Commands\n\n{_MADE} Exit status and forms of output: errors.md, and `--json` for one JSON object a line.\n",
    ]
    for name, (where, _) in COMMANDS.items():
        module, _, attribute = where.partition(":")
        parts += _command(getattr(importlib.import_module(module), attribute), f"sealgate {name}")
    return "\n".join(parts)


def _command(command: click.Command, path: str) -> Iterator[str]:
    words = " ".join((command.help or "").split())
    if isinstance(command, click.Group):
        yield f"## `{path}`\n\n{words}\n"
        for name in sorted(command.commands):
            yield from _command(command.commands[name], f"{path} {name}")
        return
    context = click.Context(command, info_name=path)
    yield f"## `{path} {' '.join(command.collect_usage_pieces(context))}`\n\n{words}\n"
    rows = [record for record in (one.get_help_record(context) for one in command.get_params(context)) if record]
    shown = [(f"`{option}`", " ".join(text.split())) for option, text in rows if text and "--help" not in option]
    if shown:
        yield _table(("option", "meaning"), shown)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _member_words(module: object) -> dict[str, str]:
    """The sentence below each member of the module's EventKind."""
    tree = ast.parse(inspect.getsource(module))  # type: ignore[arg-type]
    kind = next(one for one in tree.body if isinstance(one, ast.ClassDef) and one.name == "EventKind")
    found: dict[str, str] = {}
    for member, below in zip(kind.body, kind.body[1:], strict=False):
        if isinstance(member, ast.Assign) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            found[ast.unparse(member.targets[0])] = str(below.value.value)
    return found


def _writers() -> dict[str, list[str]]:
    """Which modules write a kind; the story only reads."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "gateway").rglob("*.py")):
        if path.name == "story.py":
            continue
        for name in sorted(set(re.findall(r"EventKind\.([A-Z_]+)\b", path.read_text(encoding="utf-8")))):
            found.setdefault(name, []).append(path.relative_to(ROOT).as_posix())
    return found


def _error_classes() -> set[type[SealgateError]]:
    for module in pkgutil.walk_packages(gateway.__path__, "gateway."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found: set[type[SealgateError]] = {SealgateError}
    waiting = [SealgateError]
    while waiting:
        below = waiting.pop().__subclasses__()
        fresh = [one for one in below if one not in found and one.__module__.startswith("gateway.")]
        found.update(fresh)
        waiting += fresh
    return found


def _first_line(one: type) -> str:
    return (inspect.getdoc(one) or "").splitlines()[0]


def _home(one: type) -> str:
    return one.__module__.replace(".", "/") + ".py"


def main(arguments: list[str]) -> int:
    """Write every page, or with `--check` name those that are old."""
    status = 0
    for name, make in pages().items():
        path, text = PAGES / name, make()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if "--check" in arguments:
            print(f"docs/reference/{name} is old; run `make docs`")
            status = 1
        else:
            PAGES.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"docs/reference/{name} written")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
