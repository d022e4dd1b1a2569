"""The command line of `ecotrack trial`."""

import argparse
import contextlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import SystemRandom

from exporter.build import Paths, host_hardware, meter_settings
from exporter.config import Config, load_config
from exporter.core.clock import SystemClock
from exporter.core.command_line import USER_ERROR, Parser, positive, write_out
from exporter.core.service import StopSignal
from exporter.core.units import Seconds
from exporter.flags import add_config_flag, add_folder_flags
from exporter.measure.bench import MachineBench, require_power_of_its_own
from exporter.measure.phase import MeasurementError, Timing
from exporter.optimize.revert_journal import JournalError
from exporter.optimize.roots import Roots
from exporter.optimize.setting import Setting, number_of_settings
from exporter.optimize.strategies import STRATEGIES
from exporter.optimize.switch import Reverted, Switch
from exporter.optimize.trial.procedure import DisturbedError, Plan, power_sensor, run_trial
from exporter.optimize.trial.result import Effect, Interval, Trial
from exporter.optimize.trial.stored import TRIALS, Trials
from exporter.power.component import Coverage

EPILOG = """\
examples:
  ecotrack trial reduce_cpu                 as root: eight hours, of which the first 40 minutes are a pilot
  ecotrack trial power_management --hours 24

A trial switches the settings of a strategy on and off, in an order that chance draws, and measures each time. It needs
a sensor of the machine's power: RAPL, a battery that is in use, a meter or IPMI. Use the machine as you usually do.
Ctrl-C ends it at any time: settings are set back, and nothing is kept. A pair in which somebody else sets one back is
lost, as when the mains are plugged in; another value or device with the strategy off ends the trial.
"""

MEDDLED = "somebody else changed a setting of the strategy, or a device came or went"


def trial(arguments: Sequence[str]) -> int:
    """Run a trial and keep what it shows. Raises ConfigError and StateError; returns 0, or 2 for a failure."""
    options = build_parser().parse_args(arguments)
    config = load_config(options.config_file)
    ends: list[Reverted] = []
    try:
        require_power_of_its_own(host_hardware(config.power, Paths(procfs=options.procfs, sysfs=options.sysfs)))
        with TRIALS.place_of_the_next(options.state_dir) as keep:
            kept = TRIALS.load(options.state_dir) or Trials()
            found = _run(options, config, ends)
            place = keep(kept.with_latest(found))
    except (MeasurementError, JournalError) as error:
        print(f"ecotrack: {error}", file=sys.stderr)
        return USER_ERROR
    finally:
        for line in (one for end in ends for one in (*end.left, *end.owed)):
            print(f"ecotrack: not set back: {line}", file=sys.stderr)
    for line in _lines(found):
        _say(line)
    _say(f"kept in {place}; a running exporter shows it")
    return 0


def _run(options: argparse.Namespace, config: Config, ends: list[Reverted]) -> Trial:
    """Run a trial of a strategy. Raises JournalError where settings cannot be journalled, and MeasurementError."""
    strategy: str = options.strategy
    paths = Paths(procfs=options.procfs, sysfs=options.sysfs)
    roots = Roots(procfs=options.procfs, sysfs=options.sysfs)
    stop = StopSignal()
    stop.on_hangup(_interrupt)
    bench = MachineBench(
        SystemClock(), paths=paths, meter=meter_settings(config.meter), wait=partial(_wait, stop), ask=input, say=_say
    )
    timing = Timing(settle=Seconds(options.settle), measure=Seconds(options.phase))
    with Switch(options.state_dir, roots, on_exit=ends.append) as switch:
        ends.append(switch.leftover)
        if switch.leftover.count:
            _say(f"{number_of_settings(switch.leftover.count)} set back, left by a run that was killed")
        if not STRATEGIES[strategy].changes(roots):
            raise MeasurementError(f"{strategy} finds no setting on this machine that it would change")
        sensor = power_sensor(bench)
        plan = Plan.of(options.hours, timing, bench)
        on = _Strategy(name=strategy, switch=switch, ends=ends).switched_on
        return run_trial(bench, plan, sensor=sensor, strategy=strategy, switched_on=on, draw=SystemRandom())


@dataclass(slots=True, kw_only=True)
class _Strategy:
    """A strategy in a trial: `off` has the settings that the machine takes, with their values while it is off.

    Both show when it is first on. `ends` get how taking them back went.
    """

    name: str
    switch: Switch
    ends: list[Reverted]
    off: Mapping[Setting, str] = field(default_factory=dict)

    @contextlib.contextmanager
    def switched_on(self) -> Iterator[None]:
        """Hold the settings. Raises MeasurementError where there are none, or not from the same values as before.

        Raises DisturbedError in the end where not all of them stayed on.
        """
        applied = self.switch.on(self.name)
        off = {one.setting: one.old for one in applied.changes}
        if not self.off:
            if refused := applied.refused:
                many = number_of_settings(len(refused))
                print(f"ecotrack: left out, since {many} cannot be set: {refused[0]}", file=sys.stderr)
            if not off:
                raise MeasurementError(f"no setting of {self.name} can be set on this machine")
            self.off = off
        if off != self.off:
            raise MeasurementError(MEDDLED)
        try:
            yield
        finally:
            self.ends.append(self.switch.off())
        if self.ends[-1].owed:
            raise MeasurementError("settings cannot be set back: `ecotrack optimize --revert` tries again")
        if self.ends[-1].count < len(off):
            raise DisturbedError(MEDDLED)


def _wait(stop: StopSignal, seconds: Seconds) -> None:
    if stop.wait(seconds):
        _interrupt()


def _interrupt() -> None:
    raise KeyboardInterrupt


def _say(line: str) -> None:
    write_out(f"{line}\n")


def _lines(found: Trial) -> Iterator[str]:
    """Yield what a trial has shown, for a terminal."""
    effect = found.effect
    watched = "" if found.covers is Coverage.MACHINE else " of the processor packages, by RAPL; the rest was not seen"
    yield f"{found.strategy}: {_change(effect)}{watched}"
    load = _ends(effect.change_utilization, 100.0, ".1f")
    busy = f"{effect.off_utilization:.1%} busy off, {effect.on_utilization:.1%} on"
    yield f"CPUs were {busy}: a change of {load} percentage points"
    if found.lost_pairs:
        yield f"{found.lost_pairs} of {found.lost_pairs + effect.pairs} pairs were lost"


def _change(effect: Effect) -> str:
    """Say the change in watts and per cent with its interval, and whether it is one."""
    watts, share = _ends(effect.change_watts, 1.0, ".2f"), _ends(effect.reduction, 100.0, ".1f")
    told = f"{watts} W from {effect.off_watts:.1f} W, {share}% less, over {effect.pairs} pairs"
    return told if effect.shown else f"no measurable effect ({told})"


def _ends(interval: Interval, factor: float, form: str) -> str:
    low, estimate, high = (f"{factor * one:{form}}" for one in (interval.low, interval.estimate, interval.high))
    return f"{estimate} ({low} to {high})"


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of `ecotrack trial`."""
    parser = Parser(
        prog="ecotrack trial",
        description="Measure what a strategy saves: its settings off and on, in an order that chance draws.",
        epilog=EPILOG,
    )
    add = parser.add_argument
    add("strategy", choices=STRATEGIES, metavar="STRATEGY", help=f"one of {', '.join(STRATEGIES)}")
    add("--hours", type=positive, metavar="H", default=8, help="length with its pilot (default: %(default)s)")
    add("--phase", type=positive, metavar="N", default=240, help="seconds measured in a phase (default: %(default)s)")
    settle = "seconds before a phase is measured, for fans and sensors to follow (default: %(default)s)"
    add("--settle", type=positive, metavar="N", default=60, help=settle)
    add_config_flag(parser)
    add_folder_flags(parser)
    return parser
