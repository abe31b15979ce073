"""Sections for what our mail bears on its way out: DKIM signatures, and the practice's place in Direct communities."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator

from gateway.config.section import Section
from gateway.config.values import Domain, Duration, FilePath, Mailbox


class DkimKeySection(Section):
    """`[[dkim.keys]]`: one key. Two with one domain, of RSA and Ed25519, sign side by side."""

    domain: Domain = Field(description="The domain that signs; From addresses in it and below it are signed for.")
    selector: str = Field(
        pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
        description="Where the DNS has the public half: SELECTOR._domainkey.DOMAIN.",
    )
    file: FilePath = Field(description="The private key, PEM: RSA of 2048 bits or more, or Ed25519. Workers only.")


class DkimSection(Section):
    """`[dkim]`: signatures over mail that was made anew or changed, and over mail that came without one."""

    keys: tuple[DkimKeySection, ...] = Field(default=(), description="Keys; none leaves signing to the next hop.")

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        places = [(one.domain, one.selector) for one in self.keys]
        if len(set(places)) != len(places):
            raise ValueError("two keys have the same domain and selector; give each a selector of its own")
        return self


class DirectSenderSection(Section):
    """`[[direct.senders]]`: one Direct address of the practice."""

    address: Mailbox = Field(description="The Direct address that mail leaves from, `office@direct.example.org`.")
    authors: frozenset[Mailbox] = Field(
        default=frozenset(),
        description="Whose mail: From addresses of the practice. One sender has none: it takes everybody's who has no other.",
    )
    certificate: FilePath = Field(
        description="A certificate for its whole domain, with the authorities above it, PEM: confirmations come to addresses made for one mail."
    )
    key: FilePath = Field(description="The certificate's private key, PEM. Workers only.")


class DirectSection(Section):
    """`[direct]`: sending as Direct where the recipient has a Direct certificate (Applicability Statement 1.3)."""

    enabled: bool = Field(
        default=False,
        description="Send as Direct where that is possible. Confirmations come in by the inbound door, so `[inbound] listen` is needed.",
    )
    senders: tuple[DirectSenderSection, ...] = Field(default=(), description="The practice's own Direct addresses.")
    processed: Duration = Field(
        default=timedelta(hours=1),
        ge=timedelta(minutes=1),
        description="How long the recipient's system may take to say that it has decrypted and checked the mail; then the sender is told.",
    )
    dispatched: Duration = Field(
        default=timedelta(hours=24),
        ge=timedelta(minutes=1),
        description="How long until it says that the mail has reached its destination; then the sender is told.",
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.enabled and not self.senders:
            raise ValueError("enabled needs [[direct.senders]]: an address of the practice to send from")
        written = [str(author) for one in self.senders for author in one.authors]
        if len(set(written)) != len(written):
            raise ValueError("an author has two senders; name each once")
        if self.senders and sum(not one.authors for one in self.senders) != 1:
            raise ValueError(
                "exactly one of [[direct.senders]] has no authors: it takes everybody's mail who has no other"
            )
        if self.dispatched < self.processed:
            raise ValueError("dispatched is shorter than processed; a mail is processed before it is dispatched")
        return self
