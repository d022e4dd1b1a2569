"""Credits: micrograms that a project avoided against a benchmark that stands on the chain.

The balance of a project is what its benchmark allows for the tasks that it served on time, less what it emitted. It
covers all devices of the project and all time since genesis, and no part of it is clipped: a deficit of one device, of
one claim or of one night counts in full. At a settlement the credits earned are brought to

    issued - cancelled for a deficit - owed  =  max(0, balance rounded down)

which rises with the balance alone. So of two methods that serve the same tasks on time, the one that emits more never
gets more. A later deficit cancels units that the owner still holds; units that were sold or retired cannot be taken
back, the project owes them, and what it earns next repays them first. Credits never enter the account of emissions.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from simulator.ledger.booking.holdings import cancel_newest, issue
from simulator.ledger.booking.state import Account, State, Totals, count_units
from simulator.ledger.record.types import ChainConfig, Instrument

PARTS_PER_MICROGRAM = 3_600_000
"""Millijoules at 1 mg/kWh that emit a microgram; exact, as a kWh has 3.6e9 millijoules."""


def compute_allowance(config: ChainConfig, tasks: Sequence[int]) -> int:
    """Return the micrograms that the benchmark allows for tasks on time by class."""
    return sum(count * figure for count, figure in zip(tasks, config.benchmarks, strict=True))


def book_emissions(state: State, project: int, parts: int) -> None:
    """Add emissions, in millijoules at 1 mg/kWh, to a project's account."""
    if not parts:
        return
    account = state.accounts[project]
    whole, rest = divmod(account.parts + parts, PARTS_PER_MICROGRAM)
    state.accounts[project] = replace(account, emitted=account.emitted + whole, parts=rest)


def book_allowance(state: State, project: int, tasks: Sequence[int]) -> None:
    """Add what the benchmark allows for tasks on time to a project's account."""
    account = state.accounts[project]
    allowed = account.allowed + compute_allowance(state.config, tasks)
    state.accounts[project] = replace(account, allowed=allowed)


def compute_balance(account: Account) -> int:
    """Return what a project avoided, in micrograms rounded down; below 0 it is a deficit."""
    return account.allowed - account.emitted - (account.parts > 0)


def settle(state: State, project: int) -> None:
    """Bring the credits of a project to its balance."""
    account = state.accounts[project]
    target = max(0, compute_balance(account))
    change = target - account.credited
    key = (int(Instrument.CREDIT), project)
    series = state.series.get(key, ())
    if change > 0:
        repaid = min(change, account.owed)
        series = issue(series, account.owner, change - repaid)
        owed = account.owed - repaid
        count_units(state, Instrument.CREDIT, Totals(issued=change - repaid, held=change - repaid))
    elif change < 0:
        series, taken = cancel_newest(series, account.owner, -change)
        owed = account.owed - change - taken
        count_units(state, Instrument.CREDIT, Totals(held=-taken, cancelled=taken))
    else:
        return
    state.accounts[project] = replace(account, credited=target, owed=owed)
    if series:
        state.series[key] = series


def settle_all(state: State, until: int) -> None:
    """Settle every project all of whose devices have claimed until a time in seconds since genesis.

    A project with a silent device waits: what the device does not tell may be emissions.
    """
    silent = {device.project for number, device in state.devices.items() if state.meters[number].end < until}
    for project in state.accounts:
        if project not in silent:
            settle(state, project)
