"""Accounts of projects in a ledger file: what each one emitted and was allowed, and the credits that it got."""

from simulator.ledger.booking.credits import compute_balance
from simulator.ledger.booking.holdings import count_by_status, issued
from simulator.ledger.booking.state import State
from simulator.ledger.booking.verification import Executor
from simulator.ledger.file.faults import DamagedError
from simulator.ledger.file.reading import Reader
from simulator.ledger.file.replay import Replay
from simulator.ledger.record.rules import RuleError
from simulator.ledger.record.types import Block, Instrument


def credits_of(reader: Reader, execute: Executor) -> str:
    """Return the accounts of all projects after the last block, in lines of whole micrograms.

    Blocks after the latest state that is kept are replayed. Raises DamagedError where that state or one of those
    blocks does not hold.
    """
    try:
        replay = Replay(reader.genesis, execute)
        if (snapshot := reader.snapshot) is None:
            for number, _, data in reader.each_block():
                replay.see(number, reader.decoded(data, Block))
        else:
            replay.resume(snapshot, reader.each_block())
    except RuleError as error:
        raise DamagedError(f"{reader.path}: {error}") from error
    return "".join(_account(replay.ledger, number) for number in sorted(replay.ledger.accounts))


def _account(state: State, project: int) -> str:
    account, series = state.accounts[project], state.series.get((int(Instrument.CREDIT), project), ())
    held, retired, cancelled = count_by_status(series)
    return (
        f"project {project}: allowed {account.allowed} \u00b5g, emitted {account.emitted} \u00b5g, "
        f"balance {compute_balance(account)} \u00b5g\n"
        f"project {project}: {issued(series)} \u00b5g of credits issued: {held} held, {retired} retired, "
        f"{cancelled} cancelled; {account.owed} owed\n"
    )
