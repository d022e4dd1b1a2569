"""The programs: which of them draw most, their shares over time, and what each one used."""

from grafana_foundation_sdk.models import dashboard

from exporter.core.units import SECONDS_PER_HOUR
from exporter.sources.processes.grouping import RESERVED
from grafana.board import Row
from grafana.colours import FURTHER, NO_PROGRAMS, RANKS, SCOPES
from grafana.options import GRAMS_PER_HOUR
from grafana.panels import Facts, Series, Target, bars, coloured, rows, stacked
from grafana.promql import EVERY_INSTANCE, rate, select, shown, total
from prometheus.recording import GROUP_EMISSIONS, GROUP_POWER

HEIGHT = 10

NOT_TOLD = "programs are not told apart: start ecotrack with --collector.processes"
NO_BYTES = "bytes are not told apart: start ecotrack with --collector.process_bytes"

OF_PROGRAMS = f'group!~"{"|".join(sorted(RESERVED))}",{EVERY_INSTANCE}'
"""Matchers that keep a selector to groups that are programs, on the chosen devices."""

MOST = 10
"""Programs that bars show."""

THE_OTHERS = "further programs"

GROUP_PIXELS = 176
"""Width of the name of a systemd unit or of a container."""

AMOUNT_PIXELS = 88
"""Width of an amount with a prefix before its unit, such as "123.4 mWh"."""


def row() -> Row:
    """Build the row of programs by power, of their shares, of what each one used, and of their traffic."""
    return Row(title="By program", panels=(_most(), _shares(), _used(), _traffic()))


def _most() -> dashboard.Panel:
    facts = Facts(
        title="Programs that draw most",
        description=(
            f"The {MOST} groups of processes with the most power of the machine beyond its idle power, a mean of the "
            "last 5 minutes: energy by share of processor time, and on graphics cards by time there. How processes are "
            "grouped, by name, cgroup or your own patterns, is attribution.by in the configuration. Several devices "
            "are added up. Idle power is nobody's."
        ),
        unit="watt",
        no_value=NOT_TOLD,
        targets=(Target(expr=f"topk({MOST}, {_programs()})", legend="{{group}}"),),
        colour=SCOPES["host"],
        width=8,
        height=HEIGHT,
        minimum=0,
        decimals=1,
    )
    return bars(facts)


def _shares() -> dashboard.Panel:
    facts = Facts(
        title="Shares of the machine's power",
        description=(
            f"What each program has of the machine's power, mean of 5 minutes each: the {len(RANKS)} with the most "
            "energy in the time shown, in this order, and the others together. Idle: what the machine draws with "
            "nothing running. Other: interrupts, processes that ended unseen, and programs beyond attribution.top. "
            "Unattributed: memory, disks, and what no program explains. All together are the machine."
        ),
        unit="percentunit",
        no_value=NOT_TOLD,
        targets=(
            *(Target(expr=_share(_ranked(place)), legend=f"{place}. {{{{group}}}}") for place in _places()),
            Target(expr=_share(f"sum({_programs()} unless on (group) {_first(len(RANKS))})"), legend=THE_OTHERS),
            *(
                Target(expr=_share(total(select(GROUP_POWER, scope="host", group=name))), legend=name)
                for name in NO_PROGRAMS
            ),
        ),
        series=(
            *(
                Series(name=rf"/^{place}\. /", colour=colour, pattern=True)
                for place, colour in zip(_places(), RANKS, strict=True)
            ),
            *coloured({THE_OTHERS: FURTHER, **NO_PROGRAMS}),
        ),
        width=16,
        height=HEIGHT,
        minimum=0,
        maximum=1,
    )
    return stacked(facts)


def _places() -> range:
    return range(1, len(RANKS) + 1)


def _programs() -> str:
    return total(select(GROUP_POWER, OF_PROGRAMS, scope="host"), "group")


def _first(count: int) -> str:
    """Select the programs with the most energy in the time shown, the same ones at each time."""
    energy = total(f"sum_over_time({select(GROUP_POWER, OF_PROGRAMS, scope='host')}[$__range] @ end())", "group")
    return f"topk({count}, {energy})"


def _ranked(place: int) -> str:
    """Select the power of the program at this place, from 1."""
    before = f" unless on (group) {_first(place - 1)}" if place > 1 else ""
    return f"({_programs()} and on (group) ({_first(place)}{before}))"


def _share(watts: str) -> str:
    return f"{watts} / on () group_left () ({total(select(GROUP_POWER, scope='host'))} > 0)"


def _used() -> dashboard.Panel:
    def grams(scope: str) -> str:
        return total(shown("ecotrack_process_group_emissions_grams_total", scope=scope), "group")

    def moved(direction: str) -> str:
        return total(shown("ecotrack_process_group_network_bytes_total", direction=direction), "group")

    joules = total(shown("ecotrack_process_group_energy_joules_total", scope="host"), "group")
    values = {
        "Energy": f"{joules} / {SECONDS_PER_HOUR:.0f}",
        "Machine": grams("host"),
        "Network": grams("network"),
        "Now": f"{SECONDS_PER_HOUR:.0f} * {total(select(GROUP_EMISSIONS), 'group')}",
        "CPUs now": total(rate("ecotrack_process_group_cpu_seconds_total"), "group"),
        "Received": moved("receive"),
        "Sent": moved("transmit"),
    }
    units = {"Energy": "watth", "Now": GRAMS_PER_HOUR, "CPUs now": "none", "Received": "decbytes", "Sent": "decbytes"}
    facts = Facts(
        title="What each program used",
        description=(
            "Electricity of the machine, emissions of the machine and of the network, and bytes, each in the time "
            "shown; now: emissions of both in an hour, mean of 5 minutes, and processor time per second. The groups "
            "idle, other and unattributed are what no program has, so columns add up to the device. A dash: nothing "
            "is known of it."
        ),
        unit="massg",
        no_value=NOT_TOLD,
        targets=tuple(Target(expr=expr, legend=name) for name, expr in values.items()),
        series=(
            Series(name="Program", pixels=GROUP_PIXELS),
            *(
                Series(
                    name=name,
                    unit=units.get(name, ""),
                    decimals=2 if name == "CPUs now" else None,
                    pixels=0 if name == "CPUs now" else AMOUNT_PIXELS,
                )
                for name in values
            ),
        ),
        decimals=1,
        width=16,
        height=HEIGHT,
    )
    return rows(facts, columns={"group": "Program", **{name: name for name in values}}, largest="Machine")


def _traffic() -> dashboard.Panel:
    moved = f"rate({select('ecotrack_process_group_network_bytes_total', OF_PROGRAMS)}[$__rate_interval])"
    facts = Facts(
        title="Programs with the most traffic",
        description=(
            f"The {MOST} groups of processes that receive and send most, counted at their sockets: without headers, "
            "and without what stays in the machine. Several devices are added up."
        ),
        unit="Bps",
        no_value=NO_BYTES,
        targets=(Target(expr=f"topk({MOST}, {total(moved, 'group')})", legend="{{group}}"),),
        colour=SCOPES["network"],
        width=8,
        height=HEIGHT,
        minimum=0,
        decimals=1,
    )
    return bars(facts)
