"""Laws of slashing."""

from hypothesis import given
from hypothesis import strategies as st

from simulator.ledger.stake import compute_total_stake, is_active, slash
from simulator.ledger.types import ChainConfig, Validator

stakes = st.lists(st.integers(0, 2**40), min_size=1, max_size=6)


@given(stakes, st.data(), st.integers(0, 1000))
def test_slashing_strikes_one_validator_once(amounts: list[int], data: st.DataObject, permille: int) -> None:
    config = ChainConfig(name=b"test", benchmarks=(), slashed_permille=permille)
    before = tuple(Validator(key=bytes(32), stake=stake, commitment=bytes(32)) for stake in amounts)
    index = data.draw(st.integers(0, len(before) - 1))
    after = slash(before, index, config)
    assert not is_active(after[index])
    assert after[index].stake == amounts[index] - amounts[index] * permille // 1000
    assert after[:index] + after[index + 1 :] == before[:index] + before[index + 1 :]
    assert compute_total_stake(after) == compute_total_stake(before) - amounts[index]
    assert slash(after, index, config) == after
