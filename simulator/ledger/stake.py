"""Stake of the validators: who counts, and what slashing takes."""

from collections.abc import Iterable

from msgspec.structs import replace

from simulator.ledger.types import ChainConfig, Validator

Validators = tuple[Validator, ...]


def is_active(validator: Validator) -> bool:
    """Tell whether a validator proposes and votes: it has stake and was not slashed."""
    return validator.stake > 0 and not validator.slashed


def compute_total_stake(validators: Iterable[Validator]) -> int:
    """Return the stake of all active validators."""
    return sum(validator.stake for validator in validators if is_active(validator))


def slash(validators: Validators, index: int, config: ChainConfig) -> Validators:
    """Return the validators after one of them was slashed, which happens to each at most once and is for good."""
    struck = validators[index]
    if struck.slashed:
        return validators
    kept = struck.stake - struck.stake * config.slashed_permille // 1000
    return (*validators[:index], replace(struck, stake=kept, slashed=True), *validators[index + 1 :])
