"""Laws of the canonical encoding: one string of bytes for a record, one record for a string of bytes."""

import hashlib

import msgspec
import pytest
from hypothesis import given

from simulator.ledger.record.codec import compute_chain_id, decode, digest, encode, signing_root
from simulator.ledger.record.rules import RuleError
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


@given(blocks)
def test_a_block_decodes_to_itself(block: Block) -> None:
    assert decode(encode(block), Block) == block


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
    one = hashlib.sha256(b"ecochain/3/Claim\0" + ZERO + encode(CLAIM)).digest()
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
