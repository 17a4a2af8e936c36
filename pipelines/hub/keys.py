"""The master key: it opens sealed secrets and proves the audit log, and it is never in the database.

It comes from the environment (`COUNTERFOIL_KEY`) or from a file in the home folder (`.counterfoil.key`, readable by its owner only). Both
hold one or more keys of 32 bytes in base64, the newest first: older ones still open what was sealed under them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from taps._kit.errors import Misconfigured

VARIABLE = "COUNTERFOIL_KEY"
FILE = ".counterfoil.key"
_BYTES = 32


@dataclass(frozen=True, slots=True)
class Keys:
    """Master keys, newest first. Their bytes show in no repr."""

    masters: tuple[bytes, ...] = field(repr=False)

    def derived(self, purpose: str) -> dict[str, bytes]:
        """Key id to the key for one purpose, newest first: a sealing key never signs, a signing key never seals."""
        return {key_id(master): HKDF(SHA256(), _BYTES, None, purpose.encode()).derive(master) for master in self.masters}


def key_id(master: bytes) -> str:
    """A short name of a key that tells nothing about it."""
    return hashlib.sha256(b"counterfoil key id" + master).hexdigest()[:16]


def load(home: Path) -> Keys:
    """The keys of an installation; makes the key file if there is neither a file nor COUNTERFOIL_KEY.

    Raises Misconfigured for a key that is none, or a file that others can read.
    """
    given = os.environ.get(VARIABLE)
    if given is not None:
        return Keys(_parse(given.replace(",", " ").split(), VARIABLE))
    path = home / FILE
    if not path.exists():
        _write(path, [secrets.token_bytes(_BYTES)], replace=False)
    if path.stat().st_mode & 0o077:
        raise Misconfigured(f"{path} can be read by others than its owner. Run: chmod 600 {path}")
    return Keys(_parse(path.read_text(encoding="ascii", errors="replace").split(), str(path)))


def add(home: Path) -> Keys:
    """Put a new key before the others in the key file; the keys as they are then. Seal again after it (`Vault.reseal`).

    Older keys stay: they prove the older part of the audit log. Raises Misconfigured where the key comes from the environment.
    """
    if VARIABLE in os.environ:
        raise Misconfigured(f"The key comes from {VARIABLE}: put a new one before it there, separated by a comma, and start again.")
    keys = Keys((secrets.token_bytes(_BYTES), *load(home).masters))
    _write(home / FILE, list(keys.masters), replace=True)
    return keys


def _parse(words: list[str], where: str) -> tuple[bytes, ...]:
    masters = tuple(_decoded(word) for word in words)
    if not masters or any(len(master) != _BYTES for master in masters):
        raise Misconfigured(f"{where} must hold keys of 32 bytes in base64. Make one with: openssl rand -base64 32")
    return masters


def _decoded(word: str) -> bytes:
    try:
        return base64.b64decode(word, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _write(path: Path, masters: list[bytes], *, replace: bool) -> None:
    """Write the whole file under another name first: nobody ever reads half a key, and of two first starts one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as out:
            out.writelines(base64.b64encode(master).decode() + "\n" for master in masters)
            out.flush()
            os.fsync(out.fileno())
        if replace:
            draft.replace(path)
        else:
            _link_unless_there(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _link_unless_there(draft: Path, path: Path) -> None:
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return  # the other start was first; its key counts
