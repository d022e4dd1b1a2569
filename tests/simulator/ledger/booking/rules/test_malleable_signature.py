"""A message has one signature, so nobody can give a claim a second identity."""

from msgspec.structs import replace

from simulator.ledger.record.keys import GROUP_ORDER
from simulator.ledger.record.rules import Rule
from tests.simulator.ledger.cases import DEVICES, begin, broken, claim, signed


def test_invalid_malleable_signature() -> None:
    state = begin()
    message = signed(state, claim(), DEVICES[0])
    half = int.from_bytes(message.signature[32:], "little") + GROUP_ORDER
    twin = replace(message, signature=message.signature[:32] + half.to_bytes(32, "little"))
    assert broken(state, twin) is Rule.MALLEABLE_SIGNATURE
