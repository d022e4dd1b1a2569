"""Laws of checkpoints: another implementation verifies ours, and ours takes nothing but what the key signed."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from tlog_scales import tlog
from tlog_scales.signing import PlainEd25519Signer, Vkey

from simulator.ledger.log.checkpoint import Checkpoint, checkpoint_of, read_checkpoint
from simulator.ledger.record.key_file import NoteKey
from tests.simulator.ledger.log.published import KEY, OTHER_KEY

ROOT = bytes(range(32))
CHECKPOINT = Checkpoint(KEY.name, 20_852_163, ROOT)
SIGNED = CHECKPOINT.signed(KEY)


@given(st.integers(0, 2**63), st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_another_implementation_verifies_and_writes_the_same(size: int, root: bytes, secret: bytes) -> None:
    key = NoteKey("ledger.example/x", secret)
    signed = Checkpoint(key.name, size, root).signed(key)
    found = tlog.Checkpoint.from_text(signed.decode())
    found.verify(Vkey.from_string(key.verifier()))
    assert (found.origin, found.size, found.root_hash) == (key.name, size, root)
    theirs = PlainEd25519Signer(key.name, Ed25519PrivateKey.from_private_bytes(secret))
    assert tlog.Checkpoint.make_signed(key.name, size, root, [theirs]).serialize().encode() == signed
    assert read_checkpoint(signed, key) == Checkpoint(key.name, size, root)


def test_every_flipped_bit_is_found() -> None:
    for place in range(len(SIGNED)):
        for bit in range(8):
            changed = bytearray(SIGNED)
            changed[place] ^= 1 << bit
            assert read_checkpoint(bytes(changed), KEY) is None, (place, bit)


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_other_content_is_no_checkpoint(content: bytes) -> None:
    assert read_checkpoint(content, KEY) is None
    assert not content or read_checkpoint(content + SIGNED, KEY) is None


def test_another_key_did_not_sign_it() -> None:
    assert read_checkpoint(SIGNED, OTHER_KEY) is None
    assert read_checkpoint(SIGNED, NoteKey("other.example", KEY.secret)) is None
    assert read_checkpoint(Checkpoint("other.example", 1, ROOT).signed(KEY), KEY) is None


def test_signatures_of_others_are_left_to_others() -> None:
    text, ours = SIGNED.split(b"\n\n")
    witness = "\u2014 witness.example ".encode() + base64.b64encode(bytes(76)) + b"\n"
    for lines in (ours + witness, witness + ours):
        assert read_checkpoint(text + b"\n\n" + lines, KEY) == CHECKPOINT
    assert read_checkpoint(text + b"\n\n" + witness, KEY) is None


@pytest.mark.parametrize(
    "lines",
    [
        ["", "1", "A" * 43 + "="],
        ["a", "01", "A" * 43 + "="],
        ["a", "+1", "A" * 43 + "="],
        ["a", "-1", "A" * 43 + "="],
        ["a", "1", "A" * 42 + "="],
        ["a", "1", "A" * 42 + "B="],
        ["a", "1", "A" * 44],
        ["a", "1", "A" * 43 + "=", "extension"],
        ["a", "1"],
        ["a", "9" * 5000, "A" * 43 + "="],
    ],
)
def test_a_text_that_is_not_written_so_is_none(lines: list[str]) -> None:
    text = "".join(f"{line}\n" for line in lines).encode()
    assert checkpoint_of(text) is None
    assert checkpoint_of(f"a\n1\n{'A' * 43}=\n".encode()) == Checkpoint("a", 1, bytes(32))
