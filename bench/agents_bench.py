"""The cost of an agent on a device: Prometheus as one, and vmagent, beside a Prometheus with all rules.

`python -m bench.agents_bench [--record]` serves one made-up device from this process, with the series of a laptop. Each
program scrapes it every 15 s, and both agents send to a real VictoriaMetrics, with the shipped configuration and the
flags that docs/how-to/send-from-small-devices.md gives vmagent; memory and CPU time are what the programs tell of
themselves. Takes three minutes, all of it waiting.
"""

import argparse
import contextlib
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from bench.record import record, table
from bench.remote_write_bench import (
    MEASURED_SECONDS,
    MEBIBYTE,
    SCRAPE_SECONDS,
    WARM_SECONDS,
    exposed,
    process_seconds,
    serving_fleet,
    write_shipped,
)
from tests.grafana.victoria import running_victoria_metrics
from tests.processes import running_prometheus
from tests.prometheus.agents import running_agent, running_vmagent, write_agent


def main() -> None:
    """Measure all three, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help="keep the figures under bench/results/")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="agents-bench-") as folder, running_all(Path(folder)) as programs:
        figures = measured(programs)
    print(figures)
    if options.record:
        record("agents", ["Agents of one device", figures])


@contextlib.contextmanager
def running_all(folder: Path) -> Iterator[Mapping[str, str]]:
    """Run the three programs; yields their base URLs by their names."""
    full, agents = folder / "full", folder / "agents"
    full.mkdir()
    agents.mkdir()
    with serving_fleet(1) as targets, running_victoria_metrics(agents) as victoria:
        config = _shipped_agent(agents, targets, victoria)
        with (
            running_prometheus(write_shipped(full, targets, ()), full) as prometheus,
            running_agent(config, agents) as (agent, _),
            running_vmagent(config, agents, [victoria]) as (vmagent, _),
        ):
            yield {"Prometheus as an agent": agent, "vmagent": vmagent, "Prometheus, all rules": prometheus}


def _shipped_agent(folder: Path, targets: list[dict[str, object]], receiver: str) -> Path:
    """Write the shipped configuration of an agent, which sends after the time that is usual."""
    path = write_agent(folder, exporter="", receivers=[receiver], seconds=SCRAPE_SECONDS)
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    config["scrape_configs"][0]["static_configs"] = targets
    del config["remote_write"][0]["queue_config"]["batch_send_deadline"]
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def measured(programs: Mapping[str, str]) -> str:
    """Return the table of memory and CPU time of running programs."""
    time.sleep(WARM_SECONDS)
    before, began = {name: process_seconds(url) for name, url in programs.items()}, time.monotonic()
    time.sleep(MEASURED_SECONDS)
    lasted = time.monotonic() - began
    lines = [
        (
            name,
            f"{exposed(url, 'process_resident_memory_bytes') / MEBIBYTE:.0f}",
            f"{100 * (process_seconds(url) - before[name]) / lasted:.2f}",
        )
        for name, url in programs.items()
    ]
    return table(("for one device", "resident MiB", "% of a core"), lines)


if __name__ == "__main__":
    main()
