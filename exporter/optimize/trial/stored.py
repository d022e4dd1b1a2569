"""The trials in the state folder: the last of each strategy."""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from exporter.kept import KeptFile
from exporter.optimize.place import TRIALS as FILE
from exporter.optimize.trial.result import Trial

_FORMAT = "ecotrack-trials"

BLOCK = 4096
"""Bytes that are written at first, so that a full disk shows: more than the trials of all strategies have. Chosen."""


class Trials(msgspec.Struct, frozen=True, kw_only=True):
    """The last trial of each strategy."""

    trials: Annotated[tuple[Trial, ...], Meta(max_length=16)] = ()
    format: str = _FORMAT

    def __post_init__(self) -> None:
        """Refuse what is something else."""
        if self.format != _FORMAT:
            raise ValueError(f'expected the format "{_FORMAT}"')
        if len({one.strategy for one in self.trials}) != len(self.trials):
            raise ValueError("expected one trial of each strategy")

    def with_latest(self, trial: Trial) -> "Trials":
        """Return these with a strategy's trial in place of its earlier one, in the order of names."""
        others = [one for one in self.trials if one.strategy != trial.strategy]
        return Trials(trials=tuple(sorted((*others, trial), key=lambda one: one.strategy)))


TRIALS = KeptFile(
    name=FILE,
    subject="trials",
    command="ecotrack trial",
    remedy="remove it to go on without",
    kind=Trials,
    block=BLOCK,
)
"""The file of the last trials."""


def load_trials(folder: Path) -> tuple[Trial, ...]:
    """Return the last trials; none where nothing was kept. Raises StateError."""
    kept = TRIALS.load(folder)
    return () if kept is None else kept.trials
