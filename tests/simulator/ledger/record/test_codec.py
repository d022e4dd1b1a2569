"""Laws of the canonical encoding: one string of bytes for a record, one record for a string of bytes."""

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.ledger.record.codec import compute_chain_id, decode, digest, encode, signing_root
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import (
    Attestation,
    AttestationData,
    Block,
    ChainConfig,
    Checkpoint,
    Claim,
    Genesis,
    SignedMessage,
    StakeChange,
)
from tests.simulator.ledger.records import records

ZERO = bytes(32)

CLAIM = Claim(
    device=7,
    sequence=1,
    start=0,
    end=300,
    generation=1_000,
    load=700,
    grid_import=0,
    export=0,
    charge=300,
    discharge=0,
    curtailed=0,
    intensity=400_000,
    intensity_source=ZERO,
    tasks=(3, 0),
    records=4,
    records_root=ZERO,
    models=ZERO,
)

blocks = records(Block)
messages = records(SignedMessage)


def refused(data: bytes, kind: type[msgspec.Struct]) -> Rule:
    """Return the rule by which bytes are refused as a record of this kind."""
    with pytest.raises(RuleError) as caught:
        decode(data, kind)  # type: ignore[type-var]
    return caught.value.rule


@given(blocks)
def test_a_block_decodes_to_itself(block: Block) -> None:
    assert decode(encode(block), Block) == block


@given(messages, st.data())
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


def test_invalid_integer_of_65_bits() -> None:
    with pytest.raises(RuleError, match="overflow"):
        encode(StakeChange(validator=1, sequence=2, epoch=3, change=2**64))


def test_the_encoding_of_a_claim_stays() -> None:
    """Other implementations, and chains that exist, rest on these bytes."""
    assert encode(CLAIM).hex() == (
        "dc0012050701 00cd012c cd03e8cd02bc0000cd012c0000ce00061a80".replace(" ", "")
        + "c420"
        + "00" * 32
        + "9203000 4".replace(" ", "")
        + ("c420" + "00" * 32) * 2
    )


def test_signing_roots_say_the_kind_and_the_chain() -> None:
    one = hashlib.sha256(b"ecochain/2/Claim\0" + ZERO + encode(CLAIM)).digest()
    assert signing_root(ZERO, CLAIM) == one
    assert signing_root(b"\1" * 32, CLAIM) != one


def test_chains_with_other_benchmarks_are_other_chains() -> None:
    chains = {
        compute_chain_id(Genesis(config=ChainConfig(name=b"test", benchmarks=figures), validators=()))
        for figures in ((), (1,), (2,), (1, 2))
    }
    assert len(chains) == 4


def test_the_digest_of_a_vote_depends_on_each_field() -> None:
    source, target = Checkpoint(epoch=0, root=ZERO), Checkpoint(epoch=1, root=ZERO)
    data = AttestationData(validator=0, slot=60, head=ZERO, source=source, target=target)
    votes = [data, *(msgspec.structs.replace(data, **change) for change in _CHANGES)]
    assert len({digest(Attestation(data=one, signature=bytes(64))) for one in votes}) == len(votes)


_CHANGES: list[dict[str, object]] = [
    {"validator": 1},
    {"slot": 61},
    {"head": b"\1" * 32},
    {"source": Checkpoint(epoch=1, root=ZERO)},
    {"target": Checkpoint(epoch=2, root=ZERO)},
]


@pytest.mark.parametrize("field", ["slot_seconds", "slots_per_epoch", "claim_seconds", "crediting_epochs"])
def test_a_chain_whose_time_stands_still_is_no_chain(field: str) -> None:
    config = ChainConfig(name=b"", benchmarks=(), **{field: 0})
    with pytest.raises(RuleError) as refused:
        decode(encode(config), ChainConfig)
    assert refused.value.rule is Rule.NON_CANONICAL
