"""The cost of the ledger on the machine that runs the simulator."""

from grafana_foundation_sdk.models import dashboard

from exporter.core.units import SECONDS_PER_DAY
from grafana.board import Row
from grafana.options import PER_HOUR
from grafana.panels import Facts, Target, lines
from grafana.promql import select, total
from grafana.simulated import NO_DATA, NO_RATE, SIMULATED
from prometheus.simulator_recording import LEDGER_CPU, LEDGER_CPU_ENERGY, LEDGER_WRITE_FAILURES

NO_FILE = "no ledger is kept in a file (--ledger)"


def row() -> Row:
    """Build the row of CPU time, its energy, the making of a block, and the file."""
    return Row(title="Cost", panels=(_cpu(), _energy(), _check(), _size(), _failures()))


def _cpu() -> dashboard.Panel:
    return _cost(
        title="CPU time of the ledger",
        description=(
            "CPU time of the simulator for the ledger, per simulated day: claims, blocks, votes, execution of models, "
            f"and the file. {SIMULATED}"
        ),
        unit="s",
        no_value=NO_RATE,
        target=Target(expr=f"{SECONDS_PER_DAY:.0f} * {total(select(LEDGER_CPU.rate))}", legend="a simulated day"),
    )


def _energy() -> dashboard.Panel:
    return _cost(
        title="Energy of that CPU time",
        description=(
            "CPU time x watts of a busy core, per simulated day, on this machine. The simulated cluster's own energy "
            f"for the ledger is that of the cost profile, below. {SIMULATED}"
        ),
        unit="joule",
        no_value=NO_RATE,
        target=Target(
            expr=f"{SECONDS_PER_DAY:.0f} * {total(select(LEDGER_CPU_ENERGY.rate))}", legend="a simulated day"
        ),
    )


def _check() -> dashboard.Panel:
    return _cost(
        title="Making of a block",
        description="CPU time in which the last block was made and checked; of several simulators the longest.",
        unit="ms",
        no_value=NO_DATA,
        target=Target(expr=f"1000 * max({select('ecochain_ledger_verify_duration_seconds')})", legend="last block"),
    )


def _size() -> dashboard.Panel:
    return _cost(
        title="Size of the file",
        description="Size of the ledger's file and its log, all chosen simulators together.",
        unit="decbytes",
        no_value=NO_FILE,
        target=Target(expr=total(select("ecochain_ledger_size_bytes")), legend="file"),
        width=12,
    )


def _failures() -> dashboard.Panel:
    return _cost(
        title="Failed writes of the file",
        description=(
            "Times per simulated hour that a block could not be written to the ledger's file, as on a full disk. "
            f"Blocks wait in memory meanwhile. {SIMULATED}"
        ),
        unit=PER_HOUR,
        no_value=NO_FILE,
        target=Target(expr=f"3600 * {total(select(LEDGER_WRITE_FAILURES.rate))}", legend="failed"),
        width=12,
    )


def _cost(*, title: str, description: str, unit: str, no_value: str, target: Target, width: int = 8) -> dashboard.Panel:
    facts = Facts(
        title=title,
        description=description,
        unit=unit,
        no_value=no_value,
        targets=(target,),
        width=width,
        minimum=0,
    )
    return lines(facts)
