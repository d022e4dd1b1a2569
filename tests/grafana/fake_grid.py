"""A server that answers as Great Britain's Carbon Intensity API does, for a grid that is cleanest at night."""

import contextlib
import json
import math
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from tests.prometheus.stack import Quiet, serving

HALF_HOUR = 1800.0
MINUTE = "%Y-%m-%dT%H:%MZ"
MEAN, SWING = 190, 90


def intensity(at: float, cleanest: float) -> int:
    """Return the intensity of a grid that swings once a day, and is cleanest at a time."""
    return round(MEAN - SWING * math.cos(2.0 * math.pi * (at - cleanest) / 86_400.0))


def periods(now: float, cleanest: float) -> list[dict[str, object]]:
    """Return the half-hours from an hour ago on, for two days; what was is known, and what comes is forecast."""
    first = now // HALF_HOUR * HALF_HOUR - 2 * HALF_HOUR
    starts = [first + number * HALF_HOUR for number in range(98)]
    return [
        {
            "from": f"{datetime.fromtimestamp(start, UTC):{MINUTE}}",
            "to": f"{datetime.fromtimestamp(start + HALF_HOUR, UTC):{MINUTE}}",
            "intensity": {
                "forecast": intensity(start, cleanest) + 4,
                "actual": intensity(start, cleanest) if start <= now else None,
                "index": "moderate",
            },
        }
        for start in starts
    ]


@contextlib.contextmanager
def fake_grid(hours_to_the_cleanest: float) -> Iterator[str]:
    """Run the server; yields its address."""
    cleanest = time.time() + hours_to_the_cleanest * 3600.0

    class Answers(Quiet):
        def do_GET(self) -> None:
            self.answer(200, json.dumps({"data": periods(time.time(), cleanest)}).encode())

    with serving(Answers) as address:
        yield f"http://{address}"
