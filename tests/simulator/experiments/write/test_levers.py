"""The value of each lever and the Pareto front, as those who read the files find them."""

import csv
import io
import json
import re
from pathlib import Path

import msgspec

from simulator.experiments.find.results import Results
from simulator.experiments.plan.levers import PLACER
from simulator.experiments.write.sections.levers import headline
from simulator.run.job import Job, RunResult
from tests.simulator.experiments.fake_simulation import fake, files_of, request


def planted(job: Job) -> RunResult:
    """Return figures in which sleep takes 100 g, DVFS has no effect, and place and move help each other by 8 g each."""
    method, common = job.method, 400.0 + 50.0 * job.seed
    signs = {name: 1.0 if on else -1.0 for name, on in (("sleep", method.sleep), ("move", method.move))}
    place = 1.0 if method.policy == PLACER else -1.0
    grams = common - 50.0 * signs["sleep"] - (4.0 + 0.1 * job.seed) * place * signs["move"]
    share = 0.01 - 0.001 * place + 0.0001 * (job.seed % 3)
    dollars = 0.02 + 0.001 * signs["move"]
    return msgspec.structs.replace(
        fake(job), emissions_grams=grams, deadline_miss_ratio=share, cost_dollars=dollars, energy_joules=3.6e6
    )


def found(folder: Path, **changes: object) -> dict[str, str]:
    asked = request(folder, experiment="factorial", scenario="regions", replications=4, **changes)
    return {name: content.decode() for name, content in files_of(asked, planted).items() if not name.endswith("png")}


def test_the_report_tells_effects_with_their_signs_and_sums_of_what_cannot_be_told_apart(tmp_path: Path) -> None:
    report = found(tmp_path)["report.md"]
    assert "**Carbon emissions by lever: `sleep` -100 ± 0 g (" in report
    assert (
        "Not shown to change them: `place`, `dvfs`, `batteries`, `shift`, `move`.\n"
        "Interactions of two levers: `place \u00d7 move + dvfs \u00d7 sleep + compression \u00d7 batteries` -8."
        in report
    )
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in report.splitlines() if line.startswith("| ")}
    assert re.fullmatch(r"\| sleep \| \*\*-100 ± 0\*\* \| -19\.\d ± .* \| 0 ± 0 \| 0 ± 0 \| 0 ± 0 \|", rows["sleep"])
    assert "**-0.2 ± 0**" in rows["place"]
    assert "**0.002 ± 0**" in rows["move"]
    assert "fraction of resolution IV: `shift` is place \u00d7 dvfs \u00d7 compression; " in report
    assert "On this scenario `compression` can change nothing" in report


def test_the_full_design_tells_every_interaction_apart(tmp_path: Path) -> None:
    report = found(tmp_path, full=True)["report.md"]
    assert "Interactions of two levers: `place \u00d7 move` -8." in report
    assert "The runs are all of the 2^7: every interaction is told apart from all others." in report
    assert "The 35 interactions of three levers: none is certain" in report
    assert " + " not in report[report.index("## Value") : report.index("## Emissions")]


def test_effects_csv_and_the_table_hold_what_the_results_hold(tmp_path: Path) -> None:
    files = found(tmp_path)
    results = msgspec.json.decode(files["results.json"], type=Results)
    assert not isinstance(results.factorial, msgspec.UnsetType)
    effects = [*results.factorial.effects, *results.factorial.higher]
    lines = list(csv.DictReader(io.StringIO(files["effects.csv"])))
    assert len(lines) == len(effects) == 60
    for line, one in zip(lines, effects, strict=True):
        assert line["effect"].split("+")[0].split(":") == one.factors
        assert float(line["difference"]) == one.difference.mean
        assert float(line["p_adjusted"]) == one.adjusted
    (table,) = files["table.tex"].split(r"\caption")[2:]
    for one in results.factorial.effects[:7]:
        assert f"\n{one.factors[0]}" in table.replace(r"\allowbreak{}", "")


def test_a_full_design_takes_over_the_runs_of_the_fraction(tmp_path: Path) -> None:
    found(tmp_path)
    ran = []

    def counted(job: Job) -> RunResult:
        ran.append(job.method.name)
        return planted(job)

    asked = request(tmp_path, experiment="factorial", scenario="regions", replications=4, full=True)
    files = files_of(asked, counted)
    assert len(ran) == (128 - 16) * 4
    assert json.loads(files["results.json"])["factorial"]["design"] == "2^7"


def test_every_comparison_has_its_front(tmp_path: Path) -> None:
    for experiment, scenario in (("factorial", "regions"), ("baseline", "edge"), ("baseline", "published")):
        asked = request(tmp_path, experiment=experiment, scenario=scenario, replications=3)
        files = files_of(asked, planted if experiment == "factorial" else fake)
        results = msgspec.json.decode(files["results.json"], type=Results)
        on = [one for one in results.front if one.on_front]
        assert [one.method for one in results.front] == [one.method for one in results.estimates]
        report = files["report.md"].decode()
        told = report[report.index("## Pareto front") : report.index("## Results")]
        assert re.search(f"Of {len(results.front)} methods {len(on)} (is|are) on the front", told)
        assert told.count("\n| ") == len(on) + 1
        for one in on:
            assert f"\n| {one.method}" in told


def test_results_without_a_factorial_have_no_lines_of_it(tmp_path: Path) -> None:
    files = files_of(request(tmp_path))
    results = msgspec.json.decode(files["results.json"], type=Results)
    assert list(headline(results)) == []
    assert "effects.csv" not in files
    assert "factorial" not in json.loads(files["results.json"])


def test_a_lever_that_can_change_nothing_is_no_answer(tmp_path: Path) -> None:
    """On one site nothing moves: what its row holds are three others, here those of which move takes the place."""

    def three(job: Job) -> RunResult:
        on = (job.method.policy == PLACER, job.method.compression, job.method.batteries)
        sign = 1.0 if sum(on) % 2 else -1.0
        return msgspec.structs.replace(fake(job), emissions_grams=400.0 + job.seed + 20.0 * sign)

    asked = request(tmp_path, experiment="factorial", scenario="edge", replications=3)
    report = files_of(asked, three)["report.md"].decode()
    assert "**Carbon emissions by lever: no change is certain.**" in report
    assert "`move`" not in report[: report.index("## Methods")]
    assert re.search(r"\| move \| \*\*40 ± 0", report)
