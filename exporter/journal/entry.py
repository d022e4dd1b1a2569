"""An entry of a log, whichever program wrote it."""

from typing import NamedTuple

MAX_KWH = 1e5
"""Energy of one entry in kWh above which its row is damaged. Judgement: 100 kW, the most that a machine may draw here,
for six weeks."""

MAX_KG = 1.5e5
"""CO2e of one entry in kg above which its row is damaged: `MAX_KWH` at 1500 g/kWh, more than any grid emits."""

MAX_BYTES = 1e18
"""Bytes of one entry above which its row is damaged. Judgement: what the fastest Ethernet carries in four months."""

MAX_SECONDS = 1e8
"""Seconds of one entry above which its row is damaged. Judgement: three years."""


class Entry(NamedTuple):
    """Energy and emissions of a time that ended `at` Unix seconds.

    `seconds` are 0 where the log does not say how long the time was, `kg` and `moved_bytes` are None where unknown, and
    `activity` is empty where none was told. `host` tells whether the energy is the machine's, and not the network's.
    `source` names where the energy comes from, and `provider` the carbon intensity; empty where the log does not say.
    """

    at: float
    seconds: float
    kwh: float
    kg: float | None
    moved_bytes: float | None
    activity: str
    host: bool
    source: str = ""
    provider: str = ""


def amount(text: str, most: float) -> float:
    """Read a number from 0 to `most`. Raises ValueError for anything else."""
    value = float(text)
    if not 0.0 <= value <= most:
        raise ValueError(text)
    return value
