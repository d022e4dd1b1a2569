"""The command `ecochain forecast`: evaluate models, train one, and score one that was trained."""

# ruff: noqa: PLC0415 - as in simulator/cli.py: each command imports what it needs

import argparse
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exporter.core.command_line import INTERRUPTED, positive, write_out
from exporter.core.config import ConfigError
from exporter.core.logs import LogFormat, configure_logging

if TYPE_CHECKING:
    from simulator.forecast.interface import Model, Series

EPILOG = """\
examples:
  ecochain forecast evaluate --workers 2 --output results  every model on both typical years: two hours of CPU time
  ecochain forecast evaluate --models ridge ensemble --seeds 1 --output results
  ecochain forecast evaluate --models ridge MLP "published LSTM:3" --output results  five seeds, of the network three
  ecochain forecast evaluate --csv mine.csv --kind solar --latitude 52.5 --longitude 13.4 --output results

After Ctrl-C, the same command goes on where it stopped.
"""

TRAIN_EPILOG = """\
examples:
  ecochain forecast train --stations greensboro --kind solar --output greensboro-solar.npz
  ecochain forecast train --csv mine.csv --kind wind --models ridge --output mine.npz
  ecochain forecast check --stations greensboro --checkpoint greensboro-solar.npz

A model is served only where it is better than the convex reference on days that it has not seen.
"""

SAME_SCORE = 1e-6
"""Largest difference of scores of the same model trained twice on one machine, in the unit of the series."""

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Variables that say how many threads numerical libraries may use, read as they are loaded."""

_STYLE: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False}


def add_forecast(commands: Any, parser_class: type[argparse.ArgumentParser]) -> None:
    """Add the command with its own commands and flags."""
    parser = commands.add_parser("forecast", help="compare forecasters, and train them", **_STYLE)
    own = parser.add_subparsers(title="commands", required=True, metavar="COMMAND", parser_class=parser_class)
    evaluate = own.add_parser("evaluate", help="score models on data they have not seen", epilog=EPILOG, **_STYLE)
    add = evaluate.add_argument
    _add_data(add)
    add(
        "--models",
        metavar="NAME[:SEEDS]",
        nargs="+",
        help="models beside the references, with seeds of their own where they take long (default: all)",
    )
    add("--splits", metavar="NAME", nargs="+", help='splits, of "fixed" and "period 1" to "period 6" (default: all)')
    add("--seeds", metavar="N", type=positive, default=5, help="seeds, from 1 on (default: %(default)s)")
    add("--workers", metavar="N", type=positive, default=1, help="processes that do the work (default: %(default)s)")
    add_plots(add)
    add("--output", metavar="DIR", type=Path, required=True, help="folder for the results")
    evaluate.set_defaults(command=_evaluate)
    train = own.add_parser("train", help="train models, and keep the best in a file", epilog=TRAIN_EPILOG, **_STYLE)
    add = train.add_argument
    _add_data(add)
    add(
        "--models",
        metavar="NAME",
        nargs="+",
        help="models from which the best is taken (default: ridge, MLP and ensemble)",
    )
    add("--seed", metavar="K", type=positive, default=1, help="seed of what a model draws (default: %(default)s)")
    add("--device", choices=("cpu", "cuda"), default="cpu", help="where networks learn (default: %(default)s)")
    add("--output", metavar="FILE", type=Path, required=True, help="file to write, .npz")
    train.set_defaults(command=_train)
    check = own.add_parser("check", help="train what a file holds anew, and compare their scores", **_STYLE)
    _add_data(check.add_argument)
    check.add_argument("--checkpoint", metavar="FILE", type=Path, required=True, help="file that `train` wrote")
    check.set_defaults(command=_check)


def add_plots(add: Any) -> None:
    """Add the flag that says what pictures are for."""
    from simulator.experiments.write.medium import PLOTS

    add(
        "--plots",
        choices=tuple(PLOTS),
        default="report",
        help="report: PNG pictures; paper: also PDF without titles, for a column and for both (default: %(default)s)",
    )


def _add_data(add: Any) -> None:
    add("--stations", metavar="NAME", nargs="+", help="typical years: greensboro, sand-point (default: both)")
    add("--grids", metavar="NAME", nargs="+", help="generated grids, for intensity: gb, de, fr (default: all)")
    add("--csv", metavar="FILE", type=Path, help="your own observations, in place of typical years")
    add("--kind", metavar="KIND", nargs="+", help="solar, wind or intensity (default: solar and wind)")
    add("--latitude", metavar="DEGREES", type=float, default=0.0, help="of your own site, north of the equator")
    add("--longitude", metavar="DEGREES", type=float, default=0.0, help="of your own site, east of Greenwich")
    add("--altitude", metavar="METRES", type=float, default=0.0, help="of your own site")


def series_of(options: argparse.Namespace) -> "Mapping[str, Series]":
    """Return the series that the flags name, by label. Raises ConfigError."""
    from simulator.forecast.dataset import STATIONS, read_csv, typical_year
    from simulator.forecast.grids import SYSTEMS, generated_year
    from simulator.forecast.interface import Kind

    kinds = [Kind(_among("--kind", one, [str(kind) for kind in Kind])) for one in options.kind or ["solar", "wind"]]
    if options.csv is not None:
        if len(kinds) != 1 or not options.kind:
            raise ConfigError(["--csv: expected one --kind of what the file holds"])
        place = {name: getattr(options, name) for name in ("latitude", "longitude", "altitude")}
        return {f"{options.csv.stem} {kinds[0]}": read_csv(options.csv, kinds[0], **place)}
    stations = [_among("--stations", one, list(STATIONS)) for one in options.stations or STATIONS]
    grids = [_among("--grids", one, list(SYSTEMS)) for one in options.grids or SYSTEMS]
    supplies = [kind for kind in kinds if kind is not Kind.INTENSITY]
    found = {f"{station} {kind}": typical_year(station, kind) for kind in supplies for station in stations}
    return found | {f"{grid} {kind}": generated_year(grid) for kind in kinds if kind not in supplies for grid in grids}


def _among(flag: str, name: str, known: Sequence[str]) -> str:
    if name not in known:
        raise ConfigError([f'{flag}: expected one of {", ".join(known)}, got "{name}"'])
    return name


def _models_of(names: Sequence[str] | None) -> "list[Model]":
    from simulator.forecast.models.catalogue import LEARNING

    known = {one.name: one for one in LEARNING}
    return [known[_among("--models", name, list(known))] for name in names or known]


def _seeds_of(model: str, usual: int) -> tuple[str, int]:
    """Return the name of a model and its number of seeds, which may stand behind it. Raises ConfigError."""
    name, colon, written = model.partition(":")
    if not colon:
        return name, usual
    try:
        return name, positive(written)
    except argparse.ArgumentTypeError as error:
        raise ConfigError([f"--models: {model}: {error}"]) from error


def _evaluate(options: argparse.Namespace) -> int:
    from concurrent.futures import BrokenExecutor

    from simulator.experiments.run.execution import executor_for
    from simulator.experiments.run.progress import Progress
    from simulator.experiments.write.medium import PLOTS
    from simulator.forecast import evaluate as work
    from simulator.forecast.interface import ForecastError
    from simulator.forecast.models.catalogue import references_of
    from simulator.forecast.report.figures import Evaluation
    from simulator.forecast.report.output import write_report
    from simulator.forecast.report.tables import headline
    from simulator.forecast.splits import splits

    configure_logging("info", LogFormat.LOGFMT)
    logging.getLogger("matplotlib").setLevel(logging.WARNING)
    try:
        series, seeds = series_of(options), dict(_seeds_of(one, options.seeds) for one in options.models or ())
        learning = _models_of(list(seeds))
        seeds = seeds or {one.name: options.seeds for one in learning}
        names = options.splits or [one.name for one in splits(next(iter(series.values())))]
        for name in names:
            _among("--splits", name, [one.name for one in splits(next(iter(series.values())))])
        planned = list(
            work.units(
                series,
                lambda one: [*references_of(one.kind), *learning],
                lambda one: [split for split in splits(one) if split.name in names],
                seeds,
            )
        )
        if options.workers > 1:
            _use_one_thread()
        with executor_for(options.workers, None) as executor, Progress("forecasts") as progress:
            found = work.outcomes(options.output, planned, progress.report, executor)
        scored = work.times_scored(options.output)
        figures = write_report(options.output, Evaluation(series, found), scored, PLOTS[options.plots])
    except ForecastError as error:
        raise ConfigError([str(error)]) from error
    except BrokenExecutor as error:
        told = "a worker ended before its work did; the same command goes on with what is kept"
        raise ConfigError([f"--workers: {told}"]) from error
    except KeyboardInterrupt:
        print("ecochain: interrupted: the same command goes on where it stopped", file=sys.stderr)
        return INTERRUPTED
    write_out(f"{headline(figures)}\n{options.output / 'report.md'}: the report; tables and pictures lie beside it\n")
    return 0


def _use_one_thread() -> None:
    """Let numerical libraries that are loaded from now on, here and in new processes, use one thread.

    More would only wait for one another: they double the CPU time in which all models of a site learn.
    """
    os.environ.update(dict.fromkeys(THREADS, "1"))


def _train(options: argparse.Namespace) -> int:
    _use_one_thread()
    from simulator.experiments.run.progress import Progress
    from simulator.forecast.checkpoint import save
    from simulator.forecast.interface import ForecastError
    from simulator.forecast.models.catalogue import CANDIDATES
    from simulator.forecast.models.convex import Convex
    from simulator.forecast.network import learning_on
    from simulator.forecast.splits import fixed_split
    from simulator.forecast.training import train

    configure_logging("info", LogFormat.LOGFMT)
    try:
        options.models = options.models or CANDIDATES
        models = [Convex(), *_models_of(options.models)]
        label, series = _only_one(series_of(options))
        with learning_on(options.device), Progress(f"training on {label}") as progress:
            heading, calibrated, choices = train(models, series, fixed_split(series), options.seed, progress.report)
        save(options.output, heading, calibrated)
    except ForecastError as error:
        raise ConfigError([str(error)]) from error
    write_out(f"{options.output}: seed {heading.seed}\n")
    write_out("".join(f"  steps ahead {one.horizons}: {one.model}: {one.why}\n" for one in choices))
    return 0


def _check(options: argparse.Namespace) -> int:
    _use_one_thread()
    import numpy as np

    from simulator.experiments.run.progress import Progress
    from simulator.forecast.checkpoint import load, require_fit, require_same_data
    from simulator.forecast.interface import ForecastError
    from simulator.forecast.models.catalogue import MODELS
    from simulator.forecast.splits import by_name
    from simulator.forecast.training import train

    configure_logging("info", LogFormat.LOGFMT)
    try:
        heading, _ = load(options.checkpoint)
        options.kind = options.kind or [str(heading.kind)]
        _, series = _only_one(series_of(options))
        require_fit(options.checkpoint, heading, series)
        require_same_data(options.checkpoint, heading, series)
        models = [MODELS[name] for name in heading.candidates]
        split = by_name(series)[heading.training]
        with Progress(str(options.checkpoint)) as progress:
            anew, _, _ = train(models, series, split, heading.seed, progress.report)
    except ForecastError as error:
        raise ConfigError([str(error)]) from error
    kept, found = (np.array(one.validation, dtype=np.float64) for one in (heading, anew))
    apart = float(np.abs(found - kept).max())
    write_out(
        f"{options.checkpoint}: {', '.join(heading.models)}: one step ahead the error on validation days is\n"
        f"  {kept[0]:.9f} in the file, {found[0]:.9f} anew; at most {apart:.1e} apart at any horizon\n"
    )
    if apart > SAME_SCORE:
        raise ConfigError([f"{options.checkpoint}: its scores are more than {SAME_SCORE:g} from those found anew"])
    return 0


def _only_one(series: "Mapping[str, Series]") -> "tuple[str, Series]":
    if len(series) != 1:
        raise ConfigError(["--stations, --kind: expected one station and one kind to train on"])
    return next(iter(series.items()))
