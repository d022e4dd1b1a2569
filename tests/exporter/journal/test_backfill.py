"""Logs become the exporter's own counters at their times, and a real Prometheus shows what was counted."""

import random
import re
import tracemalloc
from itertools import islice, pairwise
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from exporter.cli import main
from exporter.exposition.rows import ROWS
from exporter.journal.backfill import FAMILIES, Day, DaySpan, days_of, render_day, spans_of
from exporter.journal.entry import MAX_SECONDS, Entry
from exporter.power.component import Scope
from tests.exporter.journal.logs import ECOTRACK, months, row, write_journal
from tests.exporter.journal.test_journal import journaled
from tests.exporter.journal.test_report import ENTRIES
from tests.fake_clock import NOON
from tests.processes import program, running_prometheus
from tests.prometheus.stack import Quiet, serving

LABELS = ("--label", "job=ecotrack", "--label", "instance=laptop:10110")


def final(days: list[Day]) -> dict[str, float]:
    """Return the last value of each counter, by family and labels."""
    return {" ".join(series): value for series, value in days[-1].samples[-1][1].items()} if days else {}


@given(entries=ENTRIES)
def test_counters_begin_at_zero_never_fall_and_end_at_the_sum(entries: list[Entry]) -> None:
    short = [one._replace(seconds=min(one.seconds, 7200.0)) for one in entries]
    days = list(days_of(short))
    samples = [sample for day in days for sample in day.samples]
    assert [at for at, _ in samples] == sorted({at for at, _ in samples})
    assert all(value == 0.0 for _, counters in samples[:1] for value in counters.values())
    for (_, before), (_, after) in pairwise(samples):
        assert before.keys() == after.keys()
        assert all(after[series] >= value for series, value in before.items())
    told = final(days)
    for scope, component in ((Scope.HOST, "rest"), (Scope.NETWORK, "network")):
        kwh = sum(one.kwh for one in entries if one.host is (scope is Scope.HOST))
        got = told.get(f'ecotrack_energy_joules component="{component}",scope="{scope}"', 0.0)
        assert got == pytest.approx(kwh * 3.6e6, abs=1e-3)


@given(entries=ENTRIES, order=st.randoms(use_true_random=False))
def test_the_order_of_the_entries_does_not_change_one_bit(entries: list[Entry], order: random.Random) -> None:
    short = [one._replace(at=round(one.at, -2), seconds=min(one.seconds, 7200.0)) for one in entries]
    turned = order.sample(short, len(short))
    assert list(days_of(turned)) == list(days_of(short))


@pytest.mark.slow
@given(entries=ENTRIES)
def test_the_spans_are_those_of_the_days(entries: list[Entry]) -> None:
    short = [one._replace(seconds=min(one.seconds, 100_000.0)) for one in entries]
    meant = [DaySpan(day=one.day, first=one.samples[0][0], last=one.samples[-1][0]) for one in days_of(short)]
    assert list(spans_of(short)) == meant


@pytest.mark.slow
def test_runs_of_years_take_no_memory_for_each_of_their_minutes() -> None:
    runs = [Entry(NOON + number, MAX_SECONDS, 1.0, 1.0, None, "", host=True) for number in range(50)]
    tracemalloc.start()
    try:
        days = list(islice(days_of(runs), 3))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [len(one.samples) > 100 for one in days] == [True] * 3
    assert peak < 10e6


def test_the_names_and_labels_are_those_of_the_live_exporter() -> None:
    live = {row.name: row.labels for row in ROWS}
    days = list(days_of([Entry(NOON, 60.0, 1.0, 1.0, 5.0, "download", host) for host in (True, False)]))
    written = {series for _, counters in days[0].samples for series in counters}
    assert {family for family, _ in written} == set(FAMILIES)
    for family, labels in written:
        assert set(re.findall(r'(\w+)="', labels)) == set(live[f"{family}_total"])


def test_a_day_is_openmetrics_whatever_its_labels_hold() -> None:
    (day,) = days_of([Entry(NOON, 60.0, 1.0, None, 5.0, "download", host) for host in (True, False)])
    text = render_day(day, {"job": 'a "b"\\c\nd', "instance": "x"})
    families = {family.name: family for family in text_string_to_metric_families(text)}  # type: ignore[no-untyped-call] # no types
    # Of emissions that nobody knows there is no series.
    assert families.keys() == {"ecotrack_energy_joules", "ecotrack_activity_seconds", "ecotrack_activity_bytes"}
    assert {sample.labels["job"] for sample in families["ecotrack_energy_joules"].samples} == {'a "b"\\c\nd'}


def test_the_same_logs_give_the_same_files_in_any_order_and_the_command_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = list(months(NOON, 3 * 1440))
    older = write_journal(tmp_path / "journal-1.csv", rows[: len(rows) // 2])
    newer = write_journal(tmp_path / "journal.csv", rows[len(rows) // 2 :])
    for folder, logs in (("a", (older, newer)), ("b", (newer, older)), ("a", (older, newer))):
        assert main(["backfill", *map(str, logs), f"--output={tmp_path / folder}", *LABELS]) == 0
    first, second = (sorted((tmp_path / folder).iterdir()) for folder in ("a", "b"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert [path.name for path in first] == [f"ecotrack-2026-03-0{day}.om" for day in range(2, 6)]
    printed = capsys.readouterr().out.splitlines()[-1]
    assert f"for file in {tmp_path}/a/ecotrack-*.om; do promtool tsdb create-blocks-from openmetrics" in printed


MISTAKES = [
    (["journal.csv"], "ecotrack backfill: the following arguments are required: --output; see --help"),
    (["journal.csv", "--output=out"], "ecotrack: --label: expected job and instance"),
    (["journal.csv", "--output=out", "--label=job"], "ecotrack backfill: argument --label: expected NAME=VALUE"),
    (["journal.csv", "--output=out", "--label=scope=x"], "ecotrack backfill: argument --label: the label scope is the"),
    (["journal.csv", "--output=out", *LABELS, "--label=job=x"], "ecotrack: --label: expected each name once"),
    (
        ["journal.csv", "--output=out", "--label=job=\udcff"],
        "ecotrack backfill: argument --label: the value of job is no",
    ),
    (
        ["journal.csv", "./journal.csv", "--output=out", *LABELS],
        "ecotrack: journal.csv: is the same file as journal.csv",
    ),
    (["empty.csv", "--output=out", *LABELS], "ecotrack: nothing to backfill: the files hold no row that is whole"),
    (["journal.csv", "--output=journal.csv/a", *LABELS], "ecotrack: --output: journal.csv/a: cannot be written: Not a"),
    (
        ["journal.csv", "--output=strange", *LABELS],
        "ecotrack: --output: strange: holds ecotrack-2020-01-01.om, of other",
    ),
    (["journal.csv", "--output=out", *LABELS, "--prometheus=file:///etc"], "ecotrack: --prometheus: expected http://"),
    (["journal.csv", "--output=out", *LABELS, "--prometheus=http://[::1"], "ecotrack: --prometheus: expected http://"),
    (
        ["journal.csv", "--output=out", *LABELS, "--prometheus=http://a:99999"],
        "ecotrack: --prometheus: expected http://",
    ),
    (
        ["journal.csv", "--output=out", *LABELS, "--prometheus=http://me:pw@a"],
        "ecotrack: --prometheus: expected http://",
    ),
    (
        ["journal.csv", "--output=out", *LABELS, "--prometheus=http://127.0.0.1:9"],
        "ecotrack: --prometheus: 127.0.0.1:9 cannot be asked: Connection refused",
    ),
]


@pytest.mark.parametrize(("arguments", "line"), MISTAKES, ids=[line for _, line in MISTAKES])
def test_a_mistake_is_told_in_one_line_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_journal(Path("journal.csv"), [row(NOON)])
    write_journal(Path("empty.csv"), [])
    Path("strange").mkdir()
    Path("strange/ecotrack-2020-01-01.om").touch()
    try:
        status = main(["backfill", *arguments])
    except SystemExit as stopped:
        status = int(stopped.code or 0)
    out, err = capsys.readouterr()
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(line)
    assert "pw" not in err
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("status", "body", "line"),
    [
        (200, b'{"data": {"result": [{"value": [1, "2"]}]}}', "already has samples of 2026-03-02 under these labels"),
        (503, b"", "answers with status 503"),
        (200, b"<html>", "what answers there is no Prometheus"),
        (200, b'{"data": 5}', "what answers there is no Prometheus"),
        (200, b'{"data": {"result": []}}', None),
    ],
)
def test_a_prometheus_that_has_the_time_or_says_nothing_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], status: int, body: bytes, line: str | None
) -> None:
    handler = type("Handler", (Quiet,), {"do_GET": lambda self: self.answer(status, body)})
    path = write_journal(tmp_path / "journal.csv", [row(NOON)])
    with serving(handler) as address:
        arguments = ["backfill", str(path), f"--output={tmp_path / 'out'}", *LABELS, f"--prometheus=http://{address}"]
        assert main(arguments) == (0 if line is None else 2)
    if line is not None:
        err = capsys.readouterr().err
        assert line in err
        assert err.count("\n") == 1
    assert (tmp_path / "out").exists() == (line is None)


def test_without_promtool_the_files_are_written_and_the_lack_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    path = write_journal(tmp_path / "journal.csv", [row(NOON)])
    assert main(["backfill", str(path), f"--output={tmp_path / 'out'}", *LABELS, f"--promtool={tmp_path}"]) == 2
    assert "promtool is not installed" in capsys.readouterr().err.splitlines()[-1]
    assert list((tmp_path / "out").iterdir())


@pytest.mark.servers
def test_a_prometheus_shows_what_the_exporter_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program("promtool")
    with journaled(tmp_path / "journal") as made:
        for number in range(12 * 60 * 3):
            made.sample_after(5.0, utilization=number % 100 / 100.0, bytes_per_second=1e6 * (number % 200 > 100))
    exported = made.now.totals.exported
    (tmp_path / "ecotrack_log.csv").write_text(ECOTRACK)
    data, config = tmp_path / "prometheus-data", tmp_path / "prometheus.yml"
    config.write_text("global: {}\n")
    journal = [str(tmp_path / "journal/journal.csv"), f"--output={tmp_path / 'out'}", *LABELS]
    foreign = [
        *(str(tmp_path / "ecotrack_log.csv"), f"--output={tmp_path / 'foreign'}", "--time-zone=UTC"),
        *("--label=job=ecotrack", "--label=instance=old"),
    ]
    for arguments in (journal, foreign, journal):
        # The third time changes nothing.
        assert main(["backfill", *arguments, f"--promtool={data}"]) == 0
    with running_prometheus(config, tmp_path, "--storage.tsdb.retention.time=100y") as url:

        def value(query: str) -> float:
            at = {"query": query, "time": str(NOON + 3 * 3600.0)}
            (found,) = requests.get(f"{url}/api/v1/query", params=at, timeout=240).json()["data"]["result"]
            return float(found["value"][1])

        for scope in Scope:
            chosen = f'{{job="ecotrack",instance="laptop:10110",scope="{scope}"}}'
            energy = sum(spent for component, spent in exported.energy.items() if component.scope is scope)
            grams = sum(amount for component, amount in exported.emissions.items() if component.scope is scope)
            assert value(f"ecotrack_energy_joules_total{chosen}") == pytest.approx(energy, rel=1e-6)
            assert value(f"ecotrack_emissions_grams_total{chosen}") == pytest.approx(grams, rel=1e-6)
            seen = value(f"count_over_time(ecotrack_energy_joules_total{chosen}[4h])")
            assert 180 <= seen <= 190
        moved = 'sum(ecotrack_activity_bytes_total{instance="laptop:10110"})'
        judged = sum(one.transferred_bytes for one in exported.activities.values())
        assert value(moved) == pytest.approx(judged)
        old = 'max_over_time(ecotrack_emissions_grams_total{instance="old"}[4h])'
        assert value(old) == pytest.approx(42.75)
        capsys.readouterr()
        assert main(["backfill", *journal, f"--prometheus={url}"]) == 2
        assert "already has samples of 2026-03-02 under these labels" in capsys.readouterr().err
        other = [*journal[:2], "--label=job=ecotrack", "--label=instance=new"]
        assert main(["backfill", *other, f"--prometheus={url}"]) == 0
