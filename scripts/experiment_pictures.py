"""`python -m scripts.experiment_pictures` draws the pictures of experiments in docs/images anew, from kept results.

The week is a run of its own, which takes some seconds.
"""

import argparse
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import msgspec

from exporter.core.config import ConfigError
from scripts.imports import ROOT
from simulator.experiments.find.results import Results
from simulator.experiments.write.medium import REPORT, drawn
from simulator.experiments.write.pictures import pictures
from simulator.picture.course import course_of
from simulator.picture.draw import draw
from simulator.run.job import Job, full_method
from simulator.scenario.load import load_scenario

IMAGES = ROOT / "docs/images"

SHOWN = ("intervals", "front")
"""Pictures of the experiment peers that pages show."""

SCENARIOS = ("regions", "edge")
"""Scenarios from the first of which that has kept results they come."""

WEEK_SEED = 2
"""Seed of the week that pages show: one in summer, with sun, calm days and windy ones."""


def main() -> None:
    """Draw all, and print their names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kept = ROOT / "bench/results/experiments"
    parser.add_argument("--results", metavar="DIR", type=Path, default=kept, help="folder of results")
    for name, content in [*of_peers(parser.parse_args().results), *_week()]:
        (IMAGES / name).write_bytes(content)
        print(name)


def names() -> list[str]:
    """Return the names of all files."""
    return [f"experiment-{name}{REPORT.ending}" for name in (*SHOWN, "week")]


def of_peers(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the pictures of the kept experiment peers. Raises ConfigError where there is none."""
    files = [folder / f"peers-{scenario}/results.json" for scenario in SCENARIOS]
    file = next((file for file in files if file.exists()), None)
    if file is None:
        raise ConfigError([f"{folder}: expected results of peers on one of {', '.join(SCENARIOS)}, got none"])
    results = msgspec.json.decode(file.read_bytes(), type=Results)
    found = pictures(results)
    for name in SHOWN:
        yield from drawn(f"experiment-{name}", partial(found[name], results), [REPORT])


def _week() -> Iterator[tuple[str, bytes]]:
    scenario = load_scenario("regions")
    course = course_of(Job(scenario=scenario, method=full_method(scenario), seed=WEEK_SEED))
    yield from drawn("experiment-week", partial(draw, course), [REPORT])


if __name__ == "__main__":
    main()
