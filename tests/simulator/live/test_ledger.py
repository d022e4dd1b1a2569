"""The ledger of a live run: it tells of the run what the run tells, goes on as far as the run, and counts all once."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from msgspec import structs

from exporter.core.config import ConfigError
from exporter.core.units import Seconds
from simulator.assembly.layout import layout_of
from simulator.ledger.booking.state import check_conservation
from simulator.ledger.file.verify import verify
from simulator.ledger.record.rules import Rule
from simulator.ledger.record.types import Capacity
from simulator.live.ledger.book import LiveLedger
from simulator.live.ledger.keeping import Keeping
from simulator.live.ledger.setting import Setting, setting_of
from simulator.run.engine import Engine
from simulator.run.simulate import build_engine
from simulator.scheduling.kernels.compiled import Backend
from tests.simulator.scenario.scenarios import FULL, edge

STEP = 300.0
HASHES = 4 << 10
"""Hashes that are enough for the slots of these tests."""
LONGEST_LAG = 6
"""Slots between the head and the last final block, where all validators vote."""


def begin(seed: int = 1, step: float = STEP) -> tuple[Engine, Setting]:
    scenario = edge()
    engine = build_engine(scenario, FULL, seed, step=Seconds(step), backend=Backend.PLAIN)
    return engine, setting_of(scenario, seed, layout_of(scenario, seed), engine, hashes=HASHES)


def run(engine: Engine, ledger: LiveLedger, steps: int, after: Callable[[], None] = lambda: None) -> None:
    for _ in range(steps):
        ledger.step(engine.step())
        after()


def _false(run: Callable[[int], int], seed: int) -> int:
    return (run(seed) + 1) % 10


def on_time(engine: Engine) -> int:
    tasks = engine.totals.class_tasks
    return int((tasks[:, 0] - tasks[:, 1]).sum())


@pytest.mark.parametrize("step", [300.0, 60.0])
def test_it_tells_what_the_run_tells_and_balances_after_every_step(step: float) -> None:
    engine, setting = begin(step=step)
    ledger = LiveLedger(setting)
    finalized = [0]

    def check() -> None:
        figures = ledger.figures()
        check_conservation(ledger.books)
        assert finalized[-1] <= figures.finalized_slot <= figures.head_slot
        assert figures.head_slot == engine.clock // STEP
        assert figures.head_slot - figures.finalized_slot <= LONGEST_LAG
        finalized.append(figures.finalized_slot)

    run(engine, ledger, round(40 * STEP / step), check)
    figures, account = ledger.figures(), ledger.books.accounts[0]
    assert not sum(figures.rejected.values())
    assert figures.slashed == 0
    grams = float(engine.totals.emissions.sum() + engine.totals.charging_grams.sum())
    assert account.emitted / 1e6 == pytest.approx(grams, rel=1e-4)


def test_all_tasks_on_time_are_allowed_for_once_they_were_checked() -> None:
    engine, setting = begin()
    plain = structs.replace(setting.genesis.config, benchmarks=(1,) * len(setting.kinds))
    setting = replace(setting, genesis=structs.replace(setting.genesis, config=plain))
    ledger = LiveLedger(setting)
    served = [0]
    run(engine, ledger, 30, lambda: served.append(on_time(engine)))
    waiting = sum(sum(one.tasks) for one in ledger.books.pending.values())
    assert ledger.books.accounts[0].allowed + waiting == served[-1]
    assert waiting <= served[-1] - served[-6]


def test_a_restart_doubles_nothing_and_leads_to_the_same_books(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    for steps in (12, 9, 25):
        engine, setting = begin()
        ledger = LiveLedger(setting, Keeping(path, setting.genesis))
        run(engine, ledger, steps)
        ledger.close()
    found = verify(path, setting.execute)
    assert found.head.blocks == 25
    assert found.claims == 25 * len(setting.devices)
    engine, setting = begin()
    alone = LiveLedger(setting)
    run(engine, alone, 25)
    assert ledger.figures().records == alone.figures().records
    assert ledger.books == alone.books


def test_a_kept_ledger_verifies_while_the_run_goes_on(tmp_path: Path) -> None:
    engine, setting = begin()
    ledger = LiveLedger(setting, Keeping(tmp_path / "ledger.db", setting.genesis))
    run(engine, ledger, 8)
    found = verify(tmp_path / "ledger.db", setting.execute)
    assert (found.head.blocks, found.is_sealed) == (8, False)
    assert ledger.figures().size_bytes == sum(
        (tmp_path / name).stat().st_size for name in ("ledger.db", "ledger.db-wal")
    )
    ledger.close()
    assert verify(tmp_path / "ledger.db", setting.execute).is_sealed


def test_the_file_of_another_run_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    _, setting = begin(seed=1)
    Keeping(path, setting.genesis).close()
    _, other = begin(seed=2)
    with pytest.raises(ConfigError, match="another run") as refused:
        Keeping(path, other.genesis)
    assert len(refused.value.mistakes) == 1
    with pytest.raises(ConfigError, match="No such file"):
        Keeping(tmp_path / "nowhere" / "ledger.db", setting.genesis)
    path.write_bytes(b"no ledger")
    with pytest.raises(ConfigError, match=r"ledger\.db"):
        Keeping(path, setting.genesis)


def test_claims_beyond_the_registration_are_left_out_and_counted() -> None:
    engine, setting = begin()
    nothing = Capacity(generation=0, load=0, grid=0)
    ledger = LiveLedger(replace(setting, capacities=(nothing, *setting.capacities[1:])))
    run(engine, ledger, 5)
    figures = ledger.figures()
    # The next claims of the device miss the one that was refused.
    assert figures.rejected == {Rule.OVER_CAPACITY: 1, Rule.SEQUENCE_GAP: 4}
    assert figures.blocks == 5
    assert ledger.books.meters[0].sequence == 0


def test_a_device_with_false_outputs_costs_its_sponsor_the_stake_and_the_chain_goes_on() -> None:
    engine, setting = begin()
    lying = tuple(replace(kind, run=partial(_false, kind.run)) for kind in setting.kinds)
    ledger = LiveLedger(replace(setting, kinds=lying))
    run(engine, ledger, 30)
    figures = ledger.figures()
    assert figures.slashed == 1
    assert figures.stakes[setting.names[0]] == 0
    assert figures.finalized_slot > 15
    assert ledger.books.accounts[0].allowed == 0


def test_the_ledger_ends_with_the_reveals_and_the_run_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    scenario = edge()
    engine, _ = begin()
    ledger = LiveLedger(setting_of(scenario, 1, layout_of(scenario, 1), engine, hashes=4 * 5))
    run(engine, ledger, 8)
    assert (ledger.figures().head_slot, ledger.figures().blocks) == (5, 5)
    assert [one.message for one in caplog.records] == [
        "the ledger ends with slot 5, for which its validators have the last reveals"
    ]
