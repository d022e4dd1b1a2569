"""Many made-up devices behind one address, whose budgets move while the real programs watch them."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.prometheus import stack

LIMIT = 500.0
HALF_A_DAY = 43_200
LEAP_GRAMS = 5000.0
"""Grams that a burning device emits at once: a burn rate above each factor over each window of the day."""


@dataclass
class Device:
    """Made-up device: the grams used and projected of its day, and those that its counter has."""

    name: str
    used: float = 0.5 * LIMIT
    projected: float = 0.8 * LIMIT
    emitted: float = 0.0
    answers: bool = True
    began: float = field(default_factory=time.time)

    def exposition(self) -> str:
        """Return the metrics that budget alerts read, in the middle of a day."""
        day = '{period="day"}'
        return "".join(
            f"{name} {value}\n"
            for name, value in {
                f"ecotrack_budget_limit_grams{day}": LIMIT,
                f"ecotrack_budget_used_grams{day}": self.used,
                f"ecotrack_budget_projected_grams{day}": self.projected,
                f"ecotrack_budget_projection_learned_ratio{day}": 1,
                f"ecotrack_budget_period_start_timestamp_seconds{day}": self.began - HALF_A_DAY,
                f"ecotrack_budget_period_end_timestamp_seconds{day}": self.began + HALF_A_DAY,
                "ecotrack_lifetime_start_timestamp_seconds": self.began - 30 * HALF_A_DAY,
                'ecotrack_emissions_grams_total{component="cpu",scope="host"}': self.emitted,
            }.items()
        )


class Devices:
    """Made-up devices by name, each at a path of its own of one server."""

    def __init__(self, names: list[str], address: str) -> None:
        self.by_name = {name: Device(name) for name in names}
        self.address = address

    def targets(self) -> list[dict[str, object]]:
        """Return the devices as a file of targets lists them."""
        return [
            {"targets": [self.address], "labels": {"__metrics_path__": f"/{name}", "instance": name}}
            for name in self.by_name
        ]


@contextlib.contextmanager
def serving_devices(names: list[str], rest: str = "") -> Iterator[Devices]:
    """Serve made-up devices until the block ends; each has the metrics of `rest` as well."""
    devices = Devices(names, "")

    def answer(path: str) -> str | None:
        device = devices.by_name.get(path.removeprefix("/"))
        return device.exposition() + rest if device is not None and device.answers else None

    with stack.answering(answer) as address:
        devices.address = address
        yield devices
