"""What opens mail from outside: the practice's own keys, its anchors, and its limits."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519

from gateway.adapters.openpgp.gpg import sweep
from gateway.adapters.openpgp.opener import GpgOpener
from gateway.app import directories, openpgp_method
from gateway.app.installation import Installation
from gateway.app.keyfiles import KeyFiles
from gateway.flow.unsealing import WORDS, Unsealing
from gateway.ports.keys import KeyKind
from gateway.render.mail import Renderer
from gateway.seal.cms_keys import OwnKey
from gateway.seal.opening import PgpOpen, Tools

_OPENS = (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, x25519.X25519PrivateKey)


def unsealing(home: Installation, renderer: Renderer) -> Unsealing:
    """Opens mails with the keys that the installation has when each one is opened; what a killed worker left is removed."""
    sweep()
    trusted = directories.trust(home.settings, home.tokens.secret)

    def anchors(domain: str) -> tuple[x509.Certificate, ...]:
        return trusted.anchors_for(domain, KeyKind.SMIME) or ()

    return Unsealing(
        lambda: _tools(home), anchors, home.imported_keys(), home.key_directory(),
        home.settings.inbound.open_bytes, lambda: renderer.mail(WORDS).text,
    )  # fmt: skip


def _tools(home: Installation) -> Tools:
    own = [OwnKey(certificate, key) for certificate, key in home.own_decryption() if isinstance(key, _OPENS)]
    return Tools(own, home.tokens.secret, _openpgp(home))


def _openpgp(home: Installation) -> PgpOpen | None:
    """What opens OpenPGP mail to the practice's own key, where there is one."""
    settings = home.settings
    if not openpgp_method.offered(settings):
        return None
    own = KeyFiles(settings.keys.dir).openpgp()
    return GpgOpener(own, settings.inbound.open_bytes, settings.openpgp.program).open
