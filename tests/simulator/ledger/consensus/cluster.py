"""Validators for tests: the beginning of a chain of a few of them, and a counter as the application."""

import hashlib
from collections.abc import Sequence
from functools import cache

from simulator.ledger.consensus.proposal import Identity
from simulator.ledger.consensus.randomness import RevealChain
from simulator.ledger.consensus.state import State, get_genesis_state
from simulator.ledger.consensus.transition import Outcome, Surroundings
from simulator.ledger.record.keys import SecretKey
from simulator.ledger.record.types import ChainConfig, Genesis, SignedMessage, Validator

CHAIN_SLOTS = 4096
COUNT_OF_NOTHING = bytes(32)


def count_messages(root: bytes, messages: Sequence[SignedMessage], surroundings: Surroundings) -> Outcome:
    """Count messages: the simplest application. Its root is the number itself, so that nothing has to be kept."""
    return Outcome(root=(int.from_bytes(root) + len(messages)).to_bytes(32))


@cache
def identity(index: int, slots: int = CHAIN_SLOTS) -> Identity:
    """Return a validator whose chain of reveals serves so many slots."""
    secret = hashlib.sha256(b"validator %d" % index).digest()
    return Identity(index=index, key=SecretKey(secret), reveals=RevealChain(secret, slots))


def genesis(
    stakes: Sequence[int], *, slots_per_epoch: int = 8, name: bytes = b"test", slots: int = CHAIN_SLOTS
) -> Genesis:
    validators = tuple(
        Validator(key=one.key.public, stake=stake, commitment=one.reveals.commitment)
        for one, stake in ((identity(index, slots), stake) for index, stake in enumerate(stakes))
    )
    config = ChainConfig(name=name, benchmarks=(), slots_per_epoch=slots_per_epoch)
    return Genesis(config=config, validators=validators)


def first_state(stakes: Sequence[int], *, slots_per_epoch: int = 8, name: bytes = b"test") -> State:
    return get_genesis_state(genesis(stakes, slots_per_epoch=slots_per_epoch, name=name), COUNT_OF_NOTHING)
