"""Laws of the file of a secret key: private from its first moment on, never replaced, and never shown."""

import copy
import logging
import os
import pickle
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.core.config import ConfigError
from simulator.cli import main
from simulator.ledger.record.key_file import MOST_NAME_BYTES, NoteKey, create_key, is_key_name, read_key

PUBLISHED = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PUBLISHED_VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
"""The example key of golang.org/x/mod/sumdb/note, whose secret its documentation shows."""

NAME = "laptop.example/ecotrack"


def write(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def refused(work: Callable[[], object]) -> str:
    """Return the one line with which something is refused."""
    with pytest.raises(ConfigError) as caught:
        work()
    (line,) = caught.value.mistakes
    return line


@contextmanager
def mask(bits: int) -> Iterator[None]:
    before = os.umask(bits)
    try:
        yield
    finally:
        os.umask(before)


def test_a_key_is_read_as_it_was_made(tmp_path: Path) -> None:
    made = create_key(tmp_path / "key", NAME)
    assert read_key(tmp_path / "key") == made
    assert create_key(tmp_path / "another", NAME).secret != made.secret
    assert sorted(path.name for path in tmp_path.iterdir()) == ["another", "key"]


def test_the_format_is_that_of_signed_notes(tmp_path: Path) -> None:
    for end in (b"", b"\n"):
        assert read_key(write(tmp_path / "key", PUBLISHED.encode() + end)).verifier() == PUBLISHED_VERIFIER


@pytest.mark.parametrize("bits", [0, 0o022, 0o077, 0o277, 0o777])
def test_the_owner_alone_may_use_the_file_whatever_the_mask(tmp_path: Path, bits: int) -> None:
    with mask(bits):
        create_key(tmp_path / "key", NAME)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o602, 0o620, 0o601, 0o666])
def test_a_key_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    create_key(tmp_path / "key", NAME)
    (tmp_path / "key").chmod(mode)
    assert "chmod 600" in refused(lambda: read_key(tmp_path / "key"))
    (tmp_path / "key").chmod(0o400)
    assert read_key(tmp_path / "key").name == NAME


def test_a_key_is_never_replaced(tmp_path: Path) -> None:
    made = create_key(tmp_path / "key", NAME)
    assert "never replaced" in refused(lambda: create_key(tmp_path / "key", NAME))
    assert read_key(tmp_path / "key") == made
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert "never replaced" in refused(lambda: create_key(tmp_path / "link", NAME))
    assert not (tmp_path / "nowhere").exists()


def test_only_a_file_is_read(tmp_path: Path) -> None:
    create_key(tmp_path / "key", NAME)
    (tmp_path / "link").symlink_to("key")
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert "symbolic link" in refused(lambda: read_key(tmp_path / "link"))
    for one in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        assert "expected a file" in refused(partial(read_key, one))
    assert "No such file" in refused(lambda: read_key(tmp_path / "missing"))


@pytest.mark.parametrize("path", ["missing/key", "file/key"])
def test_a_key_that_cannot_be_written_leaves_nothing(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").touch()
    assert "cannot be written" in refused(lambda: create_key(tmp_path / path, NAME))
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_leaves_no_half_of_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert refused(lambda: create_key(tmp_path / "key", NAME)).endswith("No space left on device")
    assert list(tmp_path.iterdir()) == []


@given(
    st.one_of(
        st.binary(max_size=1100),
        st.text().map(lambda text: f"PRIVATE+KEY+{text}".encode()),
        st.tuples(st.integers(0, len(PUBLISHED) - 1), st.integers(1, 255)).map(
            lambda at: (
                PUBLISHED.encode()[: at[0]]
                + bytes([PUBLISHED.encode()[at[0]] ^ at[1]])
                + PUBLISHED.encode()[at[0] + 1 :]
            )
        ),
        st.integers(0, len(PUBLISHED) - 1).map(lambda end: PUBLISHED.encode()[:end]),
        st.binary(min_size=1, max_size=9).map(lambda more: PUBLISHED.encode() + b"\n" + more),
    )
)
@example(PUBLISHED.replace("c74f20a3", "C74F20A3").encode())
@example(PUBLISHED.replace("HKDFz", "HKDFz=").encode())
@example(f" {PUBLISHED}".encode())
@example(b"")
def test_every_other_content_is_refused_and_not_quoted(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = write(tmp_path_factory.mktemp("key") / "key", content)
    assert refused(lambda: read_key(path)) == f"{path}: holds no key; `ecochain ledger key` writes one"


def test_nothing_shows_the_secret(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    key = create_key(tmp_path / "key", NAME)
    logging.getLogger("test").warning("%s %r", key, key)
    for shown in (repr(key), str(key), f"{key}", caplog.text, key.verifier()):
        assert NAME in shown
        for secret in (repr(key.secret), key.secret.hex(), (tmp_path / "key").read_text().split("+", 4)[-1].strip()):
            assert secret not in shown
    for copied in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not pickled"):
            copied(key)


def test_another_library_verifies_what_it_signs() -> None:
    key = NoteKey(NAME, b"\2" * 32)
    Ed25519PublicKey.from_public_bytes(key.key().public).verify(key.sign(b"a text\n"), b"a text\n")


def test_secrets_for_other_purposes_differ() -> None:
    one, another = NoteKey(NAME, b"\2" * 32), NoteKey(NAME, b"\3" * 32)
    derived = [key.derived(purpose) for key in (one, another) for purpose in ("", "owner", "device 1", "device 11")]
    assert len({one.secret, another.secret, *derived}) == 10
    assert one.derived("owner") == NoteKey("other.example", b"\2" * 32).derived("owner")


@pytest.mark.parametrize("name", ["", "two words", "a+b", "a\nb", "a\0b", "a\u2003b", "a\udc80b", "a" * 256, "ü" * 128])
def test_invalid_name(tmp_path: Path, name: str) -> None:
    assert "expected a name" in refused(lambda: create_key(tmp_path / "key", name))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="name"):
        NoteKey(name, bytes(32))


@given(st.text(max_size=MOST_NAME_BYTES + 1))
def test_every_name_that_is_taken_is_read_again(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    if is_key_name(name):
        path = tmp_path_factory.mktemp("key") / "key"
        assert create_key(path, name) == read_key(path)
    else:
        with pytest.raises(ValueError, match="name"):
            NoteKey(name, bytes(32))


def test_the_command_prints_the_public_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["ledger", "key", "--name", NAME, "--output", str(tmp_path / "key")]
    assert main(command) == 0
    assert capsys.readouterr().out == f"{read_key(tmp_path / 'key').verifier()}\n"
    assert main(command) == 2
    told = capsys.readouterr()
    assert (told.out, told.err) == (
        "",
        f"ecochain: {tmp_path / 'key'}: there is a file already, and a key is never replaced\n",
    )
