"""What reads and judges mails, and what finds recipients' keys, put together from an installation's parts."""

from __future__ import annotations

from gateway.adapters.keydirectory import FirstOf, FolderDirectory, OpenPgpFolder
from gateway.adapters.keydirectory.openpgp_answers import judge_openpgp_data
from gateway.adapters.keydirectory.resolver import Resolver
from gateway.app import directories
from gateway.app.installation import Installation
from gateway.domain.address import Address
from gateway.flow.reading import Reader
from gateway.mime.limits import Limits
from gateway.phi.practice import Practice
from gateway.phi.word_lists import WordLists
from gateway.ports.keys import KeyDirectory


def make_reader(home: Installation) -> Reader:
    """With the sandbox, the detector, the policy's words and the practice's own."""
    limits = Limits(home.settings.smtp.limits.message_bytes)
    policy, section = home.policy(), home.settings.practice
    practice = Practice.of(policy.clinicians, (*policy.own, section.name, *section.own_domains))
    lists = WordLists(policy.allowed, policy.denied)
    own = Practice.words(policy.clinicians, (*policy.own, section.name, section.phone, *section.own_domains))
    return Reader(
        home.inspector(home.scanner), home.scanner(), limits, home.viruses(), policy.detector, practice, lists,
        WordLists((), (*policy.denied, *own)),
    )  # fmt: skip


def make_key_directory(home: Installation) -> Resolver:
    """Every directory of `[keys] directories`, in that order."""
    one = home.settings.keys
    local: dict[str, KeyDirectory] = {"imported": home.imported_keys()}
    if one.recipients is not None:
        folder = FolderDirectory(one.recipients, home.trust()), OpenPgpFolder(one.recipients)
        local["folder"] = FirstOf(folder)
    if home.settings.inbound.relayed and home.settings.inbound.harvest:
        local["harvested"] = home.harvested_keys()
    return directories.resolver(home.settings, local, home.trust(), judge_openpgp_data)


def no_tls_route(address: Address) -> bool:
    """No next hop of this version verifies a recipient domain's own host (docs/security-model.md, Not yet), so `tls` is never offered."""
    del address
    return False
