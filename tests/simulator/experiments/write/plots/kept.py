"""The results that are kept in this repository."""

from pathlib import Path

import msgspec

from simulator.experiments.find.results import Results

KEPT = sorted((Path(__file__).parents[5] / "bench/results/experiments").glob("*/results.json"))


def kept(name: str) -> Results:
    """Read the results of a folder."""
    (file,) = (one for one in KEPT if one.parent.name == name)
    return msgspec.json.decode(file.read_bytes(), type=Results)
