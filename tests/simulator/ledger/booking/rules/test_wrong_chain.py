"""A message is for one chain, and says so inside its signature."""

from msgspec.structs import replace

from simulator.ledger.record.rules import Rule
from tests.simulator.ledger.cases import CONFIG, DEVICES, begin, broken, claim, signed


def test_invalid_replay_from_another_chain() -> None:
    """Chains that differ in one benchmark are two chains, on which the same keys may sign."""
    here, there = begin(), begin(replace(CONFIG, benchmarks=(5_000, 20_001)))
    assert broken(here, signed(there, claim(), DEVICES[0])) is Rule.WRONG_CHAIN


def test_invalid_replay_under_a_false_chain_id() -> None:
    """Writing the right id on a message of another chain breaks its signature."""
    here, there = begin(), begin(replace(CONFIG, name=b"another"))
    replayed = replace(signed(there, claim(), DEVICES[0]), chain_id=here.chain_id)
    assert broken(here, replayed) is Rule.BAD_SIGNATURE
