"""The examples of discovery: valid, and each target gets its job, its instance and its team."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.processes import TOOL_SECONDS, program, running_prometheus, until
from tests.prometheus.targets import Targets, found
from tests.prometheus.test_rules import ROOT, promtool

pytestmark = pytest.mark.servers

EXAMPLES = ROOT / "docs/examples/discovery"
PAGE = ROOT / "docs/how-to/watch-a-fleet.md"


def discovered(folder: Path, change: Callable[[str], str], name: str, wanted: Targets) -> None:
    """Let a real Prometheus with an example find these targets, and no others."""
    config = folder / "prometheus.yml"
    config.write_text(change((EXAMPLES / name).read_text()))
    with running_prometheus(config, folder) as url:
        until(lambda: found(url) == wanted, f"the targets {wanted}")


@pytest.mark.parametrize("name", ["file.yml", "dns.yml"])
def test_promtool_accepts_the_example(name: str) -> None:
    done = promtool("check", "config", EXAMPLES / name)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr


def test_vmagent_accepts_the_example_for_kubernetes(tmp_path: Path) -> None:
    """Debian's Prometheus is built without Kubernetes; vmagent reads the same section, and is as strict."""
    document = yaml.safe_load((EXAMPLES / "kubernetes.yml").read_text())
    del document["rule_files"]  # vmagent has no rules

    def accepted() -> bool:
        (tmp_path / "config.yml").write_text(yaml.safe_dump(document))
        argv = [program("vmagent"), "-dryRun", f"-promscrape.config={tmp_path}/config.yml"]
        argv += ["-promscrape.config.strictParse", "-remoteWrite.url=http://127.0.0.1:1/"]
        return subprocess.run(argv, capture_output=True, timeout=TOOL_SECONDS, check=False).returncode == 0

    assert accepted()
    document["scrape_configs"][0]["kubernetes_sd_configs"][0]["roll"] = "pod"
    assert not accepted()


def test_devices_of_a_file_get_their_name_and_team(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES / "devices", tmp_path / "devices")
    wanted = {("ecotrack", f"search-{n}.example.org", "search", f"search-{n}.example.org:10110") for n in (1, 2)}
    discovered(tmp_path, str, "file.yml", wanted)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a program another /etc/resolv.conf")
def test_devices_of_dns_get_their_name_and_team(tmp_path: Path) -> None:
    records = {
        "_ecotrack._tcp.search.example.org": [("search-1.example.org", 10110), ("search-2.example.org", 10111)],
        "_ecotrack._tcp.workshop.example.org": [("saw.example.org", 10110)],
    }
    shutil.copy(EXAMPLES / "dns.yml", tmp_path / "prometheus.yml")
    (tmp_path / "records.json").write_text(json.dumps(records))
    argv = ["unshare", "--net", "--mount", sys.executable, "-m", "tests.prometheus.dns_discovery", str(tmp_path)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    assert {tuple(one) for one in json.loads(done.stdout)} == {
        ("ecotrack", "search-1.example.org", "search", "search-1.example.org:10110"),
        ("ecotrack", "search-2.example.org", "search", "search-2.example.org:10111"),
        ("ecotrack", "saw.example.org", "workshop", "saw.example.org:10110"),
    }


def test_pods_get_their_node_and_its_team(tmp_path: Path) -> None:
    """The labels that Prometheus gives pods come from a file here; what is made of them is the example's own."""
    pods = [_pod("10.0.0.1", "metrics", "node-a", "search"), _pod("10.0.0.1", "admin", "node-a", "search")]
    pods.append(_pod("10.0.0.2", "metrics", "node-b", ""))
    (tmp_path / "pods.yml").write_text(yaml.safe_dump(pods))

    def from_a_file(text: str) -> str:
        document = yaml.safe_load(text)
        del document["scrape_configs"][0]["kubernetes_sd_configs"]
        document["scrape_configs"][0]["file_sd_configs"] = [{"files": ["pods.yml"]}]
        return yaml.safe_dump(document)

    wanted = {("ecotrack", "node-a", "search", "10.0.0.1:10110"), ("ecotrack", "node-b", "", "10.0.0.2:10110")}
    discovered(tmp_path, from_a_file, "kubernetes.yml", wanted)


def _pod(address: str, port: str, node: str, team: str) -> dict[str, Any]:
    labels = {"pod_container_port_name": port, "pod_node_name": node, **({"node_label_team": team} if team else {})}
    return {
        "targets": [f"{address}:{10110 if port == 'metrics' else 8080}"],
        "labels": {f"__meta_kubernetes_{name}": value for name, value in labels.items()},
    }


def test_the_page_shows_the_file_of_the_example() -> None:
    (shown,) = re.findall(r"```yaml\n# devices/search.yml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert shown == (EXAMPLES / "devices/search.yml").read_text()
