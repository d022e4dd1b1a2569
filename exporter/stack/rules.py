"""The command line of `ecotrack rules`."""

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

from exporter.config import load_config
from exporter.core.command_line import Parser, write_out
from exporter.core.config import ConfigError
from exporter.core.units import BITS_PER_BYTE, BITS_PER_MEGABIT, BytesPerSecond
from exporter.stack.flags import (
    PROGRAMS,
    add_kubernetes_flags,
    add_output_flags,
    jobs_of,
    place_of,
    programs_of,
    url,
)
from exporter.stack.folder import left_over, write_folder
from exporter.stack.kubernetes import Place, prometheus_rule
from exporter.stack.notifications import FOLDER, notification_files
from exporter.stack.team_budgets import load_team_limits
from prometheus.alert import Links
from prometheus.files import rule_files
from prometheus.jobs import Jobs
from prometheus.reach import Machine, machine
from prometheus.sci import FunctionalUnit, functional_unit
from prometheus.team_limits import TeamLimits

USUAL_MEGABITS = 100.0
"""Throughput of a machine's network where no flag says it, in Mbit/s: Fast Ethernet, or a good wireless one."""

USUAL_GRAFANA = "http://localhost:3000"

LEADS_NOWHERE = f"alerts lead to {USUAL_GRAFANA}, where those who read them have no Grafana; see --grafana-url"

EPILOG = """\
examples:
  ecotrack rules --output rules             all rules, as this project's own stack has them
  ecotrack rules --output rules --only ecotrack --grafana-url https://grafana.example.org
  ecotrack rules --output rules --job node/ecotrack --job lab     where Prometheus scrapes by jobs of other names
  ecotrack rules --output rules --config.file /etc/ecotrack/ecotrack.yml --link-megabits 1000
                                            without the budget alerts that this machine could never reach
  ecotrack rules --output rules --sci 'requests=http_requests_total{job="shop"}'
  ecotrack rules --output rules --team-budgets teams.yml
  ecotrack rules --output rules --kubernetes --namespace monitoring --label release=prometheus

Rule files are the same for Prometheus, Mimir's ruler and VictoriaMetrics' vmalert. Recorded series have the labels job
and instance and those of their own, so these two have to tell all devices apart; other labels of targets, such as
cluster, stay on alerts that read the exporter's own series, and are gone from those that read recorded ones.
"""


def rules(arguments: Sequence[str]) -> int:
    """Write recording rules and alerts. Raises ConfigError."""
    options = build_parser().parse_args(arguments)
    programs, place, jobs = programs_of(options), place_of(options), _jobs(options)
    files = rule_files(_machine(options), _links(options), _units(options.units), jobs, _team_limits(options, programs))
    texts = {path.name: text for path, text in files.items() if path.name.startswith(programs)}
    if place is not None:
        texts = {name: prometheus_rule(Path(name).stem, text, place) for name, text in texts.items()}
    texts |= notification_files(place)
    write_folder(options.output, texts, force=options.force)
    write_out(f"wrote {' '.join(sorted(texts))} to {options.output}\n")
    write_out(left_over(options.output, texts, (f"{program}-*.yml" for program in PROGRAMS)))
    write_out("".join(f"{line}\n" for line in _what_next(options.output.absolute(), place)))
    selected = dict(zip(PROGRAMS, (jobs.exporter, jobs.simulator), strict=True))
    write_out(f"Scrape by the jobs that they select: {', '.join(job for one in programs for job in selected[one])}.\n")
    if place is not None and options.grafana == USUAL_GRAFANA:
        sys.stderr.write(f"ecotrack: {LEADS_NOWHERE}\n")
    return 0


def _what_next(folder: Path, place: Place | None) -> tuple[str, ...]:
    messages = f"{folder}/{FOLDER} has templates of messages, and an example for Alertmanager that notifies nobody yet."
    if place is not None:
        selected = "The operator takes what its ruleSelector and ruleNamespaceSelector name; see --label, --namespace."
        apart = "There are a Secret of the operator and values for kube-prometheus-stack: use one of the two, by hand."
        return f"Apply them: kubectl apply --server-side -f {folder}", selected, messages, apart
    return (
        f'Name them in prometheus.yml: rule_files: ["{folder}/*.yml"]',
        f"Check and load them: promtool check rules {folder}/*.yml, then reload Prometheus (SIGHUP).",
        messages,
    )


def _jobs(options: argparse.Namespace) -> Jobs:
    named, usual = jobs_of(options), Jobs()
    return Jobs(exporter=named["ecotrack"] or usual.exporter, simulator=named["ecochain"] or usual.simulator)


def _links(options: argparse.Namespace) -> Links:
    """Return where the alerts lead: to boards of the Grafana that is named, by their own addresses in it."""
    usual = Links()
    addresses = {one.name: getattr(usual, one.name) for one in fields(usual)}
    boards = {
        name: f"{options.grafana}{address.removeprefix(USUAL_GRAFANA)}"
        for name, address in addresses.items()
        if address.startswith(USUAL_GRAFANA)
    }
    return replace(usual, **boards, runbooks=options.runbooks)


def _machine(options: argparse.Namespace) -> Machine | None:
    """Describe the machine whose configuration is named. Raises ConfigError."""
    if options.config_file is None:
        if options.link is not None:
            raise ConfigError(["--link-megabits: expected --config.file beside it"])
        return None
    megabits = USUAL_MEGABITS if options.link is None else options.link
    link = BytesPerSecond(megabits * BITS_PER_MEGABIT / BITS_PER_BYTE)
    return machine(load_config(options.config_file), link)


def _team_limits(options: argparse.Namespace, programs: Sequence[str]) -> TeamLimits | None:
    """Read the limits of teams from the file that is named. Raises ConfigError."""
    if options.team_budgets is None:
        return None
    if "ecotrack" not in programs:
        raise ConfigError([f"--team-budgets: with --only {options.only} nothing is written that it would change"])
    return load_team_limits(options.team_budgets)


def _units(units: Sequence[FunctionalUnit]) -> tuple[FunctionalUnit, ...]:
    """Check that each unit of work has a name of its own. Raises ConfigError."""
    if len({one.name for one in units}) < len(units):
        raise ConfigError(["--sci: expected each name once"])
    return tuple(units)


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of `ecotrack rules`."""
    parser = Parser(
        prog="ecotrack rules",
        description="Write recording rules and alerts for your own Prometheus, and messages for your Alertmanager.",
        epilog=EPILOG,
    )
    add_output_flags(parser, "the program's name", "rules")
    add = parser.add_argument
    grafana = "address of Grafana, to whose boards alerts lead (default: %(default)s)"
    add("--grafana-url", dest="grafana", metavar="URL", type=url, default=USUAL_GRAFANA, help=grafana)
    runbooks = "address of the folder of runbooks, to which alerts lead (default: this project's)"
    add("--runbook-url", dest="runbooks", metavar="URL", type=url, default=Links().runbooks, help=runbooks)
    config = "an exporter's configuration: leave out the burn-rate alerts that its budgets and its power never reach"
    add("--config.file", dest="config_file", metavar="FILE", type=Path, help=config)
    link = f"highest throughput of its network, in Mbit/s (default: {USUAL_MEGABITS:g})"
    add("--link-megabits", dest="link", metavar="N", type=_megabits, help=link)
    unit = "record the carbon of each unit of work that this counter counts; @MATCHERS after it name the machines"
    add("--sci", dest="units", metavar="NAME=COUNTER", type=_unit, action="append", default=[], help=unit)
    teams = "carbon budgets of teams of devices, which Prometheus tells by the target label team"
    add("--team-budgets", dest="team_budgets", metavar="FILE", type=Path, help=teams)
    add_kubernetes_flags(parser, "PrometheusRules, which the Prometheus operator reads,")
    return parser


def _megabits(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 < found < math.inf:
        raise argparse.ArgumentTypeError(f'expected a number above 0, got "{text}"')
    return found


def _unit(text: str) -> FunctionalUnit:
    try:
        return functional_unit(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
