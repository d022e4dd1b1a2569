"""Every configuration, query and program of Python on a page is taken by whom it is meant for."""

import ast
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import yaml

from exporter.config import load_config
from exporter.core.config import ConfigError
from exporter.core.web.tls_context import TlsServerConfig
from exporter.stack.team_budgets import load_team_limits
from grafana.queries import parse
from scripts.pages.markdown import Block, Page, page_paths, read_page
from simulator.market.load import load_market
from simulator.scenario.load import load_scenario
from tests.processes import TOOL_SECONDS, program

PAGES = [read_page(path) for path in page_paths()]

PARTS = {
    "forecast": "a section of a scenario",
    "models": "a section of a scenario",
    "smtp_auth_username": "two lines of Alertmanager's configuration",
    "apiVersion": "Grafana's provisioning, which tests/grafana/test_provisioning.py reads",
}
"""Blocks that are no whole file, by their first key, and what they are."""


def is_for_prometheus(content: dict[str, object]) -> bool:
    return bool({"scrape_configs", "remote_write", "storage"} & content.keys())


def blocks(*languages: str) -> list[tuple[Page, Block]]:
    return [(page, block) for page in PAGES for block in page.blocks if block.language in languages]


def place(one: object) -> str:
    match one:
        case (Page() as page, Block() as block):
            return f"{page.name}:{block.line}"
        case _:
            return ""


def reader_of(content: object) -> Callable[[Path], object] | str | None:
    """Return what reads a file with this content: a function, the name of a program, or None for a part of a file."""
    if isinstance(content, list):
        return targets if "targets" in content[0] else None
    assert isinstance(content, dict)
    first = next(iter(content))
    if first in PARTS and not content.keys() & {"nodes"}:
        return None
    for keys, reader in (
        ({"route"}, "amtool"),
        ({"tls_server_config"}, web),
        ({"nodes"}, scenario),
        ({"teams"}, load_team_limits),
        ({"price_at"}, load_market),
    ):
        if keys <= content.keys():
            return reader
    return "promtool" if is_for_prometheus(content) else load_config


def targets(path: Path) -> None:
    """Check a file of targets, as Prometheus reads it to discover them."""
    for group in yaml.safe_load(path.read_text(encoding="utf-8")):
        assert group.keys() <= {"targets", "labels"}
        assert all(":" in one for one in group["targets"])


def web(path: Path) -> None:
    """Check the section on TLS of a web configuration, whose certificates are not here."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert content.keys() <= {"tls_server_config", "basic_auth_users", "http_server_config"}
    msgspec.convert(content["tls_server_config"], TlsServerConfig)


def scenario(path: Path) -> None:
    """Check a scenario, beside which a checkpoint may have to lie."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content.get("forecast", {}).pop("checkpoints", None)
    if "workload" in content:
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        load_scenario(str(path))


@pytest.mark.parametrize("one", blocks("yaml"), ids=place)
def test_a_configuration_is_taken_by_the_program_that_reads_it(one: tuple[Page, Block], tmp_path: Path) -> None:
    _, block = one
    reader = reader_of(yaml.safe_load(block.text))
    if callable(reader):
        file = tmp_path / "file.yaml"
        file.write_text(block.text, encoding="utf-8")
        reader(file)


@pytest.mark.servers
@pytest.mark.parametrize(
    "one", [one for one in blocks("yaml") if isinstance(reader_of(yaml.safe_load(one[1].text)), str)], ids=place
)
def test_a_configuration_of_another_program_is_taken_by_it(one: tuple[Page, Block], tmp_path: Path) -> None:
    _, block = one
    file = tmp_path / "file.yml"
    content = yaml.safe_load(block.text)
    for job in content.get("scrape_configs", ()):
        # Debian's Prometheus is built without discovery in Kubernetes; the rest of such a job is checked.
        job.pop("kubernetes_sd_configs", None)
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    if reader_of(content) == "amtool":
        argv = [program("amtool"), "check-config", str(file)]
    else:
        argv = [program("promtool"), "check", "config", "--syntax-only", str(file)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("one", blocks("promql"), ids=place)
def test_a_query_is_a_query(one: tuple[Page, Block]) -> None:
    lines = [line.partition("  #")[0] for line in one[1].text.splitlines()]
    queries = "\n".join(lines) if one[1].text.count("\n  ") else lines
    for query in [queries] if isinstance(queries, str) else filter(str.strip, queries):
        parse(query)


@pytest.mark.parametrize("one", blocks("python"), ids=place)
def test_python_compiles(one: tuple[Page, Block]) -> None:
    ast.parse(one[1].text)


def test_there_is_something_to_check() -> None:
    assert len(blocks("yaml")) > 25
    assert len(blocks("promql")) >= 3
    assert blocks("python")


def test_a_mistake_in_a_configuration_is_found(tmp_path: Path) -> None:
    file = tmp_path / "file.yml"
    file.write_text("power: {idle_wats: 8}\n", encoding="utf-8")
    reader = reader_of({"power": {}})
    assert reader is load_config
    with pytest.raises(ConfigError, match="idle_wats"):
        load_config(file)
