"""The mean of models that are unlike one another, whose errors partly cancel."""

from dataclasses import dataclass

import numpy as np

from simulator.forecast.interface import Expected, Fitted, Model, Series, State, Steps, part_of, with_prefix
from simulator.forecast.models.boosting import Boosting
from simulator.forecast.models.ridge import Ridge


@dataclass(frozen=True, slots=True)
class Ensemble:
    """The mean of linear and tree models; the spread is that of the trees, the last of the members."""

    name: str = "ensemble"
    draws: bool = True
    members: tuple[Model, ...] = (Ridge(), Boosting())

    def fit(self, series: Series, seed: int) -> "FittedEnsemble":
        """See `Model.fit`."""
        return FittedEnsemble(tuple(member.fit(series, seed) for member in self.members))

    def restore(self, state: State) -> "FittedEnsemble":
        """See `Model.restore`."""
        return FittedEnsemble(
            tuple(member.restore(part_of(state, str(number))) for number, member in enumerate(self.members))
        )


@dataclass(frozen=True, slots=True)
class FittedEnsemble:
    """The fitted members."""

    members: tuple[Fitted, ...]

    def expect(self, series: Series, origins: Steps) -> Expected:
        """See `Fitted.expect`."""
        told = [member.expect(series, origins) for member in self.members]
        return Expected(
            mean=np.mean([one.mean for one in told], axis=0),
            spread=told[-1].spread,
            quantiles=np.mean([one.quantiles for one in told], axis=0),
        )

    def state(self) -> State:
        """See `Fitted.state`."""
        state: State = {}
        for number, member in enumerate(self.members):
            state |= with_prefix(member.state(), str(number))
        return state
