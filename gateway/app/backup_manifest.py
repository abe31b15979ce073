"""The manifest of a backup: which parts it has, signed by the installation that made it. Without it nothing is a backup."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.adapters.durable import refusals, write_all
from gateway.app.backup_parts import Bound, Part
from gateway.domain.errors import ConfigError, IntegrityError
from gateway.ports.vault import Seal
from gateway.seal.context import context, framed

MANIFEST = "manifest.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is, signed by the installation that made it. `rows` is how many numbered rows its log has."""

    backup: str
    installation: str
    taken_at: str
    program: str
    schema: int
    rows: int
    parts: tuple[Part, ...]

    @property
    def bound(self) -> Bound:
        """What its parts are sealed to."""
        return Bound(self.installation, self.backup)

    def part(self, name: str) -> Part:
        """A part by name; IntegrityError if it has none such."""
        for one in self.parts:
            if one.name == name:
                return one
        raise IntegrityError(f"the backup's manifest names no part {name!r}")


def read_manifest(folder: Path, signer: Ed25519PublicKey) -> Manifest:
    """The manifest of a backup; IntegrityError unless this installation's key signed it, ConfigError if none is there."""
    try:
        raw = json.loads((folder / MANIFEST).read_bytes())
        body, signature = raw["body"], bytes.fromhex(raw["signature"])
        fields: dict[str, Any] = json.loads(body)
        signer.verify(signature, _bound(str(fields["installation"]), body))
        if fields.pop("format") != _FORMAT:
            raise ConfigError(f"{folder}: was written by another version of the program; restore it with that one")
        parts = tuple(
            Part(**{**one, "commitment": bytes.fromhex(one["commitment"]), "wrap": bytes.fromhex(one["wrap"])})
            for one in fields.pop("parts")
        )
        return Manifest(**fields, parts=parts)
    except FileNotFoundError:
        raise ConfigError(f"{folder}: holds no {MANIFEST}; name the directory of one backup") from None
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be read ({error.strerror})") from None
    except InvalidSignature:
        raise IntegrityError("the backup's manifest was not signed by the installation of this key") from None
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError("the backup's manifest cannot be read") from error


def write_manifest(place: Path, manifest: Manifest, sign: Callable[[bytes], bytes]) -> None:
    """Write it into the directory of its parts, synced; StoreUnavailable when the medium refuses."""
    fields = asdict(manifest) | {"format": _FORMAT}
    fields["parts"] = [
        {**one, "commitment": one["commitment"].hex(), "wrap": one["wrap"].hex()} for one in fields["parts"]
    ]
    body = json.dumps(fields, sort_keys=True)
    signature = sign(_bound(manifest.installation, body))
    with refusals("the backup cannot be written"):
        descriptor = os.open(place / MANIFEST, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            write_all(descriptor, json.dumps({"body": body, "signature": signature.hex()}).encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _bound(installation: str, body: str) -> bytes:
    return framed(context(installation, Seal.BACKUP, "manifest"), body.encode())
