"""Path validation of recipients' certificates: RFC 5280 6, with the rules of RFC 8550 (S/MIME) on top.

`cryptography.x509.verification` builds the path: names, signatures, times, basic constraints, path length, name
constraints on rfc822Name, unknown critical extensions, RSA keys of authorities below 2048 bits, SHA-1; and it ends by itself
on looping chains (a bound on signature checks). It was made for TLS, so its policy for extensions is replaced, and three
things that it does not judge are judged here: the key usage of authorities, an extended key usage of authorities that
leaves mail out, and name constraints on internationalised addresses (RFC 9598 6). What cannot be judged is no path.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy, PolicyBuilder, Store, VerificationError

from gateway.domain.address import Address, normal_domain
from gateway.domain.errors import InvalidAddress
from gateway.seal.certificate_names import utf8_addresses_of

_MAIL = frozenset({ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})
_DEPTH = 8
_INTERMEDIATES = 64
"""Of authorities that come along with a certificate, so many are tried."""
NO_PATH = "no chain leads to a trusted authority"
_CAUSES = (
    ("name constraint", "an authority above it may not certify this address (name constraints)"),
    ("nameConstraints", "an authority above it has name constraints that Sealgate cannot judge"),
    ("path length", "an authority above it may not certify other authorities (path length)"),
    ("RSA key is too weak", "an authority above it has an RSA key of fewer than 2048 bits"),
    ("Forbidden signature algorithm", "an authority above it signs with a broken hash or an unknown algorithm"),
    ("maximum signature check limit", "its authorities lead in circles"),
    ("may not sign certificates", "an authority above it may not sign certificates (key usage)"),
    ("not for mail", "an authority above it is not for mail (extended key usage)"),
    ("not valid at validation time", "an authority above it has expired"),
)
"""Words of the library's errors, and ours. What is not among them is told as NO_PATH; either way there is no path."""


@dataclass(frozen=True, slots=True)
class CertificatePath:
    """A path from a certificate to an anchor, the certificate first; empty, with the reason, when there is none."""

    chain: tuple[x509.Certificate, ...] = ()
    reason: str = NO_PATH

    def __bool__(self) -> bool:
        return bool(self.chain)


def find_path(
    leaf: x509.Certificate,
    anchors: Sequence[x509.Certificate],
    intermediates: Sequence[x509.Certificate],
    at: datetime,
) -> CertificatePath:
    """The path that leads from the certificate to an anchor at that time; never raises for bad certificates.

    A leaf that is past its own time is judged as of its last moment: that it has expired is for others to say.
    """
    if not anchors:
        return CertificatePath(reason="no trusted authority is configured for it")
    when = max(leaf.not_valid_before_utc, min(at, leaf.not_valid_after_utc))
    for_ca, for_leaf = _policies()
    try:
        builder = PolicyBuilder().store(Store(list(anchors))).time(when).max_chain_depth(_DEPTH)
        verifier = builder.extension_policies(ca_policy=for_ca, ee_policy=for_leaf).build_client_verifier()
        chain = tuple(verifier.verify(leaf, list(dict.fromkeys(intermediates))[:_INTERMEDIATES]).chain)
        if not _internationalised_names_permitted(chain):
            return CertificatePath(reason=_CAUSES[0][1])
    except VerificationError as error:
        return CertificatePath(reason=next((ours for theirs, ours in _CAUSES if theirs in str(error)), NO_PATH))
    except (ValueError, TypeError, InvalidAddress):
        return CertificatePath()
    return CertificatePath(chain, "")


@cache
def _policies() -> tuple[ExtensionPolicy, ExtensionPolicy]:
    """What authorities and people must state. The library's own leave S/MIME out: they ask for TLS usages."""
    for_ca = (
        ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
        .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _signs_certificates)
        .may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _for_mail)
    )
    for_leaf = ExtensionPolicy.permit_all().require_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, None)
    return for_ca, for_leaf


def _signs_certificates(policy: Policy, certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    del policy, certificate
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("may not sign certificates")


def _for_mail(policy: Policy, certificate: x509.Certificate, usage: x509.ExtendedKeyUsage | None) -> None:
    """RFC 5280 4.2.1.12 has it for people; authorities that state one are technically constrained by it (S/MIME BR 7.1.2.2)."""
    del policy, certificate
    if usage is not None and not _MAIL & set(usage):
        raise ValueError("not for mail")


def _internationalised_names_permitted(chain: Sequence[x509.Certificate]) -> bool:
    """RFC 9598 6: constraints on rfc822Name hold for SmtpUTF8Mailbox too, which the library passes over."""
    names = utf8_addresses_of(chain[0])
    if not names:
        return True
    for authority in chain[1:]:
        try:
            constraints = authority.extensions.get_extension_for_class(x509.NameConstraints).value
        except x509.ExtensionNotFound:
            continue
        permitted, excluded = _mail_trees(constraints.permitted_subtrees), _mail_trees(constraints.excluded_subtrees)
        for name in names:
            if any(_within(name, one) for one in excluded) or (
                permitted and not any(_within(name, one) for one in permitted)
            ):
                return False
    return True


def _mail_trees(trees: list[x509.GeneralName] | None) -> list[str]:
    return [one.value for one in trees or () if isinstance(one, x509.RFC822Name)]


def _within(name: Address, tree: str) -> bool:
    """RFC 5280 4.2.1.10: a mailbox, a host, or with a leading dot every host below a domain."""
    if "@" in tree:
        return Address.parse(tree).key == name.key
    if tree.startswith("."):
        return name.domain.endswith(f".{normal_domain(tree[1:])}")
    return name.domain == normal_domain(tree)
