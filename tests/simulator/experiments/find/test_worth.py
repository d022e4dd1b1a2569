"""The worth of forecasts, of runs made up so that the answer is known; and the seeds that a pilot asks for."""

import re
from pathlib import Path
from typing import cast

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]

from exporter.core.config import ConfigError
from simulator.experiments.find.results import Results, results_of
from simulator.experiments.find.statistics import Interval, pairs_needed, ratio_of_means
from simulator.experiments.find.worth import Worth, load_pilot
from simulator.experiments.plan.catalogue import EXPERIMENTS
from simulator.experiments.plan.request import check
from simulator.experiments.run.provenance import provenance_of
from simulator.experiments.run.work import Simulate, figures_of
from simulator.experiments.write.report import report
from simulator.run.job import Job, RunResult
from tests.simulator.experiments.fake_simulation import fake, request
from tests.simulator.scenario.scenarios import edge

SAVED = {"perfect": 0.2, "best": 0.1, "supply-perfect": -0.05, "intensity-perfect": 0.04, "intensity-best": 0.01}
"""Grams that forecasters save beside convex, over those of convex; all others cost a tenth."""


def saving(job: Job) -> RunResult:
    """Return figures whose grams differ by the method as SAVED says, and a little by chance."""
    convex = fake(msgspec.structs.replace(job, method=msgspec.structs.replace(job.method, name="convex")))
    saved = 0.0 if job.method.name == "convex" else SAVED.get(job.method.name, -0.1)
    noise = 0.005 * float(np.random.default_rng((job.seed, len(job.method.name))).normal())
    noise *= job.method.name != "convex"
    return msgspec.structs.replace(convex, emissions_grams=convex.emissions_grams * (1.0 - saved + noise))


def earning_nothing(job: Job) -> RunResult:
    """Return the same figures for every method, but for chance."""
    noise = 0.01 * float(np.random.default_rng((job.seed, len(job.method.name))).normal())
    convex = fake(msgspec.structs.replace(job, method=msgspec.structs.replace(job.method, name="convex")))
    return msgspec.structs.replace(convex, emissions_grams=convex.emissions_grams * (1.0 + noise))


def found_by(simulate: Simulate, folder: Path, **changes: object) -> Results:
    """Return the results of an experiment, and keep what a pilot needs of them; pictures are drawn elsewhere."""
    asked = request(folder, **{"experiment": "forecasts", "replications": 12} | changes)
    check(asked)
    made = provenance_of(asked.scenario)
    pilot = None if asked.pilot is None else load_pilot(asked, made)
    runs = [[figures_of(simulate(cast("Job", case.seeded(seed)))) for seed in asked.seeds] for case in asked.cases]
    results = results_of(asked, asked.cases, runs, made, pilot)
    asked.folder.mkdir(parents=True)
    (asked.folder / "results.json").write_bytes(msgspec.json.encode(results))
    return results


def test_a_share_of_perfect_is_given_where_perfect_is_known_to_save(tmp_path: Path) -> None:
    worth = found_by(saving, tmp_path).worth
    assert isinstance(worth, Worth)
    shares = {one.method: one for one in worth.shares}
    best, apart = shares["best"].of_perfect, shares["intensity-best"].of_perfect
    assert best is not None
    assert apart is not None
    assert best.low < 0.5 < best.high
    assert apart.low < 0.25 < apart.high
    # Perfect forecasts of supply cost more here, of which nothing is a share, as of itself.
    assert [shares[name].of_perfect for name in ("supply-best", "perfect", "supply-perfect")] == [None] * 3
    assert shares["best"].difference.high < 0.0 < shares["none"].difference.low


def paragraphs(results: Results) -> list[str]:
    """Return the first paragraphs of a report, below its title."""
    return report(results, []).split("\n\n")[1:5]


def test_the_first_lines_say_who_saves_and_if_nobody_does(tmp_path: Path) -> None:
    whole, beside, shifting, against = paragraphs(found_by(saving, tmp_path / "a"))
    # Beside convex, grams are 1.1 times as many where what was observed is repeated, and 0.8 with perfect forecasts:
    # these save 0.3 / 1.1, and convex saves 0.1 / 0.3 of that.
    part = r"27[.]\d+ ± \S+%"
    assert re.match(
        rf"[*]{{2}}To know the future saves {part} of all grams under `rolling-horizon` [(]{part} of those of `least-",
        whole,
    )
    assert re.search(
        r"[*]{2} Of that the convex combination reaches 33[.]?\d* ± \S+%[.] Climatology alone changes n", whole
    )
    assert beside.startswith("**Fewer grams than with `convex`: `best` -10.")
    assert "More grams: `unlearnt`" in beside
    assert "least-loaded" not in beside
    assert "shifting" not in beside
    assert re.match(
        r"[*]{2}To know the future saves nothing certain .* ± \S+% of all grams under `shifting` [(]", shifting
    )
    assert against.startswith("**`convex` emits less than `least-loaded` (")
    nothing = paragraphs(found_by(earning_nothing, tmp_path / "b"))
    assert nothing[0].startswith("**To know the future saves nothing certain beside repeating what was observed: ")
    assert nothing[1].startswith("**No forecaster earns anything here beside `convex` that 12 seeds make certain; perf")


@pytest.mark.parametrize(
    ("saved", "first", "then"),
    [
        # What the convex combination costs, or climatology, leads; so does a future that is worth nothing.
        (
            {"unlearnt": 0.1, "climatology": 0.1, "perfect": 0.2},
            "Of what the future would save under `rolling-horizon`, the conv",
            "To know",
        ),
        (
            {"climatology": -0.3, "perfect": 0.2},
            "Climatology alone harms under `rolling-horizon`, beside rep",
            "To know",
        ),
        ({"perfect": -0.3}, "To know the future saves nothing beside repeating what was observed: -", ""),
        # What no model earns beside convex comes before what the future would save.
        ({"perfect": 0.2}, "No forecaster earns anything here beside `convex` that 12 seeds make certain; to know", ""),
    ],
)
def test_a_negative_answer_leads(tmp_path: Path, saved: dict[str, float], first: str, then: str) -> None:
    def told(job: Job) -> RunResult:
        convex = fake(msgspec.structs.replace(job, method=msgspec.structs.replace(job.method, name="convex")))
        noise = 0.003 * float(np.random.default_rng((job.seed, len(job.method.name))).normal())
        part = 1.0 - saved.get(job.method.name, -0.1 if job.method.name != "convex" else 0.0) + noise
        return msgspec.structs.replace(convex, emissions_grams=convex.emissions_grams * part)

    leading = paragraphs(found_by(told, tmp_path))[0]
    assert leading.startswith(f"**{first}")
    assert re.search(r"[.][*]{2} " + then, leading) is not None or not then


def test_the_worth_of_all_grams_is_told_by_policy(tmp_path: Path) -> None:
    results = found_by(saving, tmp_path)
    assert isinstance(results.worth, Worth)
    assert [one.policy for one in results.worth.whole] == ["rolling-horizon", "shifting"]
    planner, shifting = results.worth.whole
    assert planner.perfect is not None
    assert planner.convex is not None
    assert planner.climatology is not None
    assert planner.of_reference is not None
    assert planner.perfect.low < 0.3 / 1.1 < planner.perfect.high
    assert planner.convex.low < 1 / 3 < planner.convex.high
    assert planner.climatology.holds_zero
    # Least-loaded emits 1.1 times as much as convex here, too.
    assert planner.of_reference.low < 0.3 / 1.1 < planner.of_reference.high
    # Under shifting perfect forecasts save nothing here, of which nothing is a part.
    assert shifting.perfect is not None
    assert shifting.perfect.holds_zero
    assert shifting.convex is None
    shares = {one.method: one.of_perfect for one in results.worth.shares}
    assert shares["shifting-convex"] is shares["least-loaded"] is None
    assert "| `shifting` | " in report(results, [])


def test_of_a_policy_that_is_told_only_what_was_observed_the_first_lines_say_nothing(tmp_path: Path) -> None:
    results = found_by(saving, tmp_path, methods=("perfect", "shifting-unlearnt"))
    assert isinstance(results.worth, Worth)
    assert [one.policy for one in results.worth.whole] == ["shifting"]
    beside, verdict, *_ = paragraphs(results)
    assert beside.startswith("**No forecaster earns anything here beside `convex`")
    assert verdict.startswith("**`convex` emits less than `shifting-unlearnt` ")
    assert "| `shifting` | - | - | - | - |" in report(results, [])


def test_a_pilot_of_other_seeds_says_how_many_are_needed(tmp_path: Path) -> None:
    found_by(saving, tmp_path / "pilot", seed=101, replications=4, methods=("best", "perfect"))
    found = found_by(saving, tmp_path, pilot=tmp_path / "pilot/forecasts-edge", methods=("best",))
    assert isinstance(found.worth, Worth)
    assert found.worth.pilot_seeds == [101, 102, 103, 104]
    assert [one.method for one in found.worth.needed] == ["best", "perfect"]
    assert "A pilot with the seeds 101 to 104" in report(found, [])
    assert [one.method for one in found.estimates] == ["convex", "best"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"pilot": "pilot/forecasts-edge", "seed": 100}, "--pilot: expected other seeds than those of the experiment"),
        ({"pilot": "pilot/forecasts-edge", "scenario": "regions"}, "--pilot: expected results of forecasts on regions"),
        ({"pilot": "nowhere"}, "results.json: cannot be read"),
        ({"methods": ("convx",)}, "--methods: expected some of convex, unlearnt, none"),
        ({"scenario": "published"}, "experiment: expected one that the scenario published has, got forecasts"),
    ],
)
def test_a_request_that_cannot_be_met_is_one_line(tmp_path: Path, changes: dict[str, object], told: str) -> None:
    found_by(saving, tmp_path / "pilot", seed=101, replications=2, methods=("best",))
    if "pilot" in changes:
        changes = changes | {"pilot": tmp_path / str(changes["pilot"])}
    with pytest.raises(ConfigError) as caught:
        found_by(saving, tmp_path, **changes)
    assert len(caught.value.mistakes) == 1
    assert told in caught.value.mistakes[0]


def test_a_pilot_as_deep_as_no_results_are_is_one_line(tmp_path: Path) -> None:
    asked = request(tmp_path, experiment="forecasts", pilot=tmp_path)
    (tmp_path / "results.json").write_text(f'{{"more": {"[" * 10_000}{"]" * 10_000}}}')
    with pytest.raises(ConfigError, match=r"^--pilot: .*results\.json: is not the result of an experiment: maximum"):
        load_pilot(asked, provenance_of(asked.scenario))


def test_only_forecasters_differ_and_one_of_them_alone_where_the_name_says_so() -> None:
    reference, *others = (case.work.method for case in EXPERIMENTS["forecasts"].cases(edge(), None))
    assert {method.policy for method in others} == {"rolling-horizon", "shifting", "least-loaded"}
    for method in others:
        if method.policy == "shifting":
            (same,) = (one for one in (reference, *others) if f"shifting-{one.name}" == method.name)
            assert method == msgspec.structs.replace(same, name=method.name, policy="shifting")
        if method.policy != reference.policy:
            continue
        changed = [name for name in method.__struct_fields__ if getattr(method, name) != getattr(reference, name)]
        scope = method.name.partition("-")[0]
        assert changed == (["name", scope] if scope in ("supply", "intensity") else ["name", "supply", "intensity"])


def test_results_of_other_experiments_do_not_tell_of_worth(tmp_path: Path) -> None:
    results = found_by(fake, tmp_path, experiment="ablation")
    assert b"worth" not in msgspec.json.encode(results)


@given(st.floats(0.1, 5.0), st.floats(0.1, 5.0))
def test_the_seeds_that_are_needed_have_the_power(deviation: float, difference: float) -> None:
    count = pairs_needed(deviation, difference)
    assert count is not None
    if count > 10:
        # By the noncentral distribution, of which the count is an approximation.
        beyond = stats.t.ppf(0.975, count - 1)
        power = stats.nct.sf(beyond, count - 1, difference / deviation * np.sqrt(count))
        assert power == pytest.approx(0.8, abs=0.05)


def test_no_difference_needs_no_number_of_seeds() -> None:
    assert pairs_needed(1.0, 0.0) is None
    # What is left where differences cancel but for rounding.
    assert pairs_needed(0.3, 9.5e-15) is None


@given(st.floats(0.0, 1e6), st.floats(-1e6, 1e6))
def test_any_difference_needs_a_number_of_seeds_or_none(deviation: float, difference: float) -> None:
    count = pairs_needed(deviation, difference)
    assert count is None or 2 <= count < 10**18


@given(st.floats(-3.0, 3.0), st.sampled_from([-2.0, 2.0]))
def test_pairs_of_one_ratio_have_it_without_width(ratio: float, size: float) -> None:
    wholes = [size * one for one in (1.0, 1.1, 0.9, 1.05)]
    found = ratio_of_means([ratio * one for one in wholes], wholes)
    assert found is not None
    assert (found.mean, found.low, found.high) == pytest.approx((ratio, ratio, ratio), abs=1e-9)
    assert isinstance(found, Interval)


def test_the_first_lines_name_who_saves_by_serving_less(tmp_path: Path) -> None:
    def late(job: Job) -> RunResult:
        found = saving(job)
        return msgspec.structs.replace(found, deadline_miss_ratio=0.1 if job.method.name == "best" else 0.0)

    beside = paragraphs(found_by(late, tmp_path))[1]
    assert re.search(r"`best` -\S+ ± \S+% [(]serves fewer tasks on time[)]", beside)


def test_a_pilot_of_other_code_is_refused(tmp_path: Path) -> None:
    asked = request(tmp_path, experiment="forecasts", pilot=tmp_path / "pilot/forecasts-edge")
    found = found_by(saving, tmp_path / "pilot", seed=101, replications=2, methods=("best",))
    now = msgspec.structs.replace(found.provenance, inputs="other", code="other")
    with pytest.raises(ConfigError, match=r"--pilot: expected results of the same inputs .*, got other inputs [(]code"):
        load_pilot(asked, now)
    assert load_pilot(asked, found.provenance).seeds == [101, 102]
