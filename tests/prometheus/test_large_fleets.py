"""The agent's configuration and the snippets of the pages on many devices are accepted, and divide all devices."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.processes import TOOL_SECONDS, program

ROOT = Path(__file__).parents[2]
PAGES = {
    name: (ROOT / "docs/how-to" / name).read_text(encoding="utf-8")
    for name in ("send-from-small-devices.md", "watch-ten-thousand-devices.md")
}
SNIPPETS = [text for page in PAGES.values() for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]


def check(path: Path, *flags: str) -> str:
    argv = [program("promtool"), "check", "config", *flags, str(path)]
    return subprocess.run(argv, capture_output=True, text=True, timeout=TOOL_SECONDS, check=True).stdout


@pytest.mark.servers
@pytest.mark.usefixtures("generation")
def test_promtool_accepts_the_agent_and_each_snippet(tmp_path: Path) -> None:
    assert "SUCCESS" in check(ROOT / "prometheus/agent.yml", "--agent")
    (tmp_path / "targets").mkdir()
    shutil.copy(ROOT / "prometheus/targets/ecotrack.yml", tmp_path / "targets")
    assert len(SNIPPETS) == 3
    for number, text in enumerate(SNIPPETS):
        path = tmp_path / f"{number}.yml"
        path.write_text(text, encoding="utf-8")
        assert "SUCCESS" in check(path)


def test_the_agent_and_the_shipped_prometheus_scrape_as_often() -> None:
    agent, shipped = (
        yaml.safe_load((ROOT / "prometheus" / name).read_text()) for name in ("agent.yml", "prometheus.yml")
    )
    assert agent["global"]["scrape_interval"] == shipped["global"]["scrape_interval"]
    assert agent["scrape_configs"][0]["job_name"] == shipped["scrape_configs"][0]["job_name"]


def test_the_parts_that_the_page_makes_are_all_of_the_devices() -> None:
    [relabelled] = [one for one in map(yaml.safe_load, SNIPPETS) if "scrape_configs" in one]
    hashed, kept = relabelled["scrape_configs"][0]["relabel_configs"]
    assert (hashed["action"], [hashed["target_label"]]) == ("hashmod", kept["source_labels"])
    assert (kept["action"], kept["regex"]) == ("keep", "0")
    assert "# one of four" in PAGES["watch-ten-thousand-devices.md"]
    assert hashed["modulus"] == 4
