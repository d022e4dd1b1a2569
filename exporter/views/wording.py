"""The rounding and wording of figures that more than one view shows: the views agree, and parts add up to their sum."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from exporter.core.html import UNKNOWN
from exporter.core.units import BytesPerSecond, megabits_per_second
from exporter.views.summary import BudgetView, EmissionsView

EMISSION_DIGITS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EmissionsText:
    """Grams per hour as text, or `unknown`; a part carries its unit only where the sum is unknown."""

    host: str
    network: str
    host_and_network: str


def emissions_text(emissions: EmissionsView) -> EmissionsText:
    """Write the grams per hour of both scopes and of their sum; rounded as they are, the two add up to it."""
    host, network, total = emissions.host, emissions.network, emissions.host_and_network
    unit = " g/h"
    if host is not None and network is not None:
        total, (host, network) = rounded_sum((host, network), EMISSION_DIGITS)
        unit = ""
    return EmissionsText(
        host=_rounded(host, unit), network=_rounded(network, unit), host_and_network=_rounded(total, "")
    )


def scopes_text(scopes: Sequence[str]) -> str:
    """Name the scopes that a total holds, as people call them."""
    names = {"host": "machine", "network": "network"}
    if not scopes:
        return "nothing"
    return " and ".join(names[one] for one in scopes) + ("" if len(scopes) > 1 else " only")


def budget_scopes_text(scopes: Sequence[str], budget: BudgetView) -> str:
    """Name the scopes that a budget counts, and the embodied share of its period, where it counts that."""
    told = scopes_text(scopes)
    if budget.embodied_grams is None:
        return told
    return f"{told}, and {budget.embodied_grams:.1f} g embodied for the whole {budget.period}"


def unknown_intensity_text(troubles: Mapping[str, str]) -> str:
    """Write the reason of each provider for which there is no carbon intensity."""
    reasons = [f"{provider}: {trouble}" for provider, trouble in troubles.items()]
    return "; ".join(["carbon intensity unknown", *reasons])


def band_text(low: float | None, high: float | None) -> str:
    """Write the ends of a band in watts, to a tenth below ten."""
    if low is None or high is None:
        return UNKNOWN
    digits = 0 if high >= 10.0 else 1
    return f"{low:.{digits}f} to {high:.{digits}f}"


def rate_text(rate: float) -> str:
    """Write bytes per second as a network's rate."""
    return f"{megabits_per_second(BytesPerSecond(rate)):.2f} Mbit/s"


def rounded_sum(parts: Sequence[float], digits: int) -> tuple[float, list[float]]:
    """Round a sum to `digits` decimals, and its parts (each >= 0) so that they add up to it.

    Each part is less than one unit of the last digit off, and a part of zero stays zero. The units that rounding down
    leaves over go to the parts that lost most by it (largest remainders), of equals to the greater part.
    """
    scale = 10**digits
    scaled = [part * scale for part in parts]
    units = [int(one) for one in scaled]
    total = round(sum(scaled))
    lost = sorted(range(len(parts)), key=lambda place: (units[place] - scaled[place], -scaled[place]))
    for place in lost[: total - sum(units)]:
        units[place] += 1
    return total / scale, [one / scale for one in units]


def _rounded(value: float | None, unit: str) -> str:
    return UNKNOWN if value is None else f"{value:.{EMISSION_DIGITS}f}{unit}"
