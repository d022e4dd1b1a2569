"""The networks that stand for the kinds of models, small enough to be trained in seconds."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

CLASSES = 10

SHAPES: Mapping[str, tuple[int, ...]] = {
    "mlp": (1024,),
    "lstm": (24, 4),
    "cnn": (3, 64, 64),
    "transformer": (32, 128),
    "audio": (1, 49, 10),
}
"""Shape of an item by model."""


def builders() -> "dict[str, Callable[[], nn.Module]]":
    """Return the constructors of the networks, by model."""
    return {"mlp": _mlp, "lstm": _lstm, "cnn": _cnn, "transformer": _transformer, "audio": _audio}


def _mlp() -> "nn.Module":
    from torch import nn  # noqa: PLC0415 - takes seconds to load, here and below

    hidden = [layer for _ in range(3) for layer in (nn.Linear(1024, 1024), nn.ReLU())]
    return nn.Sequential(*hidden, nn.Linear(1024, CLASSES))


def _lstm() -> "nn.Module":
    from torch import nn  # noqa: PLC0415

    class Lstm(nn.Module):
        """Two layers of 64, as EcoChain-ML's forecaster: 24 hours of four features."""

        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(4, 64, num_layers=2, batch_first=True)
            self.head = nn.Linear(64, CLASSES)

        def forward(self, items: "Tensor") -> "Tensor":
            """Decide on the last hour's state."""
            head: Tensor = self.head(self.lstm(items)[0][:, -1])
            return head

    return Lstm()


def _cnn() -> "nn.Module":
    from torch import nn  # noqa: PLC0415

    stages = [
        layer
        for width_in, width_out in ((3, 16), (16, 32), (32, 64))
        for layer in (nn.Conv2d(width_in, width_out, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
    ]
    return nn.Sequential(*stages, nn.Flatten(), nn.Linear(64 * 8 * 8, CLASSES))


def _transformer() -> "nn.Module":
    from torch import nn  # noqa: PLC0415

    class Transformer(nn.Module):
        """An encoder of two layers over 32 tokens of width 128."""

        def __init__(self) -> None:
            super().__init__()
            layer = nn.TransformerEncoderLayer(128, nhead=4, dim_feedforward=512, dropout=0.0, batch_first=True)
            self.encoder = nn.TransformerEncoder(layer, num_layers=2, enable_nested_tensor=False)
            self.head = nn.Linear(128, CLASSES)

        def forward(self, items: "Tensor") -> "Tensor":
            """Decide on the mean over the tokens."""
            head: Tensor = self.head(self.encoder(items).mean(dim=1))
            return head

    return Transformer()


def _audio() -> "nn.Module":
    """Build DS-CNN S of keyword spotting (Zhang et al., arXiv 1711.07128, 2017): 49 frames of ten MFCCs."""
    from torch import nn  # noqa: PLC0415

    def separable() -> "list[nn.Module]":
        depthwise = [nn.Conv2d(64, 64, 3, padding=1, groups=64), nn.BatchNorm2d(64), nn.ReLU()]
        return [*depthwise, nn.Conv2d(64, 64, 1), nn.BatchNorm2d(64), nn.ReLU()]

    first = [nn.Conv2d(1, 64, (10, 4), stride=2, padding=(5, 1)), nn.BatchNorm2d(64), nn.ReLU()]
    blocks = [layer for _ in range(4) for layer in separable()]
    return nn.Sequential(*first, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, CLASSES))
