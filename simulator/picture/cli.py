"""The command `ecochain picture`: one run of a scenario, drawn."""

# ruff: noqa: PLC0415 - as in simulator/cli.py: each command imports what it needs

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from exporter.core.command_line import write_out
from exporter.core.config import ConfigError
from simulator.forecast.cli import add_plots

EPILOG = """\
examples:
  ecochain picture --scenario regions --output pictures   a week of three sites under the scenario's own policy
  ecochain picture --policy least-loaded --output pictures
  ecochain picture --scenario mine.yaml --seed 3 --plots paper --output pictures

A run is one draw of weather and tasks: it shows what a policy does, and not what it is worth. For that there is
`ecochain experiment`.
"""


def add_picture(commands: Any, add_scenario: Callable[[Any], None], add_seed: Callable[[Any], None]) -> None:
    """Add the command with its flags; those of scenario and seed are the other commands'."""
    parser = commands.add_parser(
        "picture",
        help="draw one run: supply, load, grid, batteries, who is awake, and the tasks that wait",
        epilog=EPILOG,
    )
    add = parser.add_argument
    add_scenario(add)
    add("--policy", metavar="NAME", help="policy in place of the scenario's")
    add_seed(add)
    add_plots(add)
    add("--output", metavar="DIR", type=Path, required=True, help="folder for the picture")
    parser.set_defaults(command=_picture)


def _picture(options: argparse.Namespace) -> int:
    from functools import partial

    import msgspec

    from simulator.energy.interface import WeatherError
    from simulator.experiments.run.journal import write, writing
    from simulator.experiments.write.medium import PLOTS, drawn
    from simulator.grid.series import GridError
    from simulator.picture.course import course_of
    from simulator.picture.draw import draw
    from simulator.run.job import Job, full_method
    from simulator.scenario.check import policy_mistakes
    from simulator.scenario.load import load_scenario

    scenario = load_scenario(options.scenario)
    method = full_method(scenario)
    if options.policy is not None:
        mistakes = list(policy_mistakes(options.policy, [node.name for node in scenario.nodes]))
        if mistakes:
            raise ConfigError([mistake.replace("scheduler.policy", "--policy") for mistake in mistakes])
        method = msgspec.structs.replace(method, policy=options.policy)
    try:
        course = course_of(Job(scenario=scenario, method=method, seed=options.seed))
    except (WeatherError, GridError) as error:
        raise ConfigError([str(error)]) from error
    name = f"{course.scenario}-{course.method}-{course.seed}".replace(":", "-").replace("/", "-")
    with writing(options.output):
        options.output.mkdir(parents=True, exist_ok=True)
        for file, content in drawn(name, partial(draw, course), PLOTS[options.plots]):
            write(options.output / file, content)
            write_out(f"{options.output / file}\n")
    return 0
