"""Sections for what our mail bears on its way out: DKIM signatures."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from gateway.config.section import Section
from gateway.config.values import Domain, FilePath


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
