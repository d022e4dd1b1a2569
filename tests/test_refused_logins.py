"""Refused logins, counted by both programs as they run, and shown on the board of the exporter."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import bcrypt
import pytest
import requests

from exporter.core.web.refusal import Refusal
from grafana.queries import queries, resolve
from tests.exporter.exporter_process import Exporter, running_exporter
from tests.grafana.committed import board
from tests.grafana.promtool import objections
from tests.processes import series, until
from tests.simulator.simulator_process import LiveJob, running_job

pytestmark = pytest.mark.servers

RIGHT, WRONG = ("alice", "right"), ("alice", "wrong")

Start = Callable[..., contextlib.AbstractContextManager[Exporter | LiveJob]]


@pytest.mark.parametrize(("start", "prefix"), [(running_exporter, "ecotrack"), (running_job, "ecochain")])
def test_both_programs_count_the_logins_that_they_refuse(tmp_path: Path, start: Start, prefix: str) -> None:
    # Readiness is asked for without credentials, so the password comes once that is over.
    web = tmp_path / "web.yml"
    web.write_text("{}\n")
    with start(tmp_path, f"--web.config.file={web}") as program:

        def counted() -> dict[str, float]:
            answer = requests.get(f"{program.url}/metrics", auth=RIGHT, timeout=240).text
            return {name: value for name, value in series(answer).items() if "refused_logins" in name}

        def expected(missing: int, wrong: int) -> dict[str, float]:
            counts = {Refusal.MISSING: missing, Refusal.WRONG: wrong, Refusal.UNCHECKED: 0}
            return {f'{prefix}_web_refused_logins_total{{reason="{one}"}}': count for one, count in counts.items()}

        assert counted() == {}
        hashed = bcrypt.hashpw(RIGHT[1].encode(), bcrypt.gensalt(4)).decode()
        web.write_text(f"basic_auth_users: {{{RIGHT[0]}: '{hashed}'}}\n")
        until(lambda: counted() == expected(0, 0), "counts that begin at zero")
        for auth, times in ((None, 2), (WRONG, 3)):
            for _ in range(times):
                assert requests.get(f"{program.url}/metrics", auth=auth, timeout=240).status_code == 401
        until(lambda: counted() == expected(2, 3), "the counts of what was refused")


def test_the_board_shows_what_was_refused_by_reason(tmp_path: Path) -> None:
    (query,) = (one for one in queries(board("device-carbon.json")) if one.title == "Refused logins")
    counts = {"wrong": "0+3x3", "missing": "5+0x3"}
    metric = 'ecotrack_web_refused_logins_total{job="ecotrack",instance="saw",reason="%s"}'
    refused = {metric % reason: values for reason, values in counts.items()}
    shown = resolve(query.expr, rate_seconds=7200, range_seconds=7200)
    # Half an hour past a sample: two lie within the range, and what they gained is extended to its two hours.
    assert objections(tmp_path, refused, [(shown, "150m", '{reason="wrong"}', 6.0)]) == ""
