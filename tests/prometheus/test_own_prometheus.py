"""The snippets of the page about one's own servers are accepted by the tools, and route and mute as ours do."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.processes import TOOL_SECONDS, program

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/use-your-own-prometheus.md").read_text()


def snippet(title: str) -> str:
    """Return the YAML block of the page whose first line is this comment."""
    found = re.search(rf"```yaml\n# {re.escape(title)}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None, title
    return found[1]


def tool(*arguments: str | Path) -> str:
    argv = [program(str(arguments[0])), *map(str, arguments[1:])]
    return subprocess.run(argv, capture_output=True, text=True, timeout=TOOL_SECONDS, check=True).stdout


@pytest.fixture
def alertmanager(tmp_path: Path) -> Path:
    path = tmp_path / "alertmanager.yml"
    path.write_text(snippet("alertmanager.yml"))
    return path


@pytest.mark.servers
@pytest.mark.usefixtures("generation")
@pytest.mark.parametrize("title", ["prometheus.yml", "relabelling"])
def test_promtool_accepts_each_scrape_configuration(tmp_path: Path, title: str) -> None:
    shutil.copytree(ROOT / "prometheus/rules", tmp_path / "rules")
    path = tmp_path / "prometheus.yml"
    path.write_text(snippet(title))
    assert "SUCCESS" in tool("promtool", "check", "config", path)


def test_the_rules_are_found_and_the_job_has_the_name_that_they_select() -> None:
    config = yaml.safe_load(snippet("prometheus.yml"))
    names = {path.name for pattern in config["rule_files"] for path in (ROOT / "prometheus").glob(pattern)}
    assert names == {path.name for path in (ROOT / "prometheus/rules").glob("ecotrack-*")}
    assert config["scrape_configs"][0]["job_name"] == "ecotrack"


@pytest.mark.parametrize(("address", "name"), [("laptop.test:10110", "laptop.test"), ("192.0.2.7:80", "192.0.2.7")])
def test_the_relabelling_leaves_the_port_away(address: str, name: str) -> None:
    rule = yaml.safe_load(snippet("relabelling"))["scrape_configs"][0]["relabel_configs"][0]
    found = re.fullmatch(rule["regex"], address)
    assert found is not None
    assert found[1] == name


@pytest.mark.servers
@pytest.mark.usefixtures("generation")
@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ("alertname=EcotrackBudgetExhausted severity=critical component=budget", "ecotrack-mail"),
        ("alertname=EcotrackStateNotSaved severity=warning component=data-quality", "ecotrack-mail"),
        ("alertname=EcotrackWatchdog severity=none component=exporter", "nobody"),
        ("alertname=EcotrackGridClean severity=info component=opportunity", "nobody"),
        ("alertname=DiskFull severity=critical", "nobody"),
    ],
)
def test_alertmanager_routes_as_the_page_says(alertmanager: Path, labels: str, receiver: str) -> None:
    assert "SUCCESS" in tool("amtool", "check-config", alertmanager)
    routed = tool("amtool", "config", "routes", "test", f"--config.file={alertmanager}", *labels.split())
    assert routed.strip() == receiver


def test_the_page_mutes_as_the_stack_does() -> None:
    ours: dict[str, Any] = yaml.safe_load((ROOT / "prometheus/alertmanager.yml").read_text())
    theirs: dict[str, Any] = yaml.safe_load(snippet("alertmanager.yml"))
    assert theirs["inhibit_rules"] == ours["inhibit_rules"]
    timing = ("group_by", "group_wait", "group_interval", "repeat_interval")
    [route] = theirs["route"]["routes"]
    assert {key: route[key] for key in timing} == {key: ours["route"][key] for key in timing}
    (critical,) = [one for one in ours["route"]["routes"] if 'component = "budget"' in one["matchers"]]
    assert critical in [one | {"receiver": critical["receiver"]} for one in route["routes"]]
