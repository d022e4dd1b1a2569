"""The law that every rate in Prometheus rests on: no counter ever falls while the machine is up."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.snapshot import Snapshot
from exporter.state import StateStore
from exporter.totals import Exported, Totals
from tests.fakes import NOON, FakeClock, Machine, rig, series

ACTIONS = st.sampled_from(
    [
        "run", "idle", "break cpu", "break network", "mend", "cpu reset", "nic reset", "nic jump", "plug",
        "unplug", "suspend", "step forward", "step back", "kill", "reboot", "stop", "stop and reboot",
    ]
)  # fmt: skip


class Life:
    """A machine and its exporter through kills, stops and reboots, with the state on a real disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.machine = Machine(FakeClock())
        self.boot = 0
        self.published: list[Snapshot] = []
        self.start()

    def start(self) -> None:
        self.store = StateStore(self.folder, f"boot {self.boot}", monotonic=self.machine.clock.awake)
        totals = self.store.load(self.machine.clock.wall())
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
            case ["kill" | "reboot" | "stop", *_]:
                self.restart(action)
        machine.run(5.0, utilization=0.0 if action == "idle" else 0.7, bytes_per_second=0 if action == "idle" else 1e6)
        self.sampler.sample_once()

    def restart(self, action: str) -> None:
        if action.startswith("stop"):
            self.sampler.save_clean_stop()
        if action.endswith("reboot"):
            self.boot += 1
            self.machine.busy = self.machine.idle = 0.0
            self.machine.nics = dict.fromkeys(self.machine.nics, 0)
        self.store.close()
        self.start()


@settings(max_examples=60)
@given(st.lists(ACTIONS, max_size=30))
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
