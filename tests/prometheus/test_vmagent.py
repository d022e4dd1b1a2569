"""vmagent as the agent of a device, with the shipped agent.yml, as docs/how-to/send-from-small-devices.md says."""

import re
import subprocess
from pathlib import Path

import pytest
import requests

from tests.grafana.victoria import flush, running_victoria_metrics, skip_unless_installed
from tests.processes import TOOL_SECONDS, program, until
from tests.prometheus import stack
from tests.prometheus.agents import LABELS, SHIPPED, VMAGENT, network_to, running_vmagent, times, write_agent

PAGE = (Path(__file__).parents[2] / "docs/how-to/send-from-small-devices.md").read_text(encoding="utf-8")
OUTAGE_SECONDS = 20
AT_ONCE = "-search.latencyOffset=1s"
UP = 'up{job="ecotrack"}'


def test_the_page_starts_vmagent_as_it_is_tested() -> None:
    [command] = re.findall(r"^ExecStart=(/usr/bin/vmagent (?:.*\\\n)*.*)$", PAGE, re.MULTILINE)
    flags = command.replace("\\\n", " ").split()[1:]
    assert set(VMAGENT) < set(flags)
    assert {"-promscrape.config", "-remoteWrite.url", "-remoteWrite.tmpDataPath", "-httpListenAddr"} < {
        flag.partition("=")[0] for flag in flags
    }


@pytest.mark.servers
def test_vmagent_reads_the_shipped_configuration() -> None:
    skip_unless_installed()
    argv = [program("vmagent"), *VMAGENT, "-dryRun", f"-promscrape.config={SHIPPED}"]
    argv += ["-remoteWrite.url=http://127.0.0.1:1/"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.servers
@pytest.mark.full
@pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
def test_what_waits_for_the_receiver_outlives_the_agent(tmp_path: Path, killed: bool) -> None:
    """A second receiver, which is never away, tells what there was to arrive."""
    skip_unless_installed()
    away, steady = tmp_path / "away", tmp_path / "steady"
    away.mkdir()
    steady.mkdir()
    with (
        stack.exposition("ecotrack_config_last_reload_successful 1\n") as exporter,
        running_victoria_metrics(away, AT_ONCE) as central,
        running_victoria_metrics(steady, AT_ONCE) as other,
        network_to(central) as network,
    ):
        config = write_agent(tmp_path, exporter=exporter, receivers=())
        receivers = (network.url, other)
        with running_vmagent(config, tmp_path, receivers) as (_, agent):
            until(lambda: len(received(central)) >= 3, "the first samples")
            network.is_up = False
            before = received(central)[-1]
            until(lambda: received(other)[-1] > before + OUTAGE_SECONDS, "the outage")
            if killed:
                agent.kill()
        assert received(central)[-1] < before + OUTAGE_SECONDS / 2
        restarted = received(other)[-1]
        network.is_up = True
        with running_vmagent(config, tmp_path, receivers):
            until(lambda: received(central)[-1] > restarted, "what follows the outage")
            end = received(central)[-1]
            until(lambda: received(other)[-1] >= end, "the same at the other receiver")
            in_outage = {at for at in received(other) if before < at <= restarted}
            assert len(in_outage) > OUTAGE_SECONDS / 2
            # A kill takes one request that was under way, and what had not reached the disk for seconds.
            allowed = len(in_outage) / 2 if killed else 0
            until(lambda: len(in_outage - set(received(central))) <= allowed, "what was kept")
        asked = {"match[]": "ecotrack_config_last_reload_successful"}
        [told] = requests.get(f"{central}/api/v1/series", params=asked, timeout=240).json()["data"]
        assert told == {"__name__": "ecotrack_config_last_reload_successful", **LABELS}


def received(victoria: str) -> list[float]:
    """Return the times of the samples that have arrived; with a first one at 0, where there is none yet."""
    flush(victoria)
    return [0.0, *times(victoria, UP, 600)]
