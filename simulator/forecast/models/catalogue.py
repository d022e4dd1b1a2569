"""The models by name: references, and those that learn."""

from collections.abc import Mapping
from types import MappingProxyType

from simulator.forecast.interface import Kind, Model
from simulator.forecast.models.attention import Attention
from simulator.forecast.models.boosting import Boosting
from simulator.forecast.models.climatology import Climatology, hour_of_week
from simulator.forecast.models.convex import Convex, flat, references, yang
from simulator.forecast.models.ensemble import Ensemble
from simulator.forecast.models.lstm import Lstm
from simulator.forecast.models.mlp import Mlp
from simulator.forecast.models.persistence import Persistence, SmartPersistence, last_week, yesterday
from simulator.forecast.models.published_lstm import PublishedLstm
from simulator.forecast.models.ridge import Ridge

TORCH = frozenset({"published LSTM", "LSTM", "attention"})
"""Models that need torch, to learn and to be asked."""

LEARNS_BY_TORCH = TORCH | {"MLP", "ensemble"}
"""Models that need torch to learn, whether or not to be asked."""

TREES = frozenset({"boosting", "ensemble"})
"""Models that need scikit-learn to learn, and not to be asked."""

REFERENCES = (
    Persistence(),
    SmartPersistence(),
    yesterday(),
    last_week(),
    Climatology(),
    hour_of_week(),
    Convex(),
    yang(),
    flat(),
)
LEARNING = (Ridge(), Boosting(), Mlp(), Ensemble(), PublishedLstm(), Lstm(), Attention())

CANDIDATES = ("ridge", "MLP", "ensemble")
"""Models among which the gate chooses where a model is to be used, beside the convex reference: those that learn a year
in seconds, and need no torch to be asked."""

MODELS: Mapping[str, Model] = MappingProxyType({one.name: one for one in (*REFERENCES, *LEARNING)})


def references_of(kind: Kind) -> tuple[Model, ...]:
    """Return the references against which models of a kind are held, with their combinations."""
    return (*references(kind), Convex(), *((yang(), flat()) if kind is Kind.SOLAR else ()))
