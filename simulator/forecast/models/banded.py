"""A model for each band of horizons, as the gate chooses them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from simulator.forecast.features import Question, answered, ask_all, references_of, shared
from simulator.forecast.interface import Expected, Fitted, Series, State, Steps, with_prefix
from simulator.forecast.models.convex import FittedConvex


@dataclass(frozen=True, slots=True)
class Banded:
    """Fitted models, each for the horizons up to its end and from the end of the one before, counted from 0."""

    fitted: tuple[Fitted, ...]
    ends: tuple[int, ...]
    _models: tuple[Fitted, ...] = field(init=False, repr=False, compare=False)
    _references: tuple[FittedConvex | None, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Find the models that differ, and those that correct the same reference, or are it."""
        models = tuple({id(one): one for one in self.fitted}.values())
        object.__setattr__(self, "_models", models)
        object.__setattr__(self, "_references", references_of(models))

    def expect(self, series: Series, origins: Steps) -> Expected:
        """See `Fitted.expect`; a model that serves several bands is asked once."""
        return self._joined(ask_all(self._models, self._references, series, origins))

    @property
    def reference(self) -> FittedConvex | None:
        """The reference that all models correct, or are; None where there is no one."""
        return shared(self._references)

    def answer(self, asked: Question) -> Expected:
        """See `Correcting.answer`."""
        return self._joined([answered(one, asked) for one in self._models])

    def _joined(self, answers: Sequence[Expected]) -> Expected:
        """Return what the models answer, each in its bands."""
        told = {id(one): answer for one, answer in zip(self._models, answers, strict=True)}
        parts = [
            (told[id(one)], slice(begin, end))
            for one, begin, end in zip(self.fitted, (0, *self.ends[:-1]), self.ends, strict=True)
        ]
        return Expected(
            mean=np.concatenate([part.mean[:, band] for part, band in parts], axis=1),
            spread=np.concatenate([part.spread[:, band] for part, band in parts], axis=1),
            quantiles=np.concatenate([part.quantiles[..., band] for part, band in parts], axis=2),
        )

    def state(self) -> State:
        """See `Fitted.state`: the ends, and each model once, under the number of its first band."""
        state: State = {"ends": np.array(self.ends, dtype=np.float64), "owner": np.array(owners(self.fitted))}
        for number in sorted(set(owners(self.fitted))):
            state |= with_prefix(self.fitted[int(number)].state(), str(int(number)))
        return state


def owners(fitted: Sequence[Fitted]) -> list[float]:
    """Return, for each band, the number of the first band that the same model serves."""
    return [float(next(n for n, other in enumerate(fitted) if other is one)) for one in fitted]
