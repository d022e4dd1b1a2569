"""An exporter whose files are gone, as for a moment of each upgrade, answers whatever it is asked."""

import shutil
import sys
from pathlib import Path

import pytest
import requests

from tests.exporter.core.web.http_client import TIMEOUT
from tests.exporter.exporter_process import EVERY_SECOND
from tests.processes import free_port, running, series, until

pytestmark = pytest.mark.servers

LOADED = ("/", "/metrics", "/-/healthy", "/api/v1/summary", "/api/v1/history", "/api/v1/processes")
"""Paths whose answers need nothing that is not loaded from the start."""

SELDOM = "/api/v1/savings"
"""Path whose view is loaded for those who ask."""


def test_it_goes_on_with_what_it_has_and_says_where_it_cannot(tmp_path: Path) -> None:
    shutil.copytree(Path(__file__).parents[2] / "exporter", tmp_path / "code/exporter")
    (tmp_path / "ecotrack.yml").write_text(EVERY_SECOND)
    start = "import sys; sys.path.insert(0, sys.argv.pop(1)); from exporter.cli import main; sys.exit(main())"
    port, log = free_port(), tmp_path / "exporter.log"
    flags = (
        f"--config.file={tmp_path / 'ecotrack.yml'}",
        f"--web.listen-address=127.0.0.1:{port}",
        f"--state.dir={tmp_path / 'state'}",
    )
    url = f"http://127.0.0.1:{port}"
    argv = [sys.executable, "-c", start, str(tmp_path / "code"), *flags]
    with running(argv, ready=f"{url}/-/healthy", log=log):

        def get(path: str) -> requests.Response:
            return requests.get(url + path, timeout=TIMEOUT)

        def samples() -> float:
            return series(get("/metrics").text).get("ecotrack_samples_total", 0.0)

        until(lambda: get("/-/ready").status_code == 200, "the first sample")
        shutil.rmtree(tmp_path / "code")
        assert {path: get(path).status_code for path in LOADED} == dict.fromkeys(LOADED, 200)
        before = samples()
        until(lambda: samples() >= before + 2, "two samples more")
        until(lambda: get("/-/ready").status_code == 200, "a fresh sample")
        refused = get(SELDOM)
        assert (refused.status_code, refused.text) == (500, "The server failed to answer; its log says why.\n")
        assert get("/metrics").status_code == 200
    lines = [line for line in log.read_text().splitlines() if "level=error" in line]
    assert len(lines) == 1 and "ModuleNotFoundError" in lines[0] and "exporter.views.savings" in lines[0]
