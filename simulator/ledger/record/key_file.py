"""The file of a secret Ed25519 key: one line, in the format that signed notes use (golang.org/x/mod/sumdb/note).

The secret is drawn from the system, never from a seed that somebody could know. Nothing here shows it: neither a text
of the key nor an error about its file, and it cannot be pickled.
"""

import base64
import errno
import os
import secrets
import stat
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import NoReturn

from exporter.core.config import ConfigError
from simulator.ledger.record.keys import SecretKey

ED25519 = b"\x01"
"""Byte of Ed25519 before a key or within the hash of its name (C2SP signed-note, signature types)."""

KEY_HASH_BYTES = 4
"""Bytes by which a note names a key beside the key's name (C2SP signed-note, section "Signatures")."""

SECRET_BYTES = 32
"""Bytes of an Ed25519 secret (RFC 8032, section 5.1.5)."""

MOST_NAME_BYTES = 255
"""Bytes of the longest name of a key that is taken: it stands in one line, and in a URL."""

MOST_FILE_BYTES = 1024
"""Bytes of the longest file that is read: the longest key has less than half."""

_BEGINNING = "PRIVATE+KEY+"


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A named Ed25519 key that signs notes, and from which further secrets are derived."""

    name: str
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Raise ValueError where the name or the secret cannot be one."""
        if not is_key_name(self.name):
            raise ValueError("no name of a key")
        if len(self.secret) != SECRET_BYTES:
            raise ValueError(f"expected a secret of {SECRET_BYTES} bytes")

    def verifier(self) -> str:
        """Return the public text by which others verify: name, hash and public key."""
        public = self.key().public
        return f"{self.name}+{key_hash(self.name, public).hex()}+{_base64(ED25519 + public)}"

    def key(self) -> SecretKey:
        """Return the key that signs."""
        return SecretKey(self.secret)

    def sign(self, text: bytes) -> bytes:
        """Return the Ed25519 signature of the text of a note."""
        from nacl.bindings import crypto_sign, crypto_sign_seed_keypair  # noqa: PLC0415 - loaded at first use

        _, secret = crypto_sign_seed_keypair(self.secret)
        return crypto_sign(text, secret)[:64]

    def derived(self, purpose: str) -> bytes:
        """Return a secret of 32 bytes for one purpose, from which neither this key nor another one follows."""
        return sha256(b"ecochain key/" + purpose.encode() + b"\0" + self.secret).digest()

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied, which would carry the secret elsewhere."""
        raise TypeError("a secret key is not pickled")


def is_key_name(name: str) -> bool:
    """Tell whether a text may name a key: not empty, printable, without spaces and plus signs, and not too long."""
    is_one_word = name.isprintable() and not any(character.isspace() or character == "+" for character in name)
    return is_one_word and 0 < len(name.encode()) <= MOST_NAME_BYTES


def key_hash(name: str, public: bytes) -> bytes:
    """Return the four bytes by which a note names a key."""
    return sha256(name.encode() + b"\n" + ED25519 + public).digest()[:KEY_HASH_BYTES]


def create_key(path: Path, name: str) -> NoteKey:
    """Draw a new key and write its file, which nobody but its owner may read.

    Raises ConfigError where there is a file already or none can be written, and for a name that cannot be one.
    """
    if not is_key_name(name):
        what = f"without spaces and plus signs, of at most {MOST_NAME_BYTES} bytes, such as laptop.example/ecotrack"
        raise ConfigError([f"expected a name of a key {what}"])
    key = NoteKey(name, secrets.token_bytes(SECRET_BYTES))
    try:
        _write_new(path, _text(key).encode())
    except FileExistsError as error:
        raise ConfigError([f"{path}: there is a file already, and a key is never replaced"]) from error
    except OSError as error:
        raise ConfigError([f"{path}: the key cannot be written: {error.strerror}"]) from error
    return key


def read_key(path: Path) -> NoteKey:
    """Return the key of a file. Raises ConfigError, which quotes nothing of it."""
    try:
        content = _read_private(path)
    except OSError as error:
        raise ConfigError([f"{path}: the key cannot be read: {error.strerror}"]) from error
    key = _parsed(content)
    if key is None:
        raise ConfigError([f"{path}: holds no key; `ecochain ledger key` writes one"])
    return key


def _write_new(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with ExitStack() as undo:
        file = os.open(path, flags, 0o600)
        undo.callback(_remove, path)
        try:
            # A mask takes bits of the mode away; what is left has to be the owner's reading and writing.
            os.fchmod(file, 0o600)
            with open(file, "wb", closefd=False) as writer:
                writer.write(content)
            os.fsync(file)
        finally:
            os.close(file)
        _sync_folder(path.parent)
        undo.pop_all()


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read_private(path: Path) -> bytes:
    """Return the bytes of a file that only its owner may read. Raises OSError."""
    try:
        # Without waiting, should it be a pipe.
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        what = "expected a file, got a symbolic link" if error.errno == errno.ELOOP else error.strerror
        raise OSError(error.errno, what) from error
    try:
        mode = os.fstat(file).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "expected a file, got a folder, a pipe or a device")
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise OSError(errno.EPERM, "others than its owner may use it; make it private with chmod 600")
        with open(file, "rb", closefd=False) as reader:
            return reader.read(MOST_FILE_BYTES + 1)
    finally:
        os.close(file)


def _parsed(content: bytes) -> NoteKey | None:
    """Return the key whose file has exactly these bytes, with or without the end of its line; None for others."""
    try:
        text = content.decode().removesuffix("\n")
        name, _, secret = text.removeprefix(_BEGINNING).split("+", 2)
        key = NoteKey(name, base64.b64decode(secret, validate=True).removeprefix(ED25519))
    except ValueError:
        return None
    return key if _text(key) == f"{text}\n" else None


def _text(key: NoteKey) -> str:
    hashed = key_hash(key.name, key.key().public).hex()
    return f"{_BEGINNING}{key.name}+{hashed}+{_base64(ED25519 + key.secret)}\n"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
