"""The one canonical encoding of the ledger's records, and what of a record is signed.

A record is a MessagePack array of its fields in order, after its tag if it has one. An integer has the shortest form,
bytes are `bin` of the shortest length. Whatever else a decoder could read is refused: decoding encodes what it has read
and compares. So there is one string of bytes for each record, one digest, and one signing root.
"""

import hashlib
from functools import cache
from typing import TypeVar

import msgspec

from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import Genesis, Record, Signable

PROTOCOL = b"ecochain/3/"
"""Prefix of every signing root: the name and the version of this protocol, so that no other signature fits."""

R = TypeVar("R", bound=Record)

_ENCODER = msgspec.msgpack.Encoder()


def encode(record: Record) -> bytes:
    """Return the canonical bytes of a record.

    Raises RuleError (overflow) where an integer does not fit into 64 bits.
    """
    try:
        return _ENCODER.encode(record)
    except OverflowError as error:
        raise RuleError(Rule.OVERFLOW, "an integer of more than 64 bits") from error


def decode(data: bytes, kind: type[R]) -> R:
    """Return the record of this kind whose canonical bytes these are.

    Raises RuleError (non-canonical) for all other bytes.
    """
    try:
        record: R = _decoder(kind).decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RuleError(Rule.NON_CANONICAL, f"no {kind.__name__}: {error}") from error
    if _ENCODER.encode(record) != data:
        raise RuleError(Rule.NON_CANONICAL, f"not the canonical bytes of a {kind.__name__}")
    return record


def digest(record: Record) -> bytes:
    """Return SHA-256 of the canonical bytes of a record."""
    return hashlib.sha256(encode(record)).digest()


def compute_chain_id(genesis: Genesis) -> bytes:
    """Return the chain's id, so that chains which differ in any figure of their beginning share no signature."""
    return digest(genesis)


def signing_root(chain_id: bytes, record: Signable) -> bytes:
    """Return the 32 bytes that are signed for a record on a chain.

    They are SHA-256 of the protocol, the kind of record, a zero byte, the chain id and the record's canonical bytes.
    """
    return hashlib.sha256(_domain(type(record)) + chain_id + encode(record)).digest()


@cache
def _domain(kind: type[Record]) -> bytes:
    return PROTOCOL + kind.__name__.encode() + b"\0"


@cache
def _decoder(kind: type[R]) -> msgspec.msgpack.Decoder[R]:
    return msgspec.msgpack.Decoder(kind)
