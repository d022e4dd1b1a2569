"""Check of the JSON against the exposition of the same sample."""

from collections.abc import Iterator

from exporter.audit.check import Check
from exporter.audit.evidence import Evidence, Moment
from exporter.audit.finding import Comparison, NotCheckedError
from exporter.core.units import JOULES_PER_KWH, SECONDS_PER_HOUR
from exporter.views.summary import Summary


def _summary(evidence: Evidence) -> Iterator[Comparison]:
    """Compare each figure of the summary with what the exposition says of the sample, where both say something."""
    answered = [(one, one.summary) for one in evidence.moments if one.summary is not None]
    if not answered:
        raise NotCheckedError("the exporter has answered with no summary of a sample that was seen")
    for moment, summary in answered:
        for what, told, found in (*_figures(moment, summary), *_parts(moment, summary)):
            if told is not None and found is not None:
                yield Comparison(what=what, told=told, found=found)


def _figures(moment: Moment, told: Summary) -> Iterator[tuple[str, float | None, float | None]]:
    of = moment.figures.of
    rate, limit = of("ecotrack_emissions_grams_per_second"), of("ecotrack_ecoguard_limit_grams_per_second")
    lifetime = of("ecotrack_lifetime_energy_joules")
    intensity = None if told.intensity is None else told.intensity.grams_per_kwh
    throughput = "ecotrack_network_throughput_bytes_per_second"
    yield "host_power_watts", told.host_power_watts, of("ecotrack_power_watts", scope="host")
    yield "network_power_watts", told.network_power_watts, of("ecotrack_power_watts", scope="network")
    yield "emissions_grams_per_hour", told.emissions_grams_per_hour.host_and_network, _hourly(rate)
    yield "emission_limit_grams_per_hour", told.emission_limit_grams_per_hour, _hourly(limit)
    yield "intensity", intensity, of("ecotrack_grid_carbon_intensity_grams_per_kwh")
    yield "received_bytes_per_second", told.received_bytes_per_second, of(throughput, direction="receive")
    yield "sent_bytes_per_second", told.sent_bytes_per_second, of(throughput, direction="transmit")
    yield "cpu_utilization_ratio", told.cpu_utilization_ratio, of("ecotrack_cpu_utilization_ratio")
    yield "memory_used_bytes", told.memory_used_bytes, of("ecotrack_memory_used_bytes")
    yield "memory_total_bytes", told.memory_total_bytes, of("ecotrack_memory_total_bytes")
    yield "eco_score_ratio", told.eco_score_ratio, of("ecotrack_eco_score_ratio")
    yield "lifetime_energy_kwh", told.lifetime_energy_kwh, None if lifetime is None else lifetime / JOULES_PER_KWH
    yield "lifetime_emissions_grams", told.lifetime_emissions_grams, of("ecotrack_lifetime_emissions_grams")
    pue = "power_usage_effectiveness"
    yield pue, told.power_usage_effectiveness, of(f"ecotrack_{pue}_ratio")


def _parts(moment: Moment, told: Summary) -> Iterator[tuple[str, float | None, float | None]]:
    of = moment.figures.of
    for one in told.components:
        for name, value in (("", one.watts), ("_low", one.low_watts), ("_high", one.high_watts)):
            yield f"{one.component}{name}_watts", value, of(f"ecotrack_power{name}_watts", component=one.component)
    for budget in told.budgets:
        for name, grams in (("used", budget.used_grams), ("limit", budget.limit_grams)):
            yield f"{budget.period} {name}_grams", grams, of(f"ecotrack_budget_{name}_grams", period=budget.period)
        projected = of("ecotrack_budget_projected_grams", period=budget.period)
        yield f"{budget.period} projected_grams", budget.projected_grams, projected


def _hourly(rate: float | None) -> float | None:
    return None if rate is None else rate * SECONDS_PER_HOUR


CHECKS: tuple[Check, ...] = (
    Check(name="summary", exact=True, unit="", about="the JSON summary, and the exposition", compare=_summary),
)
