"""The door's TLS: certificate from files, reloaded without a restart, and what a client certificate says."""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from gateway.domain.errors import ConfigError


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files: certificate chain, private key, and the CA (or the certificates themselves) of smarthost clients."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


class ServerTls:
    """The TLS context of all listeners. `reload` takes effect with the next handshake."""

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self.context = _context(files)

    def reload(self) -> None:
        """Read the files again; ConfigError for bad ones, and then the old certificate stays."""
        _context(self._files)
        self.context.load_cert_chain(self._files.certificate, self._files.key)
        if self._files.client_ca is not None:
            self.context.load_verify_locations(self._files.client_ca)


def _context(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # No compression, no renegotiation by clients, and our own order of ciphers.
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    try:
        context.load_cert_chain(files.certificate, files.key)
        if files.client_ca is not None:
            context.load_verify_locations(files.client_ca)
            context.verify_mode = ssl.CERT_OPTIONAL
            # A listed certificate may be its own anchor, so that a pin works without a CA.
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"smtp.tls: cannot use {files.certificate} with {files.key}: {error}") from error
    return context


def client_names(tls: ssl.SSLObject | None) -> tuple[str, frozenset[str]] | None:
    """Fingerprint (hex SHA-256 of the DER) and case-folded SAN names of the verified client certificate, if there is one."""
    der = tls.getpeercert(binary_form=True) if tls is not None else None
    if not der:
        return None
    certificate = x509.load_der_x509_certificate(der)
    names: set[str] = set()
    try:
        san = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = {str(one.value).lower() for one in san if isinstance(one.value, str)}
        names |= {str(address) for address in san.get_values_for_type(x509.IPAddress)}
    except (x509.ExtensionNotFound, ValueError):
        names = set()
    return hashlib.sha256(der).hexdigest(), frozenset(names)
