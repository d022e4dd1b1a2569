"""Panels on a program of this project as a process and a scrape target; every board ends with them."""

from collections.abc import Callable
from dataclasses import dataclass

from grafana_foundation_sdk.models import dashboard

from grafana.colours import COMPONENTS, FAINT, PLAIN
from grafana.panels import Facts, Series, Target, by_label, lines, number
from grafana.promql import rate, select, total
from prometheus.exporter_alerts import SLOW_SCRAPE_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Program that is scraped: its name for readers, and `of`, which keeps an expression to its targets."""

    name: str
    no_data: str
    of: Callable[[str], str]


def scrapes(program: Program) -> dashboard.Panel:
    """Show how long scrapes take, and how many targets answer."""
    facts = Facts(
        title="Scrapes by Prometheus",
        description=(
            "How long Prometheus took to fetch the metrics, by instance, and how many of the chosen instances it "
            "reaches. Both are Prometheus' own observations. A machine that is switched off counts as not reached."
        ),
        unit="s",
        no_value="nothing is scraped",
        targets=(
            by_label("max", "instance", program.of(select("scrape_duration_seconds"))),
            Target(expr=total(program.of(select("up"))), legend="instances reached"),
        ),
        series=(Series(name="instances reached", colour=PLAIN, unit="none"),),
        colour=FAINT,
        limit=SLOW_SCRAPE_SECONDS,
        width=8,
        height=6,
        minimum=0,
    )
    return lines(facts)


def processor(program: Program) -> dashboard.Panel:
    """Show the process's use of the processor."""
    return _over_time(
        program,
        title="processor",
        description=f"Processor seconds per second of the {program.name}'s process: 100% is one core.",
        unit="percentunit",
        expr=rate("process_cpu_seconds_total"),
        colour=COMPONENTS["cpu"],
    )


def memory(program: Program) -> dashboard.Panel:
    """Show the resident memory of the process."""
    return _over_time(
        program,
        title="memory",
        description=f"Memory of the {program.name}'s process that is resident, its own code and libraries included.",
        unit="bytes",
        expr=select("process_resident_memory_bytes"),
        colour=COMPONENTS["memory"],
    )


def files(program: Program) -> dashboard.Panel:
    """Show the open files of the process."""
    return _over_time(
        program,
        title="open files",
        description=(
            f"Open files and sockets of the {program.name}'s process / the most that the system allows it. At 100% it "
            "can take no further connection."
        ),
        unit="percentunit",
        expr=f"{select('process_open_fds')} / {select('process_max_fds')}",
        colour=COMPONENTS["disk"],
    )


def uptime(program: Program, *, height: int) -> dashboard.Panel:
    """Show the time since the last start."""
    since = f"time() - max({program.of(select('process_start_time_seconds'))})"
    facts = Facts(
        title=f"{program.name.capitalize()}: running for",
        description=f"Time since the {program.name}'s process started, for the one that was started last.",
        unit="dtdhms",
        no_value=program.no_data,
        targets=(Target(expr=since, legend="running for"),),
        width=8,
        height=height,
    )
    return number(facts)


def _over_time(program: Program, *, title: str, description: str, unit: str, expr: str, colour: str) -> dashboard.Panel:
    """Draw a quantity of each process of the program over time."""
    facts = Facts(
        title=f"{program.name.capitalize()}: {title}",
        description=description,
        unit=unit,
        no_value=program.no_data,
        targets=(by_label("max", "instance", program.of(expr)),),
        colour=colour,
        width=8,
        height=6,
        minimum=0,
    )
    return lines(facts)
