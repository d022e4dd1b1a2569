"""The mean of models that are unlike one another, whose errors partly cancel."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from simulator.arrays import FloatArray
from simulator.forecast.features import Question, answered, ask_all, references_of, shared
from simulator.forecast.interface import Expected, Fitted, Model, Series, State, Steps, part_of, with_prefix
from simulator.forecast.models.boosting import Boosting
from simulator.forecast.models.convex import FittedConvex
from simulator.forecast.models.mlp import Mlp
from simulator.forecast.models.ridge import Ridge


@dataclass(frozen=True, slots=True)
class Ensemble:
    """The mean of linear model, trees and dense layers; the quantiles are those of the layers, the last of the members.

    On a third site, Miami, quantiles moved along with the mean were worse, and those of the others have no shape.
    """

    name: str = "ensemble"
    draws: bool = True
    members: tuple[Model, ...] = (Ridge(), Boosting(), Mlp())

    def fit(self, series: Series, seed: int) -> "FittedEnsemble":
        """See `Model.fit`."""
        return self.of([member.fit(series, seed) for member in self.members])

    def of(self, fitted: Sequence[Fitted]) -> "FittedEnsemble":
        """Return the ensemble of members that have learnt."""
        return FittedEnsemble(tuple(fitted))

    def restore(self, state: State) -> "FittedEnsemble":
        """See `Model.restore`."""
        return FittedEnsemble(
            tuple(member.restore(part_of(state, str(number))) for number, member in enumerate(self.members))
        )


@dataclass(frozen=True, slots=True)
class FittedEnsemble:
    """The fitted members."""

    members: tuple[Fitted, ...]
    _references: tuple[FittedConvex | None, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Find the members that correct the same reference."""
        object.__setattr__(self, "_references", references_of(self.members))

    @property
    def reference(self) -> FittedConvex | None:
        """The reference that all members correct; None where there are several."""
        return shared(self._references)

    def expect(self, series: Series, origins: Steps) -> Expected:
        """See `Fitted.expect`."""
        return _mean(ask_all(self.members, self._references, series, origins))

    def answer(self, asked: Question) -> Expected:
        """See `Correcting.answer`."""
        return _mean([answered(member, asked) for member in self.members])

    def state(self) -> State:
        """See `Fitted.state`."""
        state: State = {}
        for number, member in enumerate(self.members):
            state |= with_prefix(member.state(), str(number))
        return state


def _mean(told: Sequence[Expected]) -> Expected:
    first, *others = (one.mean for one in told)
    mean: FloatArray = sum(others, first) / len(told)
    return Expected(mean=mean, spread=told[-1].spread, quantiles=told[-1].quantiles)
