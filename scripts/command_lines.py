"""The pages on command lines: every command of both programs with its arguments, from the parsers themselves."""

import argparse
from collections.abc import Iterator

from exporter import cli
from exporter.audit import cli as audit
from exporter.journal import cli as journal
from exporter.optimize import cli as optimize
from exporter.optimize.trial import cli as trial
from exporter.stack import dashboards, rules
from simulator import cli as simulator

STATUS = """\
The exit status is 0, 2 for a mistake in what was given, with one line for each, and 130 after Ctrl-C; a command with
another one says so in its help. `--help` of a command has examples.
"""


STATE = "/var/lib/ecotrack for root, ~/.local/state/ecotrack for anybody else"
"""Default of a flag that depends on who asks."""


def exporter_parsers() -> Iterator[argparse.ArgumentParser]:
    """Yield the parser of `ecotrack` itself and of each of its commands."""
    yield cli.build_parser()
    yield from (journal.build_report_parser(), journal.build_backfill_parser())
    yield from (cli.build_calibrate_parser(), cli.build_clean_window_parser())
    yield from (optimize.build_parser(), trial.build_parser(), audit.build_parser())
    yield from (rules.build_parser(), dashboards.build_parser())


def simulator_parsers() -> Iterator[argparse.ArgumentParser]:
    """Yield the parser of `ecochain` itself and of each of its commands, at any depth."""
    yield from _below(simulator.build_parser())


def _below(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield a parser and those of its commands, which are described as their parent's help does."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            told = {choice.dest: choice.help for choice in action._choices_actions}
            for name, child in action.choices.items():
                child.description = child.description or told.get(name)
                yield from _below(child)


def command_lines(parsers: Iterator[argparse.ArgumentParser]) -> str:
    """Return a section for each command: what it does, and a row for each argument."""
    return f"{STATUS}{''.join(map(_section, parsers))}"


def _section(parser: argparse.ArgumentParser) -> str:
    about = " ".join((parser.description or "").split())
    rows = [_row(action, parser) for action in _arguments(parser)]
    table = ["", "| argument | meaning |", "|---|---|", *rows] if rows else []
    return "\n".join(["", f"## {parser.prog}", *(["", _cell(_sentence(about))] if about else []), *table]) + "\n"


def _sentence(text: str) -> str:
    """Return a text with the capital and the full stop of a sentence."""
    return text[0].upper() + text[1:].removesuffix(".") + "."


def _arguments(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield the arguments that the help names; commands have sections of their own."""
    for action in parser._actions:
        if not isinstance(action, argparse._HelpAction | argparse._SubParsersAction) and action.help:
            yield action


def _row(action: argparse.Action, parser: argparse.ArgumentParser) -> str:
    """Return the row of an argument. The help tells its default where it has one."""
    if action.dest == "state_dir":
        action.default = STATE
    formatter = parser._get_formatter()
    value = "" if action.nargs == 0 else formatter._format_args(action, action.dest.upper())
    name = f"{', '.join(action.option_strings)} {value}".strip()
    meaning = " ".join(formatter._expand_help(action).split())
    return f"| `{_cell(name)}` | {_cell(meaning)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
