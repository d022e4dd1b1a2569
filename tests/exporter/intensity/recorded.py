"""Answers of providers in the shapes that they publish, and a server on this machine that replays them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.prometheus.stack import Quiet, serving

NOON = 1_772_452_800
"""2026-03-02 12:00 UTC."""

UK_PERIODS = [
    {
        "from": "2026-03-02T11:30Z",
        "to": "2026-03-02T12:00Z",
        "intensity": {"forecast": 140, "actual": 133, "index": "moderate"},
    },
    {
        "from": "2026-03-02T12:00Z",
        "to": "2026-03-02T12:30Z",
        "intensity": {"forecast": 120, "actual": 118, "index": "low"},
    },
    {
        "from": "2026-03-02T12:30Z",
        "to": "2026-03-02T13:00Z",
        "intensity": {"forecast": 95, "actual": None, "index": "low"},
    },
]
UK_NATIONAL = {"data": UK_PERIODS}
UK_REGIONAL = {
    "data": {
        "regionid": 2,
        "dnoregion": "SP Distribution",
        "shortname": "South Scotland",
        "data": [
            {
                "from": "2026-03-02T12:00Z",
                "to": "2026-03-02T12:30Z",
                "intensity": {"forecast": 0, "index": "very low"},
                "generationmix": [{"fuel": "wind", "perc": 91.4}, {"fuel": "nuclear", "perc": 8.6}],
            }
        ],
    }
}
UK_REGION_NOW = {"data": [UK_REGIONAL["data"]]}
ENERGY_CHARTS = {
    "unix_seconds": [NOON - 900, NOON, NOON + 900, NOON + 1800],
    "co2eq": [312.4, 305.1, None, None],
    "co2eq_forecast": [None, None, 298.0, 290.5],
    "substitute": False,
    "deprecated": False,
}
MAPS_LATEST = {
    "zone": "FR",
    "carbonIntensity": 42,
    "datetime": "2026-03-02T12:00:00.000Z",
    "updatedAt": "2026-03-02T11:45:12.000Z",
    "createdAt": "2026-02-27T12:02:29.000Z",
    "emissionFactorType": "lifecycle",
    "isEstimated": True,
    "estimationMethod": "TIME_SLICER_AVERAGE",
}
MAPS_FORECAST = {
    "zone": "FR",
    "forecast": [
        {"carbonIntensity": 43, "datetime": "2026-03-02T12:00:00.000Z"},
        {"carbonIntensity": 40, "datetime": "2026-03-02T13:00:00.000Z"},
    ],
    "updatedAt": "2026-03-02T11:45:12.000Z",
}
WATTTIME_LOGIN = {"token": "short-lived"}
WATTTIME_FORECAST = {
    "data": [
        {"point_time": "2026-03-02T12:00:00+00:00", "value": 870.0},
        {"point_time": "2026-03-02T12:05:00+00:00", "value": 868.0},
    ],
    "meta": {
        "data_point_period_seconds": 300,
        "region": "CAISO_NORTH",
        "warnings": [],
        "signal_type": "co2_moer",
        "model": {"date": "2023-03-01"},
        "units": "lbs_co2_per_mwh",
        "generated_at": "2026-03-02T12:00:00+00:00",
    },
}
PROMETHEUS = {
    "status": "success",
    "data": {"resultType": "vector", "result": [{"metric": {"zone": "FR"}, "value": [NOON - 60.5, "41.5"]}]},
}
OWN = {"grid": {"now": [{"kg": 0.231}]}}


@dataclass(slots=True)
class Replay:
    """A server that answers what is recorded for the beginning of a path, and keeps what it was asked."""

    answers: dict[str, object]
    url: str = ""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@contextmanager
def replaying(answers: dict[str, object]) -> Iterator[Replay]:
    """Run a server on a free port; a number as the answer is its status, text is sent as it stands."""
    replay = Replay(answers)

    class Handler(Quiet):
        def do_GET(self) -> None:
            replay.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            found = next((told for path, told in replay.answers.items() if self.path.startswith(path)), 404)
            body = found if isinstance(found, str) else json.dumps(found)
            self.answer(found if isinstance(found, int) else 200, body.encode())

    with serving(Handler) as address:
        replay.url = f"http://{address}"
        yield replay
