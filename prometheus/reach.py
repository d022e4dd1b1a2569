"""The load at which a machine reaches a budget alert, from its power, its grid and its network."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from statistics import fmean

from exporter.budget import Period
from exporter.build import (
    Paths,
    budget_limits,
    embodied_carbon,
    host_hardware,
    host_model,
    intensity_provider,
    network_model,
)
from exporter.config import Config
from exporter.core.units import (
    BYTES_PER_BINARY_GB,
    HOURS_PER_DAY,
    JOULES_PER_KWH,
    SECONDS_PER_DAY,
    SECONDS_PER_HOUR,
    BytesPerSecond,
    Grams,
    GramsPerKwh,
    GramsPerSecond,
    JoulesPerByte,
    UnixSeconds,
    Watts,
    megabits_per_second,
)
from exporter.intensity.reading import HIGHEST
from prometheus.budget import PERIOD_SECONDS, BurnAlert


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Bounds of a machine's emission rate, and the budgets it is given.

    `intensity` is the usual one and `highest_intensity` the most that its grid may have at any hour; they differ where
    a profile of the day or a live provider tells. `link` is the highest network throughput it can sustain, both
    directions together. `budgets` maps a period to its limit, and `embodied` is the embodied share that they count.
    """

    idle: Watts
    full: Watts
    intensity: GramsPerKwh
    highest_intensity: GramsPerKwh
    network: JoulesPerByte
    link: BytesPerSecond
    budgets: Mapping[Period, Grams]
    embodied: GramsPerSecond = GramsPerSecond(0.0)  # noqa: RUF009 - a number


def machine(config: Config, link: BytesPerSecond) -> Machine:
    """Describe the machine of an exporter's configuration; without figures or a preset the one that this runs on."""
    day = _intensities(config)
    live = config.grid.live.provider is not None
    host = host_model(config.power, host_hardware(config.power, Paths()))
    return Machine(
        idle=Watts(host.idle * config.power.pue),
        full=Watts(host.full * config.power.pue),
        intensity=GramsPerKwh(fmean(day)),
        # The fixed figure of a live grid stands in for it, and is no bound of it.
        highest_intensity=HIGHEST if live else max(day),
        network=network_model(config).energy_per_byte,
        link=link,
        budgets=budget_limits(config.budget),
        embodied=_embodied(config),
    )


def _embodied(config: Config) -> GramsPerSecond:
    """Return the embodied share that budgets count while the machine's life lasts."""
    found = embodied_carbon(config.embodied, UTC) if config.budget.include_embodied else None
    return GramsPerSecond(0.0) if found is None else found.rate(found.start)


def _intensities(config: Config) -> list[GramsPerKwh]:
    """Return the fixed figure at each hour of a day, which a profile may shape."""
    now = time.time()
    fixed = intensity_provider(config, UnixSeconds(now))
    return [fixed.at(UnixSeconds(now + hour * SECONDS_PER_HOUR)).value for hour in range(HOURS_PER_DAY)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Sustained load: the host's power, and the network throughput on top of it."""

    power: Watts
    throughput: BytesPerSecond


def emission_rate(machine: Machine, load: Load) -> GramsPerSecond:
    """Return the host and network emissions per second under a load."""
    power = load.power + load.throughput * machine.network
    return GramsPerSecond(power * machine.intensity / JOULES_PER_KWH)


def highest_rate(machine: Machine) -> GramsPerSecond:
    """Return the emission rate at full power and full link, in the dirtiest hour of its grid."""
    dirtiest = replace(machine, intensity=machine.highest_intensity)
    return emission_rate(dirtiest, Load(power=machine.full, throughput=machine.link))


def threshold(machine: Machine, row: BurnAlert) -> GramsPerSecond:
    """Return the emission rate at which the row's factor is reached, for a period of nominal length.

    Zero where the embodied share leaves nothing of the limit: the alert is there for when the machine's life is over.
    """
    allowed = machine.budgets[row.period] / PERIOD_SECONDS[row.period] - machine.embodied
    return GramsPerSecond(row.factor * max(0.0, allowed))


def is_reachable(machine: Machine, row: BurnAlert) -> bool:
    """Tell whether the machine has a budget for the row's period and can exceed the row's factor at all."""
    return row.period in machine.budgets and threshold(machine, row) < highest_rate(machine)


def load_for(machine: Machine, rate: GramsPerSecond) -> Load:
    """Return the load with the least traffic that emits at this rate: the host's power first, then the network's."""
    power = Watts(rate * JOULES_PER_KWH / machine.intensity)
    host = Watts(min(max(power, machine.idle), machine.full))
    return Load(power=host, throughput=BytesPerSecond(max(power - host, 0.0) / machine.network))


def traffic_at_idle(machine: Machine, rate: GramsPerSecond) -> BytesPerSecond:
    """Return the throughput that reaches this rate while the host idles."""
    power = rate * JOULES_PER_KWH / machine.intensity
    return BytesPerSecond(max(power - machine.idle, 0.0) / machine.network)


def reach_table(machine: Machine, rows: tuple[BurnAlert, ...]) -> str:
    """Write Markdown: the machine, and a table of the rows with the load at which each is reached."""
    lines = [
        _described(machine),
        "",
        "| alert | burn rate | windows | emission rate | reached at | or idle with |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        rate = threshold(machine, row)
        cells = (
            row.name,
            f"{row.factor:g}",
            f"{row.long} and {row.short}",
            f"{rate * SECONDS_PER_HOUR:.1f} g/h",
            *_reached_at(machine, rate),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _reached_at(machine: Machine, rate: GramsPerSecond) -> tuple[str, str]:
    """Describe the loads that reach a rate at the usual intensity, or from which intensity on full load does."""
    full = emission_rate(machine, Load(power=machine.full, throughput=machine.link))
    if rate > full:
        return f"full load from {machine.intensity * rate / full:.0f} g/kWh on", "-"
    return describe(load_for(machine, rate)), _traffic(traffic_at_idle(machine, rate))


def describe(load: Load) -> str:
    """Describe a load in words."""
    power = f"{load.power:.1f} W"
    return f"{power} and {_traffic(load.throughput)}" if load.throughput > 0 else f"{power}, no traffic"


def _traffic(throughput: BytesPerSecond) -> str:
    return f"{megabits_per_second(throughput):.1f} Mbit/s"


def _described(machine: Machine) -> str:
    per_gb = machine.network * BYTES_PER_BINARY_GB / JOULES_PER_KWH
    limits = " and ".join(f"{limit:g} g a {period}" for period, limit in machine.budgets.items())
    less = f", less {machine.embodied * SECONDS_PER_DAY:.1f} g embodied a day" if machine.embodied else ""
    budgets = f"budgets of {limits}{less}" if limits else "no budget"
    varies = machine.highest_intensity > machine.intensity
    grid = f"{machine.intensity:g} g/kWh" + (f" of up to {machine.highest_intensity:g}" if varies else "")
    return (
        f"A machine of {machine.idle:g} W idle and {machine.full:g} W full, {grid}, "
        f"{per_gb:g} kWh per 1024^3 bytes,\nwith {budgets}, on a link of {_traffic(machine.link)}:"
    )
