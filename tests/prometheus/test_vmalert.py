"""Rules and alerts over what agents send to VictoriaMetrics, evaluated by vmalert, which comes in the same package."""

import contextlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from prometheus.recording import SCOPE_RATE
from tests.grafana.victoria import VMALERT, running_victoria_metrics, skip_unless_installed
from tests.processes import TOOL_SECONDS, free_port, program, running, running_alertmanager, until
from tests.prometheus import stack
from tests.prometheus.agents import LABELS, running_agent, write_agent
from tests.prometheus.devices import LIMIT, Device
from tests.prometheus.test_agent import LOOKBACK_SECONDS, is_told, receiving

pytestmark = pytest.mark.servers

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/watch-ten-thousand-devices.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def _installed() -> None:
    skip_unless_installed()


def strip(folder: Path) -> Path:
    """Change rules as the page says that versions of vmalert before 1.92 need it."""
    found = re.search(r"```sh\n(sed -i .*keep_firing_for.*)\n```", PAGE)
    assert found is not None
    command = found[1].replace("rules/", f"{folder}/").split()
    assert command[:2] == ["sed", "-i"]
    files = sorted(map(str, folder.glob("*.yml")))
    subprocess.run([*command[:2], command[2].strip("'"), *files], check=True, timeout=TOOL_SECONDS)
    return folder


@contextlib.contextmanager
def running_vmalert(rules: Path, folder: Path, *, victoria: str, alertmanager: str) -> Iterator[str]:
    """Evaluate the rules of a folder over VictoriaMetrics; yields the base URL of vmalert."""
    address = f"127.0.0.1:{free_port()}"
    argv = [
        program(VMALERT),
        f"-rule={rules}/*.yml",
        f"-datasource.url={victoria}",
        f"-remoteWrite.url={victoria}",
        f"-notifier.url={alertmanager}",
        f"-httpListenAddr={address}",
        "-remoteWrite.flushInterval=1s",
        # The time for which a last value is shown: five minutes by default, as in Prometheus.
        f"-datasource.queryStep={LOOKBACK_SECONDS}s",
    ]
    with running(argv, ready=f"http://{address}/health", log=folder / "vmalert.log"):
        yield f"http://{address}"


def test_rules_fire_on_what_an_agent_sends_to_victoria_metrics_and_on_its_silence(tmp_path: Path) -> None:
    laptop = Device("laptop", used=1.02 * LIMIT)
    with (
        stack.answering(lambda _path: laptop.exposition() if laptop.answers else None) as exporter,
        stack.webhook() as (url, told),
        running_alertmanager(stack.write_alertmanager(tmp_path, webhook=url), tmp_path) as alertmanager,
        running_victoria_metrics(tmp_path, "-search.latencyOffset=1s") as victoria,
    ):
        receiving(tmp_path)
        rules = strip(tmp_path / "rules")
        with running_vmalert(rules, tmp_path, victoria=victoria, alertmanager=alertmanager):
            with running_agent(write_agent(tmp_path, exporter=exporter, receivers=[victoria]), tmp_path):
                until(lambda: is_told(told, "EcotrackBudgetExhausted", "firing"), "the budget that is used up")
                until(lambda: stack.values(victoria, f"count({SCOPE_RATE})") == [1.0], "the recorded series")
                laptop.answers = False
                until(lambda: is_told(told, "EcotrackDown", "firing"), "the exporter that does not answer")
                laptop.answers = True
                until(lambda: is_told(told, "EcotrackDown", "resolved"), "the exporter that answers again")
            until(lambda: is_told(told, "EcotrackSilent", "firing"), "the agent that sends nothing")
    [down] = [one for one in told if one["labels"]["alertname"] == "EcotrackDown" and one["status"] == "firing"][:1]
    assert down["labels"] | LABELS == down["labels"]
    assert down["annotations"]["summary"] == "laptop does not answer scrapes"
