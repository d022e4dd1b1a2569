"""The last proof in metrics, JSON, on the page and as a file: the same everywhere, or missing everywhere."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from exporter.app import routes
from exporter.build import Paths, build_sampler
from exporter.config import load_config
from exporter.core.web.publication import Publication
from exporter.core.web.site import Handler, Request, Response, Site
from exporter.reload import Reload
from exporter.sampler import Sampler
from exporter.snapshot import Snapshot
from exporter.sources.collector import BY_DEFAULT
from exporter.sources.reading import SourceState
from exporter.views.summary import Summary
from tests.exporter.fakes import series
from tests.fake_clock import NOON, FakeClock
from tests.kept_proof import MILLIJOULES, keep_proof, proof_of

LAPTOP = Path(__file__).parent / "sources/fixtures/laptop"

HOSTILE = '"><script>alert(1)</script>\n'

TIME, ENERGY = ("ecotrack_attestation_timestamp_seconds",), ("ecotrack_attestation_energy_joules",)
ERRORS = ("ecotrack_discarded_readings_total", "attestation", "error")


@dataclass(frozen=True, slots=True)
class Shown:
    """An exporter of the laptop's files, with the configuration that a test has written."""

    clock: FakeClock
    sampler: Sampler
    publication: Publication[Snapshot]
    handlers: dict[str, Handler]
    reload: Reload
    config: Path
    proof: Path

    @property
    def now(self) -> Snapshot:
        return self.publication.latest()[0]

    def sample(self) -> Snapshot:
        self.clock.advance(5.0)
        self.sampler.sample_once()
        return self.now

    def state(self) -> SourceState:
        [state] = {one.state for one in self.now.outcomes if one.collector == "attestation"}
        return state

    def get(self, path: str) -> Response:
        request = Request(method="GET", path=path, query="", headers={})
        return Site(routes=self.handlers, loopback_only=True).respond(request)

    def configure(self, text: str) -> None:
        self.config.write_text(text)


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    """Return an exporter that is configured to show a proof, and there is none yet."""
    config, proof, clock = tmp_path / "ecotrack.yml", tmp_path / "proof.json", FakeClock()
    config.write_text(named(proof))
    paths = Paths(procfs=LAPTOP / "proc", sysfs=LAPTOP / "sys", config=config)
    running = load_config(config)
    sampler, publication = build_sampler(running, clock, paths, BY_DEFAULT, None)
    reload = Reload(running, sampler, clock=clock, paths=paths, calibration=None)
    return Shown(clock, sampler, publication, routes(publication, clock), reload, config, proof)


def named(proof: Path) -> str:
    return json.dumps({"attestation": {"proof": str(proof)}})


def test_page_metrics_json_and_file_tell_the_same(shown: Shown) -> None:
    keep_proof(shown.proof, NOON - 7200.0)
    exposed = series(shown.sample(), "gauge")
    assert (exposed[TIME], exposed[ENERGY]) == (NOON - 7200.0, MILLIJOULES / 1000)
    told = msgspec.json.decode(shown.get("/api/v1/summary").body, type=Summary).attestation
    assert told is not None
    assert (told.end - told.start, told.end) == (3600.0, exposed[TIME])
    assert told.energy_kwh * 3.6e6 == pytest.approx(exposed[ENERGY])
    page = shown.get("/").body.decode()
    assert f'value="{told.energy_kwh!r}">41.4 Wh<' in page
    assert "2026-03-02 10:00:00 UTC</time>, 2 hours ago." in page
    assert '<a href="/attestation" download="proof.json">' in page
    assert "has not checked it" in page
    answer = shown.get("/attestation")
    assert (answer.status, answer.content_type, answer.body) == (200, "application/json", shown.proof.read_bytes())
    assert ("Content-Disposition", 'attachment; filename="proof.json"') in answer.headers


def nothing(shown: Shown) -> None:
    shown.configure("{}")
    shown.reload.look()


def damage(shown: Shown) -> None:
    shown.proof.write_bytes(b"{")


def of_the_future(shown: Shown) -> None:
    shown.proof.write_bytes(proof_of(NOON + 86_400.0))


LOSSES: dict[str, tuple[Callable[[Shown], None], SourceState, str]] = {
    "none configured": (nothing, SourceState.ABSENT, "attestation.proof in the configuration names its file"),
    "gone": (lambda shown: shown.proof.unlink(), SourceState.FAILS, "the exporter's log says why"),
    "damaged": (damage, SourceState.FAILS, "the exporter's log says why"),
    "of the future": (of_the_future, SourceState.FAILS, "the exporter's log says why"),
}
"""Ways to lose a proof, the state that follows, and the answer at its path."""


@pytest.mark.parametrize("loss", LOSSES)
def test_a_proof_that_is_lost_is_missing_everywhere_and_never_zero(shown: Shown, loss: str) -> None:
    lose, state, said = LOSSES[loss]
    keep_proof(shown.proof, NOON - 7200.0)
    shown.sample()
    assert shown.state() is SourceState.WORKS
    lose(shown)
    now = shown.sample()
    assert shown.state() is state
    assert not {TIME, ENERGY} & series(now, "gauge").keys()
    assert msgspec.json.decode(shown.get("/api/v1/summary").body, type=Summary).attestation is None
    page = shown.get("/").body.decode()
    assert "Last proof" not in page
    assert ("The attestation reading fails." in page) is (state is SourceState.FAILS)
    answer = shown.get("/attestation")
    assert (answer.status, answer.body.count(b"\n")) == (404, 1)
    assert said in answer.body.decode()
    assert series(now, "counter")[ERRORS] == (state is SourceState.FAILS)
    # The rest of the sample is as it was, and the next proof is shown.
    assert now.readings.powers
    shown.configure(named(shown.proof))
    shown.reload.look()
    keep_proof(shown.proof, NOON - 3600.0)
    assert series(shown.sample(), "gauge")[TIME] == NOON - 3600.0


def test_a_failure_is_told_once_and_counted_each_time(shown: Shown, caplog: pytest.LogCaptureFixture) -> None:
    for times in range(1, 4):
        assert series(shown.sample(), "counter")[ERRORS] == times
    assert caplog.messages == [f"collector attestation fails: No such file or directory: {shown.proof}"]


def test_another_file_is_shown_from_the_next_sample_on(shown: Shown, caplog: pytest.LogCaptureFixture) -> None:
    keep_proof(shown.proof, NOON - 7200.0)
    shown.sample()
    other = keep_proof(shown.proof.with_name("other.json"), NOON - 3600.0)
    shown.configure(named(other))
    caplog.set_level("INFO")
    shown.reload.look()
    assert "in force from the next sample on: attestation" in caplog.text
    assert series(shown.now, "gauge")[TIME] == NOON - 7200.0
    assert series(shown.sample(), "gauge")[TIME] == NOON - 3600.0


def test_a_proof_outlives_the_samples_that_found_it(shown: Shown) -> None:
    """It is of an hour that is over, whatever becomes of the sampler."""
    keep_proof(shown.proof, NOON - 7200.0)
    shown.sample()
    shown.clock.advance(3600.0)
    assert shown.get("/-/ready").status == 503
    assert series(shown.now, "gauge")[TIME] == NOON - 7200.0
    assert "3 hours ago" in shown.get("/").body.decode()
    assert shown.get("/attestation").status == 200


def test_a_name_in_a_proof_runs_nothing_on_the_page(shown: Shown) -> None:
    shown.proof.write_bytes(proof_of(NOON - 7200.0, {"instance": HOSTILE}))
    shown.sample()
    page = shown.get("/").body.decode()
    assert "Last proof" in page
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_without_the_section_nothing_is_read_and_the_page_is_as_it_was(shown: Shown) -> None:
    keep_proof(shown.proof, NOON - 7200.0)
    nothing(shown)
    shown.sample()
    assert shown.state() is SourceState.ABSENT
    page = shown.get("/").body.decode()
    assert "proof" not in page
    assert "attestation" not in page
