"""Checks of the parts against the whole: what one exposition says in several ways has to be the same."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from exporter.audit.check import Check
from exporter.audit.evidence import SAMPLES, Evidence, Pair, total
from exporter.audit.figures import Figures
from exporter.audit.finding import Comparison, NotCheckedError
from exporter.audit.integral import compare_rate
from exporter.core.units import JOULES_PER_KWH

ENERGY, EMISSIONS = "ecotrack_energy_joules_total", "ecotrack_emissions_grams_total"

INTENSITY = "ecotrack_grid_carbon_intensity_grams_per_kwh"

NETWORK_BYTES = "ecotrack_network_bytes_total"

NO_EMBODIED = "no embodied carbon is configured"

GROUPS_OFF = "groups of processes have no series of it"

READ_AT_THEIR_OWN_TIMES = {"ipmi", "meter"}
"""Sources of power that are read between samples: their watts are not of the time from sample to sample."""


def sum_of(name: str, **labels: str) -> Callable[[Figures], float | None]:
    """Return what reads the sum of a family's series with these labels."""
    return lambda figures: figures.of(name, **labels)


def compare(
    what: str, pairs: list[Pair], told: Callable[[Figures], float | None], found: Callable[[Figures], float | None]
) -> Iterator[Comparison]:
    """Yield the comparison of what two figures gained; nothing where either is missing."""
    one, two = total(pairs, told), total(pairs, found)
    if one is not None and two is not None:
        yield Comparison(what=what, told=one, found=two)


def _lifetime(evidence: Evidence, *, parts: str, whole: str) -> Iterator[Comparison]:
    yield from compare("all components", evidence.pairs(), sum_of(parts), sum_of(whole))


def _grams(evidence: Evidence) -> Iterator[Comparison]:
    """Compare the grams of each component with its energy at the intensity of the sample.

    Of a sample that was missed nobody knows at which intensity it was.
    """
    pairs = [one for one in evidence.pairs() if one.moved(sum_of(SAMPLES)) == 1.0 and _is_known(one)]
    if not pairs:
        raise NotCheckedError("no sample was seen whose carbon intensity is known")
    for component in pairs[-1].after.figures.by(ENERGY, "component"):
        grams = total(pairs, sum_of(EMISSIONS, component=component))
        expected = 0.0
        for pair in pairs:
            spent, intensity = pair.moved(sum_of(ENERGY, component=component)), pair.after.figures.of(INTENSITY)
            expected += (spent or 0.0) / JOULES_PER_KWH * (intensity or 0.0)
        if grams is not None:
            yield Comparison(what=component, told=grams, found=expected)


def _is_known(pair: Pair) -> bool:
    """Tell whether the carbon intensity was known in the time of a pair."""
    unknown = sum_of("ecotrack_discarded_readings_total", source="grid")
    return bool(pair.after.figures.family(INTENSITY)) and not pair.moved(unknown)


def _activity_emissions(evidence: Evidence) -> Iterator[Comparison]:
    network = sum_of(EMISSIONS, scope="network")
    yield from compare("all activities", evidence.pairs(), sum_of("ecotrack_activity_emissions_grams_total"), network)


def _activity_bytes(evidence: Evidence) -> Iterator[Comparison]:
    told = sum_of("ecotrack_activity_bytes_total")
    yield from compare("all activities", evidence.pairs(), told, sum_of(NETWORK_BYTES))


def _activity_seconds(evidence: Evidence) -> Iterator[Comparison]:
    """Compare the time in which there was a network with that of the activities, which are told by its counters."""
    found = compare_rate("time", evidence.steps(), _seconds_of_network, sum_of("ecotrack_activity_seconds_total"))
    if found is None:
        raise NotCheckedError("the exporter has no network that counts")
    yield found


def _seconds_of_network(figures: Figures) -> float | None:
    return None if figures.of(NETWORK_BYTES) is None else 1.0


def _power(evidence: Evidence) -> Iterator[Comparison]:
    """Compare the power of each component with its energy."""
    steps = evidence.steps()
    sources = {
        source
        for labels in map(dict, steps[-1].after.figures.family("ecotrack_power_source_info"))
        for source in labels["source"].split("+")
    }
    if sources & READ_AT_THEIR_OWN_TIMES:
        raise NotCheckedError("the machine's power is read between the samples, at other times")
    for component in steps[-1].after.figures.by(ENERGY, "component"):
        found = compare_rate(
            component,
            steps,
            sum_of("ecotrack_power_watts", component=component),
            sum_of(ENERGY, component=component),
        )
        if found is not None:
            yield found


def _emission_rate(evidence: Evidence) -> Iterator[Comparison]:
    steps = evidence.steps()
    found = compare_rate("rate", steps, sum_of("ecotrack_emissions_grams_per_second"), sum_of(EMISSIONS))
    if found is not None:
        yield found


def _throughput(evidence: Evidence) -> Iterator[Comparison]:
    for direction in ("receive", "transmit"):
        rate = sum_of("ecotrack_network_throughput_bytes_per_second", direction=direction)
        counter = sum_of(NETWORK_BYTES, direction=direction)
        found = compare_rate(direction, evidence.steps(), rate, counter, "network")
        if found is not None:
            yield found


def _embodied(evidence: Evidence) -> Iterator[Comparison]:
    """Compare the embodied share with its rate; it is counted by the wall clock of the sample itself.

    Each moment counts once, so that the counter stands still after a clock was set back, which may have been before the
    audit. It is known to go on from the end of a step in which it rose.
    """
    rate, counter = sum_of("ecotrack_embodied_emissions_grams_per_second"), "ecotrack_embodied_emissions_grams_total"
    if not evidence.last.figures.family(counter):
        raise NotCheckedError(NO_EMBODIED)
    risen = {id(one.after) for one in evidence.steps() if (one.moved(sum_of(counter)) or 0.0) > 0.0}
    steps = [one for one in evidence.steps() if id(one.before) in risen]
    counted = total(steps, sum_of(counter))
    if counted is None:
        raise NotCheckedError("it stands still, as it does after a clock was set back")
    expected = sum((rate(one.after.figures) or 0.0) * one.seconds for one in steps)
    yield Comparison(what="machine", told=counted, found=expected)


def _budgets(evidence: Evidence) -> Iterator[Comparison]:
    """Compare what each budget gained with the emissions, and its embodied share where it counts that."""
    start = "ecotrack_budget_period_start_timestamp_seconds"
    periods = evidence.last.figures.by("ecotrack_budget_limit_grams", "period")
    if not periods:
        raise NotCheckedError("no budget is configured")
    for period in periods:
        pairs = [one for one in evidence.pairs() if one.moved(sum_of(start, period=period)) == 0.0]
        used = total(pairs, sum_of("ecotrack_budget_used_grams", period=period))
        emitted = total(pairs, sum_of(EMISSIONS))
        if used is None or emitted is None:
            continue
        if pairs[-1].after.figures.of("ecotrack_budget_embodied_grams", period=period) is not None:
            rate = sum_of("ecotrack_embodied_emissions_grams_per_second")
            emitted += sum((rate(one.after.figures) or 0.0) * one.seconds for one in pairs)
        yield Comparison(what=period, told=used, found=emitted)


def _groups(evidence: Evidence, *, name: str, whole: str, waiting: str, label: str) -> Iterator[Comparison]:
    """Compare what groups gained, and what waits to be shared out, with the whole, by the values of a label."""
    pairs = evidence.pairs()
    values = pairs[-1].after.figures.by(name, label)
    if not values:
        raise NotCheckedError(GROUPS_OFF)
    for value in values:
        found, waits = (total(pairs, sum_of(family, **{label: value})) for family in (whole, waiting))
        if found is not None and waits is not None:
            told = waits + sum(_gained(one, name, (label, value)) for one in pairs)
            yield Comparison(what=value, told=told, found=found)


def _gained(pair: Pair, name: str, label: tuple[str, str]) -> float:
    """Return the gain of a family's series with a label: one that is gone gained nothing, a new one all that it has."""
    before, after = pair.before.figures.family(name), pair.after.figures.family(name)
    return sum(value - before.get(labels, 0.0) for labels, value in after.items() if label in labels)


def steady_groups(evidence: Evidence, name: str) -> list[Pair]:
    """Return the pairs of samples, if no group lost its series of a family meanwhile. Raises NotCheckedError."""
    pairs = evidence.pairs()
    if not pairs[-1].after.figures.family(name):
        raise NotCheckedError(GROUPS_OFF)
    if any(one.before.figures.family(name).keys() - one.after.figures.family(name).keys() for one in pairs):
        raise NotCheckedError("a group of processes has lost its series in the time")
    return pairs


def _bands(evidence: Evidence) -> Iterator[Comparison]:
    """Compare each power with the ends of its band: as far below the one as above the other, by a factor."""
    figures: Mapping[str, dict[str, float]] = {
        end: evidence.last.figures.by(f"ecotrack_power{end}_watts", "component") for end in ("", "_low", "_high")
    }
    for component, power in figures[""].items():
        low, high = figures["_low"].get(component), figures["_high"].get(component)
        if low is not None and high is not None and power > 0.0:
            yield Comparison(what=component, told=low * high / power, found=power)


CHECKS: tuple[Check, ...] = (
    Check(
        name="energy",
        exact=True,
        unit="J",
        about="energy of the components, and the lifetime total",
        compare=partial(_lifetime, parts=ENERGY, whole="ecotrack_lifetime_energy_joules"),
    ),
    Check(
        name="emissions",
        exact=True,
        unit="g",
        about="emissions of the components, and the lifetime total",
        compare=partial(_lifetime, parts=EMISSIONS, whole="ecotrack_lifetime_emissions_grams"),
    ),
    Check(name="intensity", exact=True, unit="g", about="emissions, and energy x carbon intensity", compare=_grams),
    Check(name="power", unit="J", about="power over time, and energy", compare=_power),
    Check(name="bands", exact=True, unit="W", about="ends of the bands, and power", compare=_bands),
    Check(name="emission_rate", unit="g", about="emission rate over time, and emissions", compare=_emission_rate),
    Check(
        name="activity_emissions",
        exact=True,
        unit="g",
        about="emissions of the activities, and of scope network",
        compare=_activity_emissions,
    ),
    Check(
        name="activity_bytes",
        exact=True,
        unit="B",
        about="bytes of the activities, and of the devices",
        compare=_activity_bytes,
    ),
    Check(
        name="activity_seconds", unit="s", about="time of the samples, and of the activities", compare=_activity_seconds
    ),
    Check(name="throughput", unit="B", about="throughput over time, and bytes", compare=_throughput),
    Check(name="budgets", unit="g", about="use of the budgets, and emissions", compare=_budgets),
    Check(name="embodied", unit="g", about="embodied emissions, and their rate over time", compare=_embodied),
    Check(
        name="group_energy",
        exact=True,
        unit="J",
        about="energy of the groups of processes, and of their scope",
        compare=partial(
            _groups,
            name="ecotrack_process_group_energy_joules_total",
            whole=ENERGY,
            waiting="ecotrack_process_group_waiting_joules",
            label="scope",
        ),
    ),
    Check(
        name="group_emissions",
        exact=True,
        unit="g",
        about="emissions of the groups of processes, and of their scope",
        compare=partial(
            _groups,
            name="ecotrack_process_group_emissions_grams_total",
            whole=EMISSIONS,
            waiting="ecotrack_process_group_waiting_grams",
            label="scope",
        ),
    ),
    Check(
        name="group_bytes",
        unit="B",
        about="bytes of the groups of processes, and of the devices",
        compare=partial(
            _groups,
            name="ecotrack_process_group_network_bytes_total",
            whole=NETWORK_BYTES,
            waiting="ecotrack_process_group_waiting_bytes",
            label="direction",
        ),
    ),
)
"""Checks of an exposition by itself."""
