"""The documented way to secure the endpoint, seen from a real Prometheus and judged by promtool."""

import re
import subprocess
import time
from pathlib import Path

import bcrypt
import pytest
import requests

from exporter.core.metrics import Representation
from exporter.core.web.publication import Publication, common_routes
from exporter.core.web.server import Request, Response
from exporter.core.web.web_config import load_web_config
from exporter.exposition.rows import ROWS, exposition
from tests.exporter.core.web.certificates import Authority
from tests.exporter.core.web.http_client import serving
from tests.exporter.golden_snapshot import golden_snapshot
from tests.fake_clock import FakeClock
from tests.processes import TOOL_SECONDS, program, running_prometheus

HOW_TO = Path(__file__).parents[4] / "docs/how-to/secure-the-endpoint.md"


def web_configs() -> list[str]:
    """Return the web configurations shown in the guide."""
    blocks = re.findall(r"```yaml\n(.*?)```", HOW_TO.read_text(), re.DOTALL)
    return [block for block in blocks if re.match(r"(#.*\n)*tls_server_config", block)]


@pytest.mark.servers
@pytest.mark.usefixtures("generation")
def test_the_guide_shows_files_that_we_and_promtool_accept(tmp_path: Path) -> None:
    Authority(tmp_path).issue("server")
    shown = web_configs()
    assert len(shown) == 2
    for number, text in enumerate(shown):
        path = tmp_path / f"web{number}.yml"
        path.write_text(text)
        assert load_web_config(path).tls is not None
        checked = subprocess.run(
            [program("promtool"), "check", "web-config", str(path)],
            timeout=TOOL_SECONDS,
            check=False,
            capture_output=True,
            text=True,
        )
        assert checked.returncode == 0, checked.stderr


@pytest.mark.servers
@pytest.mark.usefixtures("generation")
def test_prometheus_scrapes_with_certificate_and_password(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.issue("server")
    client = authority.issue("prometheus", san="prometheus.example")
    path = tmp_path / "web.yml"
    password = bcrypt.hashpw(b"secret", bcrypt.gensalt(10)).decode()
    names = "  client_allowed_sans: [prometheus.example]\n"
    path.write_text(f"{web_configs()[1]}{names}basic_auth_users: {{prometheus: '{password}'}}\n")
    seen: list[Request] = []

    def metrics(request: Request) -> Response:
        seen.append(request)
        return Response(content_type="text/plain; version=0.0.4; charset=utf-8", body=b"answer 42\n")

    with serving({"/metrics": metrics}, web_config=load_web_config(path)) as server:
        config = tmp_path / "prometheus.yml"
        config.write_text(f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: ecotrack
    scheme: https
    tls_config: {{ca_file: {authority.cert}, cert_file: {client.cert}, key_file: {client.key}}}
    basic_auth: {{username: prometheus, password: secret}}
    static_configs: [{{targets: ["{server.url.removeprefix("https://")}"]}}]
""")
        with running_prometheus(config, tmp_path) as prometheus:
            assert _value(prometheus, "answer") == "42"
            assert _value(prometheus, "count_over_time(answer[1m]) > 5") is not None
    assert seen[0].headers["accept-encoding"] == "gzip"


@pytest.mark.servers
@pytest.mark.usefixtures("generation")
def test_prometheus_is_sent_openmetrics_and_reads_it(tmp_path: Path) -> None:
    """OpenMetrics alone has units, so a Prometheus that knows one was sent it and read it."""
    publication = Publication(FakeClock(), golden_snapshot(), exposition)
    routes = common_routes(publication, "/metrics")
    sent: list[Response] = []

    def metrics(request: Request) -> Response:
        sent.append(routes["/metrics"](request))
        return sent[-1]

    with serving({"/metrics": metrics}) as server:
        config = tmp_path / "prometheus.yml"
        config.write_text(f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: ecotrack
    static_configs: [{{targets: ["{server.url.removeprefix("http://")}"]}}]
""")
        with running_prometheus(config, tmp_path) as prometheus:
            assert _value(prometheus, "up == 1") == "1"
            units = requests.get(f"{prometheus}/api/v1/targets/metadata", timeout=240).json()["data"]
    assert {one["metric"]: one["unit"] for one in units}.items() >= {(row.family_name, row.unit) for row in ROWS}
    assert {response.content_type for response in sent} == {Representation(openmetrics=True, gzipped=True).content_type}
    assert all(("Content-Encoding", "gzip") in response.headers for response in sent)


def _value(prometheus: str, query: str) -> str | None:
    """Return the first value of a query, once there is one; None after four minutes without."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        answer = requests.get(f"{prometheus}/api/v1/query", params={"query": query}, timeout=240)
        result = answer.json()["data"]["result"]
        if result:
            return str(result[0]["value"][1])
        time.sleep(0.1)
    return None
