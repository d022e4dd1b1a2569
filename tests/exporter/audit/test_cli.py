"""`ecotrack audit` as a command: what it prints, keeps and refuses, beside servers that answer what a test wants."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from exporter import cli
from exporter.audit.checks import CHECKS
from exporter.audit.kept import AUDIT, LastAudit
from exporter.audit.rules import RULES
from exporter.core.metrics import Exposition
from exporter.exposition.rows import ROWS
from exporter.snapshot import Snapshot
from exporter.views.summary import summarize
from tests.exporter.audit.world import TEXT, World
from tests.processes import free_port
from tests.prometheus.stack import Quiet, serving

NO_RULE = "the rule is not loaded, or has nothing to record"

BRIEFLY = "--minutes=0.02"
"""A second, which goes on until there are three samples."""


@dataclass(slots=True)
class FakeExporter:
    """An exporter that takes a sample whenever it is asked for its metrics, and that `change` makes a liar."""

    world: World = field(default_factory=World.of)
    change: Callable[[str], str] = lambda text: text
    snapshot: Snapshot | None = None

    def metrics(self) -> str:
        self.snapshot = self.world.exporter.sample_after(5.0, utilization=0.4, bytes_per_second=1e6)
        return self.change(Exposition(ROWS, self.snapshot).body(TEXT).decode())

    def summary(self) -> str:
        assert self.snapshot is not None
        assert self.snapshot.sampled_at is not None
        return msgspec.json.encode(summarize(self.snapshot, self.snapshot.sampled_at, fresh=True)).decode()


@contextlib.contextmanager
def answering(answers: Mapping[str, Callable[[str], str]], seen: list[str] | None = None) -> Iterator[str]:
    """Serve texts by path, each made from the query; yield the address. `seen` gets what authorizes each request."""

    class Handler(Quiet):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if seen is not None:
                seen.append(self.headers.get("Authorization", ""))
            known = parts.path in answers
            self.answer(200 if known else 404, answers[parts.path](parts.query).encode() if known else b"")

    with serving(Handler) as address:
        yield address


@contextlib.contextmanager
def exporting(exporter: FakeExporter) -> Iterator[str]:
    """Serve an exporter; yield its flag."""
    routes = {"/metrics": lambda _: exporter.metrics(), "/api/v1/summary": lambda _: exporter.summary()}
    with answering(routes) as address:
        yield f"--web.listen-address={address}"


def audit(capsys: pytest.CaptureFixture[str], folder: Path, *flags: str) -> tuple[int, str, str]:
    """Return the exit status of an audit, and what it prints."""
    status = cli.main(["audit", BRIEFLY, f"--state.dir={folder}", *flags])
    told = capsys.readouterr()
    return status, told.out, told.err


def test_what_sums_up_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with exporting(FakeExporter()) as flag:
        status, out, err = audit(capsys, tmp_path, flag)
    assert (status, err) == (0, "")
    assert out.startswith("holds  energy ")
    assert "not checked: no Prometheus was asked; name one with --prometheus\n  stored_values, stored_once" in out
    assert f"stored_increase, {len(RULES)} recorded series\n" in out
    assert f"{len(CHECKS)} checks: 0 fails, " in out
    assert list(tmp_path.iterdir()) == [], "nothing is kept unless it is asked for"


def too_much(name: str) -> Callable[[str], str]:
    """Return what multiplies the series of a family by 1.01."""

    def change(text: str) -> str:
        lines = text.splitlines()
        for number, line in enumerate(lines):
            series, _, value = line.rpartition(" ")
            if series.partition("{")[0] == name:
                lines[number] = f"{series} {float(value) * 1.01!r}"
        return "\n".join((*lines, ""))

    return change


def test_an_error_stands_first_with_both_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with exporting(FakeExporter(change=too_much("ecotrack_lifetime_energy_joules"))) as flag:
        status, out, err = audit(capsys, tmp_path, flag)
        assert (status, err) == (1, "")
        assert out.startswith("fails  energy ")
        assert "-0.990%" in out.partition("\n")[0]
        status, out, _ = audit(capsys, tmp_path, flag, "--json")
    found = {one["check"]: one for one in json.loads(out)["findings"]}
    wrong = {check for check, one in found.items() if one["outcome"] == "fails"}
    assert (status, wrong) == (1, {"energy", "summary"})
    assert found["energy"]["found"] == pytest.approx(found["energy"]["told"] * 1.01)


def test_a_wider_tolerance_leaves_an_exact_sum_exact(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with exporting(FakeExporter(change=too_much("ecotrack_power_watts"))) as flag:
        _, out, _ = audit(capsys, tmp_path, flag, "--tolerance=2")
    assert [line.split()[1] for line in out.splitlines() if line.startswith("fails")] == ["bands", "summary"]


def test_what_is_kept_is_what_the_exporter_shows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = LastAudit(tmp_path)
    assert shown() is None
    with exporting(FakeExporter(change=too_much("ecotrack_lifetime_energy_joules"))) as flag:
        status, _, err = audit(capsys, tmp_path, flag, "--keep")
    assert (status, err) == (1, f"kept in {tmp_path / 'audit.json'}; a running exporter shows it\n")
    result = shown()
    assert result is not None
    assert result.fails == 2
    assert result.holds + result.fails + result.not_checked == len(CHECKS)
    assert result.differences["energy"] == pytest.approx(0.0099, abs=1e-4)
    assert result.differences["intensity"] < 1e-6
    assert not RULES.keys() & result.differences.keys(), "what was not checked has no difference"


@pytest.mark.parametrize(
    "content",
    [
        "{}",
        '{"format":"ecotrack-audit","result":{"ended":1,"holds":1,"fails":0,"not_checked":0,"differences":{"a\\u0000":0}}}',
        '{"format":"ecotrack-audit","result":{"ended":1,"holds":-1,"fails":0,"not_checked":0,"differences":{}}}',
    ],
)
def test_a_damaged_result_is_told_once_and_not_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    (tmp_path / AUDIT.name).write_text(content)
    shown = LastAudit(tmp_path)
    assert [shown(), shown()] == [None, None]
    assert [record.getMessage() for record in caplog.records] == [
        f"the last audit is not shown: audit {tmp_path / AUDIT.name}: is damaged; remove it to go on without"
    ]
    (tmp_path / AUDIT.name).unlink()
    assert shown() is None


def refused(capsys: pytest.CaptureFixture[str], *flags: str) -> str:
    """Return the one line of a mistake."""
    status = cli.main(["audit", BRIEFLY, *flags])
    told = capsys.readouterr()
    assert (status, told.out, told.err.count("\n")) == (2, "", 1)
    return told.err.removeprefix("ecotrack: ").removesuffix("\n")


def test_without_an_exporter_there_is_nothing_to_audit(capsys: pytest.CaptureFixture[str]) -> None:
    address = f"127.0.0.1:{free_port()}"
    assert refused(capsys, f"--web.listen-address={address}") == f"no exporter answered at {address}"


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("<html>", "what answers at {} is no exposition of metrics"),
        ("node_load1 0.5\n", "what answers at {} is not ecotrack"),
        *(
            (
                f"ecotrack_samples_total 1\necotrack_sample_interval_seconds {one}\n",
                "what answers at {} is not ecotrack",
            )
            for one in ("NaN", "+Inf", "0", "-7", "1e9")
        ),
    ],
)
def test_what_is_no_exporter_is_refused(capsys: pytest.CaptureFixture[str], body: str, line: str) -> None:
    with answering({"/metrics": lambda _: body}) as address:
        assert refused(capsys, f"--web.listen-address={address}") == line.format(address)


def test_an_exporter_of_the_future_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    exporter = FakeExporter()
    exporter.world.machine.clock.step(time.time() + 3600.0 - exporter.world.machine.clock.wall())
    with exporting(exporter) as flag:
        assert refused(capsys, flag).startswith("the exporter's clock is 3")


def prometheus(
    builds: list[dict[str, str]], clock: Callable[[], float] = time.time
) -> Mapping[str, Callable[[str], str]]:
    """Return the answers of a Prometheus that has these series of builds, and a clock."""

    def query(text: str) -> str:
        asked = parse_qs(text)["query"][0]
        result: list[Any] = [
            {"metric": {"__name__": "ecotrack_build_info", **one}, "value": [0, "1"]} for one in builds
        ]
        if asked == "time()":
            result = [clock(), repr(clock())]
        elif asked.startswith("{"):
            result = []
        return json.dumps({"status": "success", "data": {"result": result}})

    return {"/api/v1/query": query}


HERE, THERE = {"job": "ecotrack", "instance": "here:10110"}, {"job": "ecotrack", "instance": "there:10110"}


@pytest.mark.parametrize(
    ("builds", "flags", "line"),
    [
        ([], (), "--prometheus: no series ecotrack_build_info is stored there: does it scrape the exporter?"),
        (
            [HERE, THERE],
            (),
            "--prometheus: several exporters are stored there; name one by --instance: here:10110, there:10110",
        ),
        ([HERE, THERE], ("--instance=her",), "--instance: expected one of here:10110, there:10110, got her"),
        ([HERE], ("--job=node",), "--job: expected one of ecotrack, got node"),
        (
            [HERE, {**HERE, "job": "again"}],
            (),
            "--prometheus: it is scraped by several jobs; name one by --job: again, ecotrack",
        ),
    ],
)
def test_the_exporter_has_to_be_known_to_prometheus(
    capsys: pytest.CaptureFixture[str], builds: list[dict[str, str]], flags: tuple[str, ...], line: str
) -> None:
    with exporting(FakeExporter()) as flag, answering(prometheus(builds)) as address:
        assert refused(capsys, flag, f"--prometheus=http://{address}", *flags) == line


@pytest.mark.parametrize(("seconds", "told"), [(-90.0, "90 s behind"), (60.5, "60 s ahead of")])
def test_clocks_that_differ_are_refused(capsys: pytest.CaptureFixture[str], seconds: float, told: str) -> None:
    answers = prometheus([HERE], lambda: time.time() + seconds)
    with exporting(FakeExporter()) as flag, answering(answers) as address:
        line = refused(capsys, flag, f"--prometheus=http://{address}")
    assert line.startswith("--prometheus: its clock is ")
    assert line.endswith(f" {told.partition(' s ')[2]} this machine's; set the clocks first")


@pytest.mark.parametrize(
    "result", [[], [1], ["a", "b"], [1, "NaN"], [1, "zzz"], [{"metric": 3}], [{"metric": {}, "values": [[1, "x"]]}]]
)
def test_what_answers_as_no_prometheus_does_is_refused(capsys: pytest.CaptureFixture[str], result: list[Any]) -> None:
    body = json.dumps({"status": "success", "data": {"result": result}})
    with exporting(FakeExporter()) as flag, answering({"/api/v1/query": lambda _: body}) as address:
        line = refused(capsys, flag, f"--prometheus=http://{address}")
    assert line == "--prometheus: what answers there is no Prometheus"


@pytest.mark.parametrize("body", ["{}", json.dumps({"data": {"result": [{"metric": {}, "values": [[1, "x"]]}]}})])
def test_what_was_watched_is_checked_though_prometheus_fails_in_the_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], body: str
) -> None:
    (query,) = prometheus([HERE]).values()
    routes = {"/api/v1/query": lambda asked: body if "query=%7B" in asked else query(asked)}
    with exporting(FakeExporter()) as flag, answering(routes) as address:
        status, out, err = audit(capsys, tmp_path, flag, f"--prometheus=http://{address}")
    assert (status, err) == (0, "")
    assert out.startswith("holds  energy ")
    assert "not checked: --prometheus: " in out


def test_a_prometheus_that_stored_nothing_proves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with exporting(FakeExporter()) as flag, answering(prometheus([HERE])) as address:
        status, out, err = audit(capsys, tmp_path, flag, f"--prometheus=http://{address}")
    assert (status, err) == (0, "")
    assert (
        "not checked: no scrape found a sample that was seen; more --minutes see more of them\n  stored_values" in out
    )
    assert f"not checked: nothing is recorded: {NO_RULE}\n  {len(RULES)} recorded series\n" in out


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("prometheus", "--prometheus: expected http://HOST:PORT, with a path, and no user or password"),
        ("http://{}/prefix", "--prometheus: {} answers with status 404"),
    ],
)
def test_an_address_that_is_no_prometheus_is_refused(capsys: pytest.CaptureFixture[str], url: str, line: str) -> None:
    with exporting(FakeExporter()) as flag, answering({}) as address:
        assert refused(capsys, flag, f"--prometheus={url.format(address)}") == line.format(address)


@pytest.mark.parametrize(
    ("flags", "sent"),
    [
        (("--prometheus.user=ada",), "Basic YWRhOnNlc2FtZQ=="),
        ((), "Bearer sesame"),
    ],
)
def test_a_password_is_read_from_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: tuple[str, ...], sent: str
) -> None:
    file, seen = tmp_path / "password", list[str]()
    file.write_text("sesame\n")
    with exporting(FakeExporter()) as flag, answering(prometheus([]), seen) as address:
        refused(capsys, flag, f"--prometheus=http://{address}", f"--prometheus.password-file={file}", *flags)
    assert set(seen) == {sent}


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (("--prometheus.user=ada",), "--prometheus.user: expected --prometheus.password-file beside it"),
        (("--prometheus.password-file=/none",), "--prometheus.password-file: /none: No such file or directory"),
    ],
)
def test_a_login_that_is_not_whole_is_refused(
    capsys: pytest.CaptureFixture[str], flags: tuple[str, ...], line: str
) -> None:
    assert refused(capsys, "--prometheus=http://127.0.0.1:1", *flags) == line


@pytest.mark.parametrize("flag", ["--job=x", "--instance=x", "--prometheus.user=x", "--prometheus.password-file=x"])
def test_a_flag_of_a_prometheus_wants_one(capsys: pytest.CaptureFixture[str], flag: str) -> None:
    assert refused(capsys, flag) == f"{flag.partition('=')[0]}: expected --prometheus beside it"


@pytest.mark.parametrize("flag", ["--minutes=0", "--minutes=nan", "--minutes=x", "--tolerance=0", "--tolerance=100"])
def test_numbers_that_make_no_sense_are_refused(capsys: pytest.CaptureFixture[str], flag: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["audit", flag])
    assert (stopped.value.code, capsys.readouterr().err.count("\n")) == (2, 1)


def test_an_interruption_keeps_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("exporter.audit.cli.findings", interrupt)
    with exporting(FakeExporter()) as flag:
        assert audit(capsys, tmp_path, flag, "--keep") == (130, "", "")
    assert list(tmp_path.iterdir()) == []


def test_one_sample_is_no_audit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An exporter whose clock stands still takes no further sample."""
    exporter = FakeExporter()
    text = exporter.metrics().replace("ecotrack_sample_interval_seconds 5.0", "ecotrack_sample_interval_seconds 0.1")
    with answering({"/metrics": lambda _: text, "/api/v1/summary": lambda _: exporter.summary()}) as address:
        status, out, _ = audit(capsys, tmp_path, f"--web.listen-address={address}")
    assert status == 0
    assert "not checked: fewer than two samples of one run were seen\n  energy, emissions, intensity" in out
