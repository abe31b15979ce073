"""Sections for the inspection of what comes in: the children that open documents, and a virus scanner."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, model_validator

from gateway.config.section import Section
from gateway.config.values import Duration, Size, Url


class SandboxSection(Section):
    """`[sandbox]`: the children that open untrusted content."""

    mode: Literal["strong", "weak"] = Field(
        default="strong",
        description="`strong` refuses to start without seccomp or a network namespace; `weak` takes what there is.",
    )
    memory_bytes: Size = Field(default=1024**3, description="Address space of one child.")
    cpu: Duration = Field(default=timedelta(minutes=1), description="Processor time of one message.")
    message: Duration = Field(default=timedelta(minutes=2), description="Time for one message in all.")
    start: Duration = Field(default=timedelta(seconds=30), description="Time for the launcher to load its readers.")
    specimen_bytes: Size = Field(default=128 * 1024**2, description="Greatest attachment that is opened.")
    specimens: int = Field(default=1000, ge=1, description="Attachments of one message that are opened.")
    text_bytes: Size = Field(default=16 * 1024**2, description="Text taken from one message.")
    answers: int = Field(default=20_000, ge=1, description="Texts and gaps of one message.")
    pictures: int = Field(default=40, ge=0, description="Pictures and scanned pages of one message that are read.")
    children: int = Field(default=4, ge=2, description="Children at the same time.")
    quick_bytes: Size = Field(
        default=1024**2,
        description="Documents of one message that are opened between letters; more take the long queue.",
    )
    quick: Duration = Field(
        default=timedelta(seconds=10), description="Time for them; a message that takes longer goes to the long queue."
    )
    long_children: int = Field(
        default=1, ge=1, description="Messages of the long queue at the same time, in threads of their own."
    )

    @model_validator(mode="after")
    def _letters_find_a_child(self) -> Self:
        if self.long_children >= self.children:
            raise ValueError("long_children must be less than children, or documents that take long starve letters")
        return self


class ClamdSection(Section):
    """`[clamd]`: a virus scanner on this machine, asked where the policy says so (`[threats]` of the policy file)."""

    url: Url | None = Field(
        default=None,
        description="`unix:///run/clamav/clamd.ctl` or `tcp://127.0.0.1:3310`; mail is handed over in clear.",
    )
    message: Duration = Field(
        default=timedelta(minutes=1), description="Time for all parts of one message; beyond it, the message is held."
    )
    stream_bytes: Size = Field(
        default=25 * 1024**2,
        description="Greatest part that is handed over. At most clamd's own StreamMaxLength and MaxFileSize: clamd calls "
        "clean what it skips, unless its AlertExceedsMax is on.",
    )
