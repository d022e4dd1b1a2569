"""An LSTM that reads the index, the sun and the clock, and tells quantiles of the whole coming day at once."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.forecast.interface import Series, State
from simulator.forecast.models.sequence import FittedSequence, fit_sequence, restore_sequence

if TYPE_CHECKING:
    from torch import Tensor, nn

UNITS = 48
DROPOUT = 0.2
"""Size of the layers, and the share of the state that training leaves out. One layer: two learnt no more of a year."""


@dataclass(frozen=True, slots=True)
class Lstm:
    """The convex reference, corrected by an LSTM."""

    name: str = "LSTM"
    draws: bool = True

    def fit(self, series: Series, seed: int) -> FittedSequence:
        """See `Model.fit`."""
        return fit_sequence(network, series, seed, self.name)

    def restore(self, state: State) -> FittedSequence:
        """See `Model.restore`."""
        return restore_sequence(network, state)


def network(columns: int, ahead: int, answers: int) -> "nn.Module":
    """Return the network with new weights. Its last layer begins at zero: untrained, it tells the reference."""
    import torch  # noqa: PLC0415 - takes seconds to load
    from torch import nn  # noqa: PLC0415

    class Network(nn.Module):
        """A recurrent layer over the past day, and two layers over its state and the coming day."""

        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(columns, UNITS, batch_first=True)
            self.mix = nn.Linear(UNITS + ahead, UNITS)
            self.drop = nn.Dropout(DROPOUT)
            self.head = nn.Linear(UNITS, answers)
            nn.init.zeros_(self.head.weight)
            nn.init.zeros_(self.head.bias)

        def forward(self, window: "Tensor", ahead: "Tensor") -> "Tensor":
            """Tell the quantiles of what the reference misses."""
            state = self.lstm(window)[0][:, -1]
            mixed = torch.relu(self.mix(self.drop(torch.cat([state, ahead], dim=-1))))
            told: Tensor = self.head(self.drop(mixed))
            return told

    return Network()
