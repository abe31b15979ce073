"""What gpg's status lines prove of the signature in a message that was decrypted in the same run.

GOODSIG alone proves nothing: it says that some key of the directory signed. What counts is VALIDSIG's two fingerprints, of
the part that signed and of its primary key, and that there is one signature and it stands inside the encryption.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.seal.cms_verify import Checked, Verdict
from gateway.seal.openpgp_signers import SignerKey

Said = Sequence[tuple[str, str]]

TROUBLES = frozenset({"ERRSIG", "BADSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG"})
"""What gpg says of signatures that are not good."""
_SIGNED = TROUBLES | {"NEWSIG", "GOODSIG", "VALIDSIG"}
_BROKEN_HASHES = frozenset({"1", "2", "3"})
"""MD5, SHA-1 and RIPEMD-160, RFC 9580 9.5."""
_OF_A_DOCUMENT = frozenset({"00", "01"})
_FIELDS = 10


def verdict(said: Said, key: SignerKey | None, code: int) -> Checked | None:
    """The signature by that key; None where nobody signed. `code` is gpg's exit code."""
    kinds = [kind for kind, _ in said]
    if not _SIGNED & set(kinds):
        return None
    if "BADSIG" in kinds:
        return Checked(Verdict.BAD)
    once = kinds.count("NEWSIG") == kinds.count("GOODSIG") == kinds.count("VALIDSIG") == 1
    if key is None or key.refused or not once or TROUBLES & set(kinds) or code != 0 or not _inside(kinds):
        return Checked(Verdict.UNKNOWN)
    fields = next(rest for kind, rest in said if kind == "VALIDSIG").lower().split()
    if len(fields) != _FIELDS or fields[0] not in key.parts or fields[9] != key.fingerprint:
        return Checked(Verdict.UNKNOWN)
    if fields[8] not in _OF_A_DOCUMENT:
        return Checked(Verdict.UNKNOWN)
    return Checked(Verdict.WEAK if fields[7] in _BROKEN_HASHES else Verdict.GOOD)


def _inside(kinds: Sequence[str]) -> bool:
    """Whether the signature is a part of what was encrypted: one round it would prove nothing of the content."""
    order = ["BEGIN_DECRYPTION", "PLAINTEXT", "NEWSIG", "VALIDSIG", "END_DECRYPTION"]
    return [one for one in kinds if one in order] == order
