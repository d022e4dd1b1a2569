"""The laws that every rate in Prometheus rests on.

No counter falls while the machine is up and the state can be saved; and whatever happens to machine, exporter and disk,
Prometheus never books more energy than was spent.
"""

import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exporter.core.units import Joules, Seconds
from exporter.snapshot import Snapshot
from exporter.state import StateStore
from exporter.totals import Exported, Totals
from tests.exporter.fakes import Machine, rig, series
from tests.fake_clock import NOON, FakeClock

INTERVAL = 5.0

ENERGY = "ecotrack_energy_joules_total"

ACTIONS = (
    "run", "idle", "break cpu", "break network", "mend", "cpu reset", "nic reset", "nic jump", "plug", "unplug",
    "suspend", "step forward", "step back", "kill", "reboot", "stop", "stop and reboot",
)  # fmt: skip

FAULTS = (
    "disk full", "disk gone", "disk back", "run", "kill", "kill for long", "kill and disk gone", "stop",
    "stop for long", "stop and disk gone", "reboot", "stop and reboot", "suspend", "step forward", "step back",
)  # fmt: skip
"""Possible failures of the disk. A full disk refuses to save; one that is gone refuses to delete, too."""


class Life:
    """A machine and its exporter through kills, stops and reboots, with the state on a real disk."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.away = folder / "state", folder / "away"
        self.machine = Machine(FakeClock())
        self.boot = 0
        self.lifetime = Joules(0.0)
        self.published: list[Snapshot] = []
        self.start()

    def start(self, disk: str | None = None) -> None:
        """Start the exporter, on a `disk` that is lost as soon as the state is read."""
        self.store = StateStore(
            self.folder, f"boot {self.boot}", clock=self.machine.clock, resume_within=Seconds(3 * INTERVAL)
        )
        totals = self.store.load(self.machine.clock.wall())
        if disk is not None:
            self.disk(disk)
        self.sampler = rig(self.machine, totals=totals, store=self.store, publish=self.published.append).sampler

    def act(self, action: str) -> None:
        machine, clock = self.machine, self.machine.clock
        match action.split():
            case ["break", part]:
                machine.broken.add(part)
            case ["mend"]:
                machine.broken.clear()
            case ["cpu", "reset"]:
                machine.busy = machine.idle = 0.0
            case ["nic", fate] if "eth0" in machine.nics:
                machine.nics["eth0"] = {"reset": 0, "jump": 2**62}[fate]
            case ["plug"]:
                machine.nics[f"usb{len(machine.nics)}"] = 10**12
            case ["unplug"] if machine.nics:
                machine.nics.popitem()
            case ["suspend"]:
                clock.sleep(3600.0)
            case ["step", way]:
                clock.step(5400.0 if way == "forward" else -5400.0)
            case ["disk", fate]:
                self.disk(fate)
            case ["kill" | "reboot" | "stop", *_]:
                self.restart(action)
        machine.run(
            INTERVAL, utilization=0.0 if action == "idle" else 0.7, bytes_per_second=0 if action == "idle" else 1e6
        )
        self.sampler.sample_once()

    def restart(self, action: str) -> None:
        if action.startswith("stop"):
            self.sampler.save_clean_stop()
        if action.endswith("reboot"):
            self.boot += 1
            self.machine.busy = self.machine.idle = 0.0
            self.machine.nics = dict.fromkeys(self.machine.nics, 0)
        self.store.close()
        self.machine.run(3600.0 if action.endswith("long") else 1.0, utilization=0.9)
        if self.away.exists():
            self.disk("back")
        self.start(disk="gone" if action.endswith("gone") else None)

    def disk(self, fate: str) -> None:
        """Let the state's disk be full, gone or good again; nothing happens to one that is gone but to come back."""
        in_the_way = self.folder / "state.tmp"
        match fate:
            case "full" if self.folder.exists():
                in_the_way.mkdir(exist_ok=True)
            case "gone" if not self.away.exists():
                self.folder.rename(self.away)
            case "back":
                if self.away.exists():
                    # A disk that is mounted again hides the folder that was made meanwhile.
                    shutil.rmtree(self.folder, ignore_errors=True)
                    self.away.rename(self.folder)
                if in_the_way.is_dir():
                    in_the_way.rmdir()


@settings(max_examples=60)
@given(st.lists(st.sampled_from(ACTIONS), max_size=30))
def test_no_counter_ever_falls(actions: list[str]) -> None:
    """Exported counters may begin again with the machine; lifetime figures and budgets never do."""
    with TemporaryDirectory() as folder:
        life = Life(Path(folder))
        counters: dict[tuple[str, ...], float] = {}
        lifetime = Totals(since=NOON)
        for action in actions:
            life.published.clear()
            life.act(action)
            if action == "reboot":
                # What failed in the first reading is counted already.
                assert replace(life.published[0].totals.exported, events={}) == Exported()
                counters = {}
            for snapshot in life.published:
                now = series(snapshot, "counter")
                assert {key for key, value in counters.items() if now.get(key, -1.0) < value} == set()
                totals = snapshot.totals
                assert totals.lifetime_energy >= lifetime.lifetime_energy
                assert totals.lifetime_emissions >= lifetime.lifetime_emissions
                for starts in totals.booked.values():
                    assert sum(starts.values()) == pytest.approx(totals.lifetime_emissions, rel=1e-9)
                counters, lifetime = now, totals
        life.store.close()


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(FAULTS), max_size=30))
@example(["run", "run", "disk gone", "run", "kill"])
@example(["run", "disk gone", "run", "run", "run", "run", "kill"])
@example(["run", "stop and disk gone", "run", "kill"])
@example(["run", "stop for long", "disk full", "run", "kill for long"])
def test_prometheus_never_books_more_energy_than_was_spent(actions: list[str]) -> None:
    """Booked as by `increase()`: what a counter rose by, and all of it where it fell."""
    with TemporaryDirectory() as folder:
        life = Life(Path(folder))
        last: dict[tuple[str, ...], float] = {}
        booked = spent = 0.0
        for action in actions:
            life.published.clear()
            life.act(action)
            lifetime = None if action.startswith(("kill", "stop", "reboot")) else life.lifetime
            for snapshot in life.published:
                now = {key: value for key, value in series(snapshot, "counter").items() if key[0] == ENERGY}
                booked += sum(
                    value - last.get(key, 0.0) if value >= last.get(key, 0.0) else value for key, value in now.items()
                )
                last |= now
                if lifetime is not None:
                    spent += snapshot.totals.lifetime_energy - lifetime
                lifetime = life.lifetime = snapshot.totals.lifetime_energy
            assert booked <= spent * (1.0 + 1e-9), action
        life.store.close()


def test_saved_every_time_and_soon_started_again_all_that_was_spent_is_booked() -> None:
    """A clean stop may last as long as it likes, and over a reboot."""
    with TemporaryDirectory() as folder:
        life = Life(Path(folder))
        for action in (
            "run",
            "kill",
            "run",
            "stop for long",
            "kill",
            "stop and reboot",
            "run",
            "disk full",
            "disk back",
        ):
            life.act(action)
        totals = life.published[-1].totals
        assert sum(totals.exported.energy.values()) == pytest.approx(totals.lifetime_energy, rel=1e-9)
        life.store.close()
