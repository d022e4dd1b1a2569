"""A file like a proof of a measured hour, as far as an exporter reads one; nobody has signed it."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

MILLIJOULES, MICROGRAMS = 148_912_345, 20_682_270

INSTANCE = "laptop:10110"


def measured(end: float) -> dict[str, object]:
    """Return what a proof says of the hour that ended at a Unix time."""
    start, until = (datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z") for at in (end - 3600.0, end))
    return {
        "instance": INSTANCE,
        "start": start,
        "end": until,
        "energy_millijoules": MILLIJOULES,
        "emissions_micrograms": MICROGRAMS,
        "intensity_source": "zone world, average, static",
        "models": "cpu: name",
        "prometheus_is_trusted": True,
    }


def proof_of(end: float, changes: Mapping[str, object] | None = None) -> bytes:
    """Return the content of the file, with changes of what it says of the hour."""
    told = {"kind": "claim", "format": 3, "claim": "0/5", "measured": measured(end) | dict(changes or {})}
    return json.dumps(told, indent=2).encode()


def last_hour() -> float:
    """Return the Unix time at which the last whole hour of UTC ended."""
    return time.time() // 3600.0 * 3600.0


def keep_proof(path: Path, end: float) -> Path:
    """Put such a file in place of what is at a path, whole, and return the path."""
    new = path.with_suffix(".new")
    new.write_bytes(proof_of(end))
    return new.replace(path)
