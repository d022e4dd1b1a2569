"""Laws of signatures: one signature of a record on a chain, under a key that binds its owner."""

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.ledger.record.codec import signing_root
from simulator.ledger.record.keys import GROUP_ORDER, SecretKey, check, is_key, is_valid
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import StakeChange

CHAIN = b"\1" * 32
KEY = SecretKey(b"\2" * 32)
CHANGE = StakeChange(validator=1, sequence=2, epoch=3, change=-4)
SIGNATURE = KEY.sign(CHAIN, CHANGE)

FIELD = 2**255 - 19

SMALL_ORDER = [
    bytes(32),
    (1).to_bytes(32, "little"),
    (FIELD - 1).to_bytes(32, "little"),
    FIELD.to_bytes(32, "little"),
    (FIELD + 1).to_bytes(32, "little"),
    (1 << 255).to_bytes(32, "little"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"),
]
"""The points whose order divides 8, with their second spellings (RFC 8032 has only the first ones)."""


def broken(key: bytes, signature: bytes, chain: bytes = CHAIN) -> Rule:
    """Return the rule that a signature of the change breaks."""
    with pytest.raises(RuleError) as caught:
        check(key, chain, CHANGE, signature)
    return caught.value.rule


def second_opinion(key: bytes, root: bytes, signature: bytes) -> bool:
    """Tell whether another library takes a signature for valid."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, root)
    except (InvalidSignature, ValueError):
        return False
    return True


def test_a_signature_is_valid_on_its_chain() -> None:
    check(KEY.public, CHAIN, CHANGE, SIGNATURE)
    assert is_valid(KEY.public, CHAIN, CHANGE, SIGNATURE)


def test_invalid_signature_on_another_chain() -> None:
    assert broken(KEY.public, SIGNATURE, b"\3" * 32) is Rule.BAD_SIGNATURE


def test_invalid_malleable_signature() -> None:
    """Adding the group's order to the second half gives other bytes that satisfy the same equation."""
    half = int.from_bytes(SIGNATURE[32:], "little") + GROUP_ORDER
    twin = SIGNATURE[:32] + half.to_bytes(32, "little")
    assert broken(KEY.public, twin) is Rule.MALLEABLE_SIGNATURE


@pytest.mark.parametrize("key", SMALL_ORDER, ids=bytes.hex)
def test_invalid_small_order_key(key: bytes) -> None:
    assert not is_key(key)
    for commitment in SMALL_ORDER:
        assert broken(key, commitment + bytes(32)) is Rule.SMALL_ORDER_KEY


def test_another_library_would_take_keys_of_small_order() -> None:
    """The reason for this library: where this fails, the other one has become strict, and ADR 17 is out of date."""
    roots = [hashlib.sha256(bytes([number])).digest() for number in range(16)]
    assert any(second_opinion(SMALL_ORDER[1], root, SMALL_ORDER[1] + bytes(32)) for root in roots)


@pytest.mark.parametrize(("key", "signature"), [(KEY.public, b""), (b"", SIGNATURE), (KEY.public, SIGNATURE + b"\0")])
def test_invalid_length(key: bytes, signature: bytes) -> None:
    assert not is_valid(key, CHAIN, CHANGE, signature)


@settings(max_examples=50)
@given(st.binary(min_size=32, max_size=32), st.integers(0, 511), st.integers(-(2**63), 2**63 - 1))
def test_libraries_agree_on_signatures_and_on_flipped_ones(seed: bytes, bit: int, change: int) -> None:
    key = SecretKey(seed)
    record = StakeChange(validator=1, sequence=2, epoch=3, change=change)
    signature = key.sign(CHAIN, record)
    root = signing_root(CHAIN, record)
    assert is_valid(key.public, CHAIN, record, signature)
    assert second_opinion(key.public, root, signature)
    flipped = bytearray(signature)
    flipped[bit // 8] ^= 1 << bit % 8
    assert not is_valid(key.public, CHAIN, record, bytes(flipped))
    assert not second_opinion(key.public, root, bytes(flipped))
