"""An intensity is one that a grid can have."""

from simulator.ledger.record.rules import Rule
from tests.simulator.ledger.cases import CONFIG, apply, begin, broken_by, claim


def test_invalid_intensity() -> None:
    assert broken_by(begin(), claim(intensity=CONFIG.max_intensity + 1)) is Rule.BAD_INTENSITY
    assert apply(begin(), claim(intensity=CONFIG.max_intensity)).state.accounts[0].emitted == 5_000_000
