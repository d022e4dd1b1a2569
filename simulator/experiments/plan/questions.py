"""The questions that experiments answer, for a command's help, which loads no more than it shows."""

from collections.abc import Mapping
from types import MappingProxyType

EXPLANATIONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "baseline": (
            "The full system, its halves and plain round robin, beside least-loaded (scenarios of the model edge).",
            "Shows the savings of the whole system in energy, carbon emissions, latency and money.",
        ),
        "ablation": (
            "Full, and without forecast, DVFS, compression, ledger, batteries, shifting, sleep or moves.",
            "Shows the contribution of each part.",
        ),
        "scaling": (
            "The greatest load that 2 to 128 nodes sustain; 1,000 to 20,000 tasks; 50 to 400 arrivals per hour.",
            "Shows how the system scales, by searching for the rate of saturation.",
        ),
        "peers": (
            "Every policy that the scenario offers and every single node, with the rest of the system unchanged.",
            "Shows how far each policy is above the least possible emissions (scenarios of the model edge).",
        ),
        "forecasts": (
            "The planner with forecasts from none to perfect, of supply and intensity; shifting and least-loaded.",
            "Shows what forecasts are worth, of all grams and beside the convex combination (model edge only).",
        ),
        "factorial": (
            "Place, DVFS, compression, batteries, shift, sleep, move: on or off in 16 of the 128 combinations.",
            "Shows the value of each lever alone and with another, and the Pareto front (model edge only).",
        ),
        "sensitivity": (
            "The scenario's own policy against least-loaded, with one parameter at a time halved and doubled.",
            "Shows how far the headline hangs on each assumption, and where its sign changes (model edge only).",
        ),
        "slope": (
            "The cheapest panels, turbines and batteries that match data centres at every hour, by flexible share.",
            "Shows whether cost falls with that share as a study reports (scenarios of sites with sun and wind).",
        ),
    }
)
"""Two lines for each experiment: the methods that it compares, and the answer that it gives."""
