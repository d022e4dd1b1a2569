"""An encoder with attention over the past day, in place of the LSTM's layer.

Vaswani and others, Attention is all you need (2017): one layer of four heads, with a learnt place for each step.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.forecast.interface import Series, State
from simulator.forecast.models.sequence import FittedSequence, fit_sequence, restore_sequence

if TYPE_CHECKING:
    from torch import Tensor, nn

WIDTH = 32
HEADS = 4
DROPOUT = 0.2
"""Width of a step's token, the heads that attend, and the share that training leaves out."""

STEPS = 24
"""Steps of a window: attention is for hourly series."""


@dataclass(frozen=True, slots=True)
class Attention:
    """The convex reference, corrected by an encoder with attention."""

    name: str = "attention"
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
        """A token for each step of the past day, which attend to one another, and layers over their mean."""

        def __init__(self) -> None:
            super().__init__()
            self.token = nn.Linear(columns, WIDTH)
            self.place = nn.Parameter(torch.zeros(STEPS, WIDTH))
            self.attend = nn.MultiheadAttention(WIDTH, HEADS, dropout=DROPOUT, batch_first=True)
            self.norm = nn.LayerNorm(WIDTH)
            self.mix = nn.Linear(2 * WIDTH + ahead, WIDTH)
            self.drop = nn.Dropout(DROPOUT)
            self.head = nn.Linear(WIDTH, answers)
            nn.init.zeros_(self.head.weight)
            nn.init.zeros_(self.head.bias)

        def forward(self, window: "Tensor", ahead: "Tensor") -> "Tensor":
            """Tell the quantiles of what the reference misses."""
            tokens = self.token(window) + self.place
            attended = self.norm(tokens + self.attend(tokens, tokens, tokens, need_weights=False)[0])
            seen = torch.cat([attended.mean(dim=1), attended[:, -1], ahead], dim=-1)
            told: Tensor = self.head(self.drop(torch.relu(self.mix(self.drop(seen)))))
            return told

    return Network()
