"""Checks of recorded series: each rule of `prometheus/rules` computed anew from raw samples."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

from exporter.audit.check import Check
from exporter.audit.evidence import Evidence
from exporter.audit.figures import Labels, labels_of, shown_labels
from exporter.audit.finding import Comparison, NotCheckedError
from exporter.audit.parts import EMISSIONS, ENERGY
from exporter.audit.promql import LATE, View
from exporter.audit.storage import require_stored
from exporter.audit.stored import Dialect, Stored
from exporter.core.units import JOULES_PER_KWH, SECONDS_PER_DAY, SECONDS_PER_HOUR, SECONDS_PER_MINUTE

Values = Mapping[Labels, float]

Compute = Callable[[View], Values]

MOST_EVALUATIONS = 12
"""Evaluations of a rule that are computed anew at most, the newest. Chosen: as many as the ten minutes before an audit
and a minute of it have, with one each minute."""

CLOSE = 1e-9
"""Relative difference of figures that are the same but for the order of sums. Chosen."""

CLOSE_ENOUGH = 0.1
"""Difference beyond which a rule says nothing of the dialect that it was evaluated in. Chosen."""

RATE = "instance:ecotrack_emissions_grams:rate"
SCOPE_RATE = "instance_scope:ecotrack_emissions_grams:rate5m"
POWER = "instance_scope:ecotrack_power_watts:rate5m"
LENGTH = "instance_period:ecotrack_budget_period_seconds:length"
ALLOWED = "instance_period:ecotrack_budget_limit_grams:per_second"
CONSUMED = "instance_period:ecotrack_budget_consumed:ratio"
REMAINING = "instance_period:ecotrack_budget_remaining:ratio"
START, END = (f"ecotrack_budget_period_{end}_timestamp_seconds" for end in ("start", "end"))
LIMIT, USED = "ecotrack_budget_limit_grams", "ecotrack_budget_used_grams"

FIVE_MINUTES = 5.0 * SECONDS_PER_MINUTE
"""Window over scraped counters, in seconds."""

LONG_WINDOWS = {
    "30m": 30.0 * SECONDS_PER_MINUTE,
    "1h": SECONDS_PER_HOUR,
    "2h": 2.0 * SECONDS_PER_HOUR,
    "6h": 6.0 * SECONDS_PER_HOUR,
    "1d": SECONDS_PER_DAY,
    "3d": 3.0 * SECONDS_PER_DAY,
}
"""Windows over the recorded rate of five minutes, which is one of each minute, in seconds."""

JUST_LESS = 1e-3
"""Seconds by which the rules look back for less, so that a window holds as many values as minutes."""

SLOW_INTERVAL = 4.0 * SECONDS_PER_MINUTE
"""Seconds between evaluations of what is kept of a budget."""


def _sum(values: Values, *kept: str, only: frozenset[str] | None = None) -> Values:
    """Return sums by the labels that are kept; of the scopes in `only`, where there are any."""
    found: dict[Labels, float] = {}
    for labels, value in values.items():
        own = dict(labels)
        if only is None or own.get("scope") in only:
            key = labels_of({name: own[name] for name in kept if name in own})
            found[key] = found.get(key, 0.0) + value
    return found


def _each(one: Values, two: Values, compute: Callable[[float, float], float]) -> Values:
    """Return a figure for each series that is in both."""
    return {labels: compute(value, two[labels]) for labels, value in one.items() if labels in two}


def _quotient(one: Values, two: Values) -> Values:
    return {labels: value / two[labels] for labels, value in one.items() if two.get(labels)}


ELECTRIC = frozenset({"host", "network"})


def _emission_rate(view: View) -> Values:
    return _sum(view.rate(EMISSIONS, FIVE_MINUTES), only=ELECTRIC)


def _averaged(view: View, name: str, seconds: float) -> Values:
    values = view.sum_over(name, seconds - JUST_LESS)
    return {labels: value * SECONDS_PER_MINUTE / seconds for labels, value in values.items()}


def _long_rate(view: View, *, seconds: float) -> Values:
    return _averaged(view, f"{RATE}5m", seconds)


def _rate_by(view: View, *kept: str, name: str) -> Values:
    return _sum(view.rate(name, FIVE_MINUTES), *kept)


def _by_origin(view: View) -> Values:
    found: dict[Labels, float] = {}
    powers = view.last("ecotrack_power_watts")
    for labels in map(dict, view.last("ecotrack_power_source_info")):
        watts = powers.get(labels_of({"component": labels["component"], "scope": "host"}))
        origin = "measured" if labels["model"] == "measured" else "modelled"
        key = labels_of({"origin": origin, "source": labels["source"]})
        if watts is not None:
            found[key] = found.get(key, 0.0) + watts
    return found


def _cost(view: View) -> Values:
    watts = view.last(POWER).get(labels_of({"scope": "host"}))
    prices = view.last("ecotrack_electricity_price_per_kwh")
    return {} if watts is None else {labels: watts / JOULES_PER_KWH * price for labels, price in prices.items()}


def _intensity(view: View) -> Values:
    watts = view.values_over(POWER, SECONDS_PER_HOUR)
    most = max(map(len, watts.values()), default=1)
    power = _sum({labels: sum(values) / most for labels, values in watts.items()}, only=ELECTRIC)
    rates = view.values_over(f"{RATE}5m", SECONDS_PER_HOUR)
    mean = {labels: sum(values) / len(values) for labels, values in rates.items()}
    return {labels: JOULES_PER_KWH * one for labels, one in _quotient(mean, power).items()}


def _length(view: View) -> Values:
    return _each(view.last(END), view.last(START), lambda end, start: end - start)


def _allowed(view: View) -> Values:
    embodied = view.last("ecotrack_budget_embodied_grams")
    left = {labels: limit - embodied.get(labels, 0.0) for labels, limit in view.last(LIMIT).items()}
    return _quotient({labels: grams for labels, grams in left.items() if grams > 0.0}, view.last(LENGTH))


def _consumed(view: View) -> Values:
    return _quotient(view.last(USED), view.last(LIMIT))


def _elapsed(view: View) -> Values:
    since = {labels: view.at - start for labels, start in view.last(START).items()}
    return {labels: min(share, 1.0) for labels, share in _quotient(since, view.last(LENGTH)).items()}


def _remaining(view: View) -> Values:
    return {labels: 1.0 - share for labels, share in view.last(CONSUMED).items()}


RULES: Mapping[str, Compute] = {
    f"{RATE}5m": _emission_rate,
    **{f"{RATE}{name}": partial(_long_rate, seconds=seconds) for name, seconds in LONG_WINDOWS.items()},
    POWER: lambda view: _rate_by(view, "scope", name=ENERGY),
    SCOPE_RATE: lambda view: _rate_by(view, "scope", name=EMISSIONS),
    "instance_origin_source:ecotrack_power_watts:sum": _by_origin,
    "instance_currency:ecotrack_electricity_cost:rate5m": _cost,
    "instance:ecotrack_grid_carbon_intensity_grams_per_kwh:energy_weighted1h": _intensity,
    LENGTH: _length,
    ALLOWED: _allowed,
    CONSUMED: _consumed,
    "instance_period:ecotrack_budget_elapsed:ratio": _elapsed,
    REMAINING: _remaining,
    "device:process_group_power_watts:rate5m": lambda view: _rate_by(
        view, "group", "scope", name="ecotrack_process_group_energy_joules_total"
    ),
    "device:process_group_emissions_grams_per_second:rate5m": lambda view: _rate_by(
        view, "group", "scope", name="ecotrack_process_group_emissions_grams_total"
    ),
}
"""Values of each recorded series, computed from the samples that were in force when its rule was evaluated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Comparison of one recorded series."""

    name: str
    compute: Compute

    def __call__(self, evidence: Evidence) -> list[Comparison]:
        """Return the comparison of each of the last evaluations. Raises NotCheckedError where there is none."""
        stored = require_stored(evidence)
        if not stored.family(self.name):
            raise NotCheckedError("nothing is recorded: the rule is not loaded, or has nothing to record")
        return list(self.comparisons(stored))

    def comparisons(self, stored: Stored) -> Iterator[Comparison]:
        """Yield the comparison of each of the last evaluations."""
        for labels, points in stored.family(self.name).items():
            evaluated = [one for one in points if one[0] >= stored.since]
            for at, value in evaluated[-MOST_EVALUATIONS:]:
                found = self._nearest(View(stored=stored, at=at), labels, value)
                if found is not None:
                    yield Comparison(what=shown_labels(labels) or "machine", told=value, found=found)

    def _nearest(self, view: View, labels: Labels, value: float) -> float | None:
        """Return what the series should be, with as few samples late as come nearest to it; None where unknown."""
        held = self._held(view, labels)
        nearest: float | None = None
        for late in LATE:
            found = self.compute(replace(view, late=late)).get(labels)
            if found is None:
                continue
            if held is not None:
                found = min(found, held)
            if nearest is None or abs(found - value) < abs(nearest - value):
                nearest = found
            if abs(nearest - value) <= CLOSE * abs(value):
                break
        return nearest

    def _held(self, view: View, labels: Labels) -> float | None:
        """Return the share of a budget that was left before, below which it stays; None where it need not."""
        if self.name != REMAINING:
            return None
        before = [value for time, value in view.stored.family(self.name)[labels] if time < view.at]
        return before[-1] if before and _goes_on(view, labels) else None


def _goes_on(view: View, labels: Labels) -> bool:
    """Tell whether a budget's period and limit are those of the evaluation before."""
    earlier = replace(view, at=view.at - SLOW_INTERVAL)
    return all(view.last(name).get(labels) == earlier.last(name).get(labels) for name in (START, LIMIT))


DIALECTS = tuple(Dialect(closed=closed, zero_first=zero) for closed, zero in product((True, False), repeat=2))
"""Dialects that there are, that of Prometheus 2.42 first."""


def in_its_dialect(stored: Stored) -> Stored:
    """Return stored samples with the dialect of PromQL in which their rates over five minutes were recorded."""
    names = (f"{RATE}5m", POWER, SCOPE_RATE)

    def misfit(dialect: Dialect) -> float:
        tried = replace(stored, dialect=dialect)
        rules = [Recorded(name=name, compute=RULES[name]) for name in names]
        return sum(min(abs(one.difference), CLOSE_ENOUGH) for rule in rules for one in rule.comparisons(tried))

    return replace(stored, dialect=min(DIALECTS, key=misfit))


CHECKS: tuple[Check, ...] = tuple(
    Check(name=name, unit="", about="recorded, and computed anew", compare=Recorded(name=name, compute=compute))
    for name, compute in RULES.items()
)
"""Checks of the recording rules."""
