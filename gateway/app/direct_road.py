"""Direct, put together: what seals, what waits for confirmations, and whose signatures those may bear."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gateway.adapters.keydirectory.trust import Trust
from gateway.app import directories
from gateway.app.direct_files import direct_senders
from gateway.app.installation import Installation
from gateway.domain.address import Address
from gateway.domain.errors import LimitExceeded, MalformedMail
from gateway.flow.confirmations import Confirmations, OpenReport, Proven
from gateway.flow.notices import Notices
from gateway.flow.own_addresses import OwnAddresses
from gateway.flow.reading import Reader
from gateway.flow.sealed_direct import SealedDirect
from gateway.mime.build_original import read_block
from gateway.mime.sealed_root import RootKind, halves, root_of
from gateway.ports.keys import KeyKind
from gateway.seal.cms_keys import OwnKey
from gateway.seal.cms_open import NotOpened
from gateway.seal.cms_verify import Verdict
from gateway.seal.direct_signer import signer_path
from gateway.seal.opening import Tools, open_mail


def sealed_direct(home: Installation, addresses: OwnAddresses) -> SealedDirect | None:
    """What makes Direct messages; None where the practice sends none."""
    senders = direct_senders(home.settings.direct)
    if not senders:
        return None
    return SealedDirect(senders, home.key_directory(), addresses.direct_address, home.tokens.secret)


def confirmations(home: Installation, reader: Reader, notices: Notices) -> Confirmations | None:
    """What waits for confirmations of Direct messages; None where the practice sends none."""
    one = home.settings.direct
    if not one.enabled:
        return None
    return Confirmations(
        home.store(), reader, home.columns(), notices, home.clock, report_opener(home), partial(_vouched, directories.trust(home.settings, home.tokens.secret)),
        one.processed, one.dispatched,
    )  # fmt: skip


def report_opener(home: Installation) -> OpenReport:
    """Opens what recipients' systems say with the keys of our Direct addresses; only what a good signature covers comes back."""
    signers = [one.signer for one in direct_senders(home.settings.direct)]
    own = [
        OwnKey(one.certificate, one.key) for one in signers if isinstance(one.key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey))
    ]  # fmt: skip
    tools = Tools(own, home.tokens.secret)

    def opens(raw: bytes) -> Proven | None:
        try:
            block, rest = read_block([raw])
            opened = open_mail(block, b"".join(rest), tools)
            found = opened.signature
            if found is None or found.verdict is not Verdict.GOOD or found.certificate is None:
                return None
            root, content = root_of(opened.block), bytes(opened.block) + opened.body
            if root.kind is RootKind.CMS_SIGNED:
                content, _ = halves(root.boundary, opened.body)
        except (NotOpened, MalformedMail, LimitExceeded):
            return None
        return Proven(content, found.certificate, found.others)

    return opens


def _vouched(
    trust: Trust, address: Address, signer: x509.Certificate, others: Sequence[x509.Certificate], at: datetime
) -> bool:
    anchors = trust.anchors_for(address.domain, KeyKind.DIRECT) or ()
    path = signer_path(signer, address, anchors, others, at)
    if not path:
        return False
    return trust.revocation is None or trust.revocation.check(path.chain, at) is None
