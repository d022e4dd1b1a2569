"""One string of bytes for a record: all others are refused."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.ledger.record.codec import decode, encode
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import ChainConfig, Checkpoint, SignedMessage, StakeChange
from tests.simulator.ledger.records import records

ZERO = bytes(32)


def refused(data: bytes, kind: type[msgspec.Struct]) -> Rule:
    """Return the rule by which bytes are refused as a record of this kind."""
    with pytest.raises(RuleError) as caught:
        decode(data, kind)  # type: ignore[type-var]
    return caught.value.rule


@given(records(SignedMessage), st.data())
def test_invalid_any_other_bytes_of_a_message(message: SignedMessage, data: st.DataObject) -> None:
    """No second string of bytes decodes to the same record, so a flipped bit is refused or is another record."""
    good = encode(message)
    position = data.draw(st.integers(0, len(good) - 1))
    bad = bytearray(good)
    bad[position] ^= 1 << data.draw(st.integers(0, 7))
    try:
        other = decode(bytes(bad), SignedMessage)
    except RuleError as error:
        assert error.rule is Rule.NON_CANONICAL
    else:
        assert other != message
        assert encode(other) == bytes(bad)


@given(st.binary(max_size=200))
def test_invalid_noise(noise: bytes) -> None:
    """Bytes of a stranger are a record in canonical form, or refused by one rule."""
    try:
        record = decode(noise, StakeChange)
    except RuleError as error:
        assert error.rule is Rule.NON_CANONICAL
    else:
        assert encode(record) == noise


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("a longer integer", b"\x95\x0b\xcc\x01\x02\x03\x04"),
        ("a longer array header", b"\xdc\x00\x05\x0b\x01\x02\x03\x04"),
        ("an integral float", b"\x95\x0b\x01\x02\x03\xcb\x40\x10\x00\x00\x00\x00\x00\x00"),
        ("a field more", b"\x96\x0b\x01\x02\x03\x04\x05"),
        ("a field less", b"\x94\x0b\x01\x02\x03"),
        ("bytes behind it", b"\x95\x0b\x01\x02\x03\x04\x00"),
        ("another tag", b"\x95\x0c\x01\x02\x03\x04"),
        ("a map", b"\x84\xa1a\x01\xa1b\x02\xa1c\x03\xa1d\x04"),
        ("true for 1", b"\x95\x0b\x01\x02\x03\xc3"),
        ("an index below zero", b"\x95\x0b\xff\x02\x03\x04"),
        ("nothing", b""),
    ],
)
def test_invalid_spelling(what: str, data: bytes) -> None:
    good = StakeChange(validator=1, sequence=2, epoch=3, change=4)
    assert encode(good) == b"\x95\x0b\x01\x02\x03\x04"
    assert refused(data, StakeChange) is Rule.NON_CANONICAL, what


def test_invalid_digest_of_another_length() -> None:
    checkpoint = Checkpoint(epoch=1, root=ZERO + b"\0")
    assert refused(encode(checkpoint), Checkpoint) is Rule.NON_CANONICAL


def test_invalid_text_for_bytes() -> None:
    as_text = encode(Checkpoint(epoch=1, root=ZERO)).replace(b"\xc4\x20", b"\xd9\x20")
    assert refused(as_text, Checkpoint) is Rule.NON_CANONICAL


@pytest.mark.parametrize("field", ["slot_seconds", "slots_per_epoch", "claim_seconds", "crediting_epochs"])
def test_invalid_chain_whose_time_stands_still(field: str) -> None:
    config = ChainConfig(name=b"", benchmarks=(), **{field: 0})
    assert refused(encode(config), ChainConfig) is Rule.NON_CANONICAL
