"""The files of an experiment, as those who read them find them."""

import csv
import io
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from simulator.experiments.find.estimates import MEASURES, load_shown_results
from simulator.experiments.find.statistics import Interval
from simulator.experiments.runner import run_experiment
from simulator.experiments.write.display import plain, with_half_width
from simulator.experiments.write.medium import REPORT
from simulator.experiments.write.openmetrics import to_openmetrics
from simulator.experiments.write.pictures import write_plots
from simulator.experiments.write.plots.bars import BARS
from simulator.experiments.write.plots.scaling import scaling
from simulator.experiments.write.sections.published import ACCOUNTS
from simulator.published.figures import LEDGER_REMARK, SCALING_REMARK
from simulator.run.job import Job, RunResult
from tests.processes import program, series
from tests.simulator.experiments.fake_simulation import fake, files_of, punctual, request, unseen
from tests.simulator.live.golden_snapshot import golden_snapshot, rendered


def report_of(folder: Path, **changes: object) -> str:
    return files_of(request(folder, **changes))["report.md"].decode()


def test_figures_carry_the_digits_that_their_interval_supports() -> None:
    assert with_half_width(Interval(mean=28.2345, low=27.8845, high=28.5845)) == "28.23 ± 0.35"
    assert with_half_width(Interval(mean=1234.5, low=1111.5, high=1357.5)) == "1,234 ± 123"
    assert with_half_width(Interval(mean=-0.0001, low=-0.1001, high=0.0999)) == "0.00 ± 0.10"
    assert with_half_width(Interval(mean=0.5, low=0.5, high=0.5), 100.0) == "50 ± 0"
    assert with_half_width(Interval(mean=3.72e-6, low=3.21e-6, high=4.23e-6)) == "(3.72 ± 0.51) \u00d7 10⁻⁶"
    assert with_half_width(Interval(mean=0.0, low=-2e-9, high=2e-9)) == "(0.0 ± 2.0) \u00d7 10⁻⁹"
    assert [plain(value) for value in (0.0, 0.0281, 10866.0, 200.0, 4e-16)] == ["0", "0.0281", "10,866", "200", "0"]


def test_runs_csv_holds_every_figure_of_every_run(tmp_path: Path) -> None:
    files = files_of(request(tmp_path))
    lines = list(csv.DictReader(io.StringIO(files["runs.csv"].decode())))
    document = json.loads(files["results.json"])
    assert len(lines) == sum(len(case["runs"]) for case in document["cases"]) == 27
    first = document["cases"][0]["runs"][0]
    assert (lines[0]["method"], lines[0]["seed"]) == ("full", "1")
    assert float(lines[0]["energy_joules"]) == first["figures"]["energy_joules"]
    # The fake has no 95th percentile: missing, never zero.
    assert "latency_p95_seconds" not in lines[0]


def test_summary_csv_agrees_with_the_results(tmp_path: Path) -> None:
    files = files_of(request(tmp_path, scenario="published", experiment="baseline"))
    lines = {(one["method"], one["measure"]): one for one in csv.DictReader(io.StringIO(files["summary.csv"].decode()))}
    for estimated in json.loads(files["results.json"])["outcomes"]:
        for measure, estimate in estimated["metrics"].items():
            line = lines.pop((estimated["method"], measure))
            assert float(line["mean"]) == estimate["mean"]
            published = estimate.get("published")
            assert line["published"] == ("" if published is None else repr(published))
    assert lines == {}


def test_results_say_what_they_depend_on(tmp_path: Path) -> None:
    made = json.loads(files_of(request(tmp_path))["results.json"])["provenance"]
    assert made["versions"].keys() == {"python", "numpy", "numba", "scipy", "pvlib"}
    assert all(len(text) == 64 for name, text in made.items() if name not in {"versions", "program"})


@pytest.mark.parametrize("name", ["report.md", "summary.csv", "table.tex", "metrics.om"])
def test_every_reader_sees_both_digests(tmp_path: Path, name: str) -> None:
    files = files_of(request(tmp_path, experiment="baseline"))
    made = json.loads(files["results.json"])["provenance"]
    assert made["inputs"].encode() in files[name]
    assert made["environment"].encode() in files[name]


@pytest.mark.slow
def test_no_picture_of_other_results_stays_in_the_folder(tmp_path: Path) -> None:
    """Its changes would be those from another reference, beside a report that does not say so."""
    _, results = run_experiment(request(tmp_path / "runs", methods=("without-dvfs",)), unseen, fake)
    old = ("intervals.pdf", "front-wide.pdf", "radar.png", "effects.pdf", "paper.pdf")
    for name in old:
        (tmp_path / name).write_bytes(b"old")
    named = write_plots(tmp_path, results, [REPORT])
    pictures = {path.name for path in tmp_path.iterdir() if path.is_file()}
    assert pictures == {*named, "intervals.pdf", "front-wide.pdf", "paper.pdf"}
    still = {name for name in pictures if (tmp_path / name).read_bytes() == b"old"}
    assert still == {"paper.pdf"}


def test_few_replications_are_warned_of(tmp_path: Path) -> None:
    assert "**Warning**: fewer than 30 replications" in report_of(tmp_path / "few", replications=3)
    assert "**Warning**" not in report_of(tmp_path / "enough", replications=30)


def test_the_report_tells_both_accounts(tmp_path: Path) -> None:
    for scenario in ("edge", "published"):
        assert ACCOUNTS in report_of(tmp_path, scenario=scenario, experiment="baseline")
    assert "idle energy is 50% of the energy consumed under `full`" in report_of(tmp_path)


@pytest.mark.parametrize(
    ("experiment", "row"),
    [("baseline", r"\| full \| Energy \| .* \| -73.67 \|"), ("ablation", r"\| without-dvfs \| Energy \| .* \| 18 \|")],
)
def test_the_physical_account_stands_beside_the_published_one(tmp_path: Path, experiment: str, row: str) -> None:
    accounts = report_of(tmp_path, experiment=experiment).partition("## Published and physical accounts")[2]
    assert re.search(row, accounts)
    assert LEDGER_REMARK in accounts


def test_published_figures_stand_beside_with_their_remarks(tmp_path: Path) -> None:
    baseline = report_of(tmp_path, scenario="published", experiment="baseline")
    standard = [line for line in baseline.splitlines() if line.startswith("| standard | Energy")]
    assert any("| 28.1 | 28.2 |" in line for line in standard)
    assert LEDGER_REMARK in report_of(tmp_path, scenario="published", experiment="ablation")
    assert SCALING_REMARK in report_of(tmp_path, scenario="published", experiment="scaling")


def test_other_workloads_do_not_stand_beside_published_figures(tmp_path: Path) -> None:
    files = files_of(request(tmp_path, scenario="published", experiment="baseline", tasks=5000))
    assert "Beside the published figures" not in files["report.md"].decode()
    assert b'statistic="published"' not in files["metrics.om"]


def test_of_single_nodes_only_the_best_is_told(tmp_path: Path) -> None:
    report = report_of(tmp_path, experiment="peers")
    assert "`best-single-node` is `single-node:" in report
    assert "| single-node:" not in report


@pytest.mark.slow
@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize(
    ("experiment", "more"),
    [
        ("baseline", {"differences", "intervals", "front", "radar"}),
        ("ablation", {"ablation", "intervals", "front"}),
        ("peers", {"differences", "intervals", "front"}),
        ("scaling", {"scaling"}),
    ],
)
@pytest.mark.parametrize("scenario", ["edge", "published"])
def test_pictures_are_drawn_and_shown(tmp_path: Path, experiment: str, scenario: str, more: set[str]) -> None:
    files = files_of(request(tmp_path, experiment=experiment, scenario=scenario, replications=2))
    drawn = {name.removesuffix(".png") for name in files if name.endswith(".png")}
    expected = more if experiment == "scaling" else more | BARS.keys()
    if scenario == "published":
        expected -= {"regret", "gap"}
    assert drawn == expected
    assert all(files[f"{name}.png"].startswith(b"\x89PNG") for name in drawn)
    report = files["report.md"].decode()
    assert all(f"]({name}.png)" in report for name in drawn)


def test_what_is_zero_throughout_has_no_picture(tmp_path: Path) -> None:
    folder, _ = run_experiment(request(tmp_path, experiment="baseline"), unseen, punctual)
    assert (folder / "energy.png").exists()
    assert not (folder / "misses.png").exists()
    assert "misses.png" not in (folder / "report.md").read_text(encoding="utf-8")


def nearly_level(job: Job) -> RunResult:
    """Return figures whose latency hardly depends on the number of tasks."""
    return msgspec.structs.replace(fake(job), latency_seconds=0.3 + 1e-8 * (job.tasks or 0))


def test_no_point_of_the_scaling_picture_is_cut_off(tmp_path: Path) -> None:
    _, results = run_experiment(request(tmp_path, experiment="scaling", scenario="published"), unseen, nearly_level)
    panels = [axes for axes in scaling(results, REPORT).axes if axes.get_visible()]
    assert panels
    for axes in panels:
        highest = max(float(np.max(line.get_ydata())) for line in axes.lines)
        assert axes.get_ylim()[1] >= 1.05 * highest


@pytest.mark.servers
def test_prometheus_takes_the_metrics_at_simulated_time(tmp_path: Path) -> None:
    promtool = program("promtool")
    asked = request(tmp_path, experiment="peers")
    folder, results = run_experiment(asked, unseen, fake)
    command = [
        promtool,
        "tsdb",
        "create-blocks-from",
        "openmetrics",
        str(folder / "metrics.om"),
        str(tmp_path / "tsdb"),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    # `dump` wants a write-ahead log, which a folder of blocks alone does not have.
    (tmp_path / "tsdb" / "wal").mkdir()
    dumped = subprocess.run(
        [promtool, "tsdb", "dump", str(tmp_path / "tsdb")], check=True, capture_output=True, text=True, timeout=240
    ).stdout.splitlines()
    estimates = sum(len(estimated.by_measure) for estimated in results.estimates)
    changes = sum(one.relative is not None for one in results.comparisons)
    served = len(results.estimates) - 1 - len(results.service_not_shown)
    assert len(dumped) == 1 + 3 * estimates + 3 * changes + served + len(results.front)
    # What a scrape would have added, or no board finds the series.
    assert all('instance="experiments"' in line and 'job="ecochain"' in line for line in dumped)
    # The end of 21 March 2025, five hours west of Greenwich: the day before it warms up.
    assert {line.split()[-1] for line in dumped} == {"1742619600000"}


def test_the_exposition_names_every_measured_family_once(tmp_path: Path) -> None:
    _, results = run_experiment(request(tmp_path, scenario="published", experiment="baseline"), unseen, fake)
    lines = to_openmetrics(results).splitlines()
    names = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    measured = {measure for estimated in results.estimates for measure in estimated.by_measure}
    gauges = [f"ecochain_experiment_{one.name}" for one in MEASURES if one.name in measured]
    told = ["ecochain_experiment_serves_less", "ecochain_experiment_front"]
    assert names == ["ecochain_experiment", *gauges, "ecochain_experiment_change_ratio", *told]
    assert lines[-1] == "# EOF"
    assert sum('statistic="published"' in line for line in lines) == 20


def test_files_hold_the_series_that_a_run_exports(tmp_path: Path) -> None:
    folder, _ = run_experiment(request(tmp_path, experiment="baseline"), unseen, fake)
    kept = golden_snapshot()
    snapshot = replace(kept, facts=replace(kept.facts, shown=tuple(load_shown_results(folder))))
    exported = {
        name: value
        for name, value in series(rendered(snapshot, openmetrics=False).decode()).items()
        if name.startswith("ecochain_experiment_")
    }
    text = (folder / "metrics.om").read_text(encoding="utf-8")
    text = text.replace(',job="ecochain"', "").replace(',instance="experiments"', "")
    written = series("".join(f"{line.rpartition(' ')[0]}\n" for line in text.splitlines() if line[0] != "#"))
    assert written == pytest.approx(exported)
    assert len(written) > 100
