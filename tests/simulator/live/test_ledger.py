"""The ledger of a live run: it tells of the run what the run tells, goes on as far as the run, and counts all once."""

import itertools
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from msgspec import structs

from exporter.core.config import ConfigError
from exporter.core.logs import SELDOM_SECONDS
from exporter.core.units import Seconds
from simulator.assembly.layout import layout_of
from simulator.ledger.booking.state import check_conservation
from simulator.ledger.consensus.slashing import find_vote_offence
from simulator.ledger.file.verify import verify
from simulator.ledger.record.rules import Rule
from simulator.ledger.record.types import Attestation, Capacity
from simulator.live.ledger import keeping
from simulator.live.ledger.book import LiveLedger
from simulator.live.ledger.keeping import Keeping
from simulator.live.ledger.setting import Setting, setting_of
from simulator.live.ledger.validators import Validators
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
        assert figures.head_slot == figures.clock_slot == engine.clock // STEP
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


@pytest.mark.slow
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
    assert figures.rejected[Rule.FALSE_OUTPUT] == sum(one.struck for one in ledger.books.devices.values()) > 0
    assert ledger.books.accounts[0].allowed == 0


@pytest.mark.slow
def test_validators_make_new_reveals_before_the_first_end_and_after_a_restart_the_same(tmp_path: Path) -> None:
    scenario, path, length = edge(), tmp_path / "ledger.db", 160
    engine, _ = begin()
    setting = setting_of(scenario, 1, layout_of(scenario, 1), engine, hashes=4 * length)
    # The restarts fall before any renewal, between an order and its effect, and after the first chains have ended.
    for until in (100, length - 24, 2 * length + 11, 4 * length):
        kept = Keeping(path, setting.genesis)
        validators = Validators(setting.genesis, setting.identities, setting.execute, cpu=lambda: 0.0)
        kept.take_up(validators)
        while validators.state.slot < until:
            added = validators.propose(validators.state.slot + 1, [])
            assert added is not None
            kept.append(added, {})
        kept.close()
    found = verify(path, setting.execute)
    assert (found.head.blocks, found.finalized) == (4 * length, 4 * length - 5)
    assert min(one.changes for one in validators.state.members) >= 3


def test_a_restart_after_each_block_leads_to_the_same_blocks_and_delays_nothing(tmp_path: Path) -> None:
    """Votes for the last block stand in no block yet when a run ends: they are cast again, and no others."""
    _, setting = begin()
    alone = Validators(setting.genesis, setting.identities, setting.execute, cpu=lambda: 0.0)
    votes: list[Attestation] = []
    for slot in range(1, 18):
        kept = Keeping(tmp_path / "ledger.db", setting.genesis)
        validators = Validators(setting.genesis, setting.identities, setting.execute, cpu=lambda: 0.0)
        kept.take_up(validators)
        votes += validators._votes
        made, expected = validators.propose(slot, []), alone.propose(slot, [])
        assert made is not None
        assert expected is not None
        assert (made.block, made.finalized) == (expected.block, expected.finalized)
        kept.append(made, {})
        kept.close()
        votes += validators._votes
    assert alone.finalized.slot > 10
    assert not any(find_vote_offence(*pair) for pair in itertools.combinations(votes, 2))


def test_what_a_block_has_no_room_for_stands_in_the_next_one() -> None:
    engine, setting = begin()
    size = 1500
    small = structs.replace(setting.genesis.config, max_block_bytes=size)
    ledger = LiveLedger(replace(setting, genesis=structs.replace(setting.genesis, config=small)))
    run(engine, ledger, 12)
    figures = ledger.figures()
    assert figures.blocks == 12
    # A record that finds no room until its claim is due is opened too late.
    assert set(figures.rejected) <= {Rule.NOT_DRAWN}
    # Four claims, votes and openings take more than there is, so that claims fall behind, and none is left out.
    sequences = [meter.sequence for meter in ledger.books.meters.values()]
    assert 0 < min(sequences) < 12
    assert figures.records < 4 * 13


def test_invalid_balance_of_units_is_counted_and_logged_once_and_the_run_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    engine, setting = begin()
    ledger = LiveLedger(setting)
    run(engine, ledger, 3)
    good = ledger.books.totals[0]
    ledger.books.totals[0] = structs.replace(good, issued=good.issued + 1)
    run(engine, ledger, 4)
    assert ledger.figures().rejected == {Rule.UNBALANCED: 4}
    assert (ledger.figures().blocks, ledger.figures().head_slot, ledger.figures().clock_slot) == (3, 3, 7)
    (said,) = caplog.records
    assert said.message.startswith("the ledger makes no block: unbalanced: instrument 0: ")
    ledger.books.totals[0] = good
    run(engine, ledger, 1)
    assert ledger.figures().blocks == 4
    assert {meter.sequence for meter in ledger.books.meters.values()} == {8}


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """Let no file grow beyond a size, which stands for a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_counted_and_told_in_one_line_and_the_file_catches_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    path = tmp_path / "ledger.db"
    engine, setting = begin()
    now = itertools.count(0.0, SELDOM_SECONDS)
    ledger = LiveLedger(setting, Keeping(path, setting.genesis, monotonic=lambda: next(now)))
    run(engine, ledger, 4)
    full = sum(one.stat().st_size for one in tmp_path.iterdir())
    with disk_of(min(one.stat().st_size for one in tmp_path.iterdir() if one.stat().st_size)):
        run(engine, ledger, 6)
        assert ledger.figures().blocks == 10
        assert ledger.figures().write_failures == 6
        assert verify(path, setting.execute).head.blocks == 4
    (said,) = caplog.records
    assert said.message.startswith(f"{path}: cannot be used: ")
    assert said.message.endswith("; blocks wait in memory until it can be written")
    run(engine, ledger, 2)
    assert caplog.records[-1].message == f"{path}: written again, with the blocks that had waited"
    assert len(caplog.records) == 2
    assert ledger.figures().write_failures == 6
    assert full < (ledger.figures().size_bytes or 0)
    ledger.close()
    assert verify(path, setting.execute).head.blocks == 12
    # Whoever goes on with the file is where the run was.
    engine, setting = begin()
    again = LiveLedger(setting, Keeping(path, setting.genesis))
    assert again.books == ledger.books
    again.close()


def test_a_disk_that_flaps_has_a_line_a_minute_and_the_last_one_is_true(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    engine, setting = begin()
    now = itertools.count(0.0, 5.0)
    ledger = LiveLedger(setting, Keeping(tmp_path / "ledger.db", setting.genesis, monotonic=lambda: next(now)))
    run(engine, ledger, 4)
    for _ in range(20):
        with disk_of(min(one.stat().st_size for one in tmp_path.iterdir() if one.stat().st_size)):
            run(engine, ledger, 1)
        run(engine, ledger, 1)
    assert ledger.figures().write_failures == 20
    run(engine, ledger, 13)
    # Steps are five seconds apart, and every other of those between has no room.
    assert ["blocks wait" in one.message for one in caplog.records] == [True, False, True, False]
    ledger.close()


def test_a_disk_that_stays_full_leaves_a_good_file_with_which_the_next_start_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.db"
    engine, setting = begin()
    ledger = LiveLedger(setting, Keeping(path, setting.genesis))
    run(engine, ledger, 4)
    with disk_of(min(one.stat().st_size for one in tmp_path.iterdir() if one.stat().st_size)):
        run(engine, ledger, 2)
        ledger.close()
    told = [one.message for one in caplog.records]
    assert told[1].endswith("; the last 2 blocks are not in it, and are made again at the next start")
    engine, setting = begin()
    ledger = LiveLedger(setting, Keeping(path, setting.genesis))
    run(engine, ledger, 5)
    caplog.clear()
    monkeypatch.setattr(keeping, "MOST_WAITING_BYTES", 10_000)
    with disk_of(min(one.stat().st_size for one in tmp_path.iterdir() if one.stat().st_size)):
        run(engine, ledger, 9)
    assert [one.message.rpartition("; ")[2] for one in caplog.records][:2] == [
        "blocks wait in memory until it can be written",
        "the ledger goes on without it until the next start",
    ]
    assert ledger.figures().blocks == 14
    assert verify(path, setting.execute).head.blocks == 5
