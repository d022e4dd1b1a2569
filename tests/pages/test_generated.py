"""The generated pages on alerts and commands have everything that there is, and say it in words."""

import argparse
import re
from collections.abc import Callable, Iterator

import pytest

from prometheus.alert import Alert
from prometheus.files import alert_groups, simulator_alert_groups
from scripts.alerts import TITLES, alerts, condition
from scripts.command_lines import command_lines, exporter_parsers, simulator_parsers

ALERTS = [alert for group in (*alert_groups(None), *simulator_alert_groups()) for alert in group.alerts]


def test_every_alert_has_a_row_under_its_component() -> None:
    page = alerts()
    for alert in ALERTS:
        section = page.partition(f"\n## {TITLES[alert.component]}\n")[2].partition("\n## ")[0]
        rows = [row for row in section.splitlines() if row.startswith(f"| [{alert.name}](")]
        assert len(rows) == 1, alert.name
        assert f"| {alert.severity} | {alert.scope} |" in rows[0]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_the_condition_of_an_alert_is_a_sentence(alert: Alert) -> None:
    said = condition(alert)
    assert said.endswith((".", "!", "?", ")"))
    assert "\n" not in said and not said.startswith(("-", "#"))


def exporter_commands() -> set[str]:
    return {parser.prog.removeprefix("ecotrack").strip() for parser in exporter_parsers()}


def test_every_command_that_the_exporter_names_has_a_section() -> None:
    # Examples of commands stand a space behind the program's name, what an example does far from it.
    named = set(re.findall(r"\becotrack ([a-z][a-z-]+)", next(exporter_parsers()).epilog or ""))
    assert len(named) > 5
    assert named <= exporter_commands()


@pytest.mark.parametrize("parsers", [exporter_parsers, simulator_parsers])
def test_every_flag_has_a_row(parsers: Callable[[], Iterator[argparse.ArgumentParser]]) -> None:
    page = command_lines(parsers())
    for parser in parsers():
        section = page.partition(f"\n## {parser.prog}\n")[2].partition("\n## ")[0]
        assert section, parser.prog
        for action in parser._actions:
            if action.option_strings and not isinstance(action, argparse._HelpAction):
                assert f"`{', '.join(action.option_strings)}" in section, action
