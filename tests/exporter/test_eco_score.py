"""Laws of the eco score: it follows the emissions, its factors multiply to them, and nothing else moves it."""

import json
import math
import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from exporter.build import Paths, build_sampler
from exporter.config import Config
from exporter.core.config import convert
from exporter.core.units import JOULES_PER_KWH, SECONDS_PER_HOUR, Grams, GramsPerSecond, Joules, Seconds, Watts
from exporter.eco_score import (
    LEAST,
    MOST_OF_THE_REFERENCE,
    WORLD,
    EcoScore,
    Grade,
    Reference,
    ScoreFactor,
    eco_score,
    reference_of,
    score_of,
)
from exporter.eco_score import __doc__ as documentation
from exporter.last_hour import Counted, Emissions
from exporter.power.hardware import Hardware, Kind
from exporter.power.processor import Processor
from exporter.power.tables import read
from tests.exporter import hosts
from tests.exporter.fakes import FakeProvider, Machine, rig
from tests.exporter.golden_snapshot import LAPTOP, rendered
from tests.fake_clock import FakeClock
from tests.processes import TOOL_SECONDS, program

ROOT = Path(__file__).parents[2]

positive = st.floats(min_value=1e-6, max_value=1e9)
amounts = st.one_of(st.just(0.0), st.floats(min_value=1e-12, max_value=1e9))  # below 1e-308 floats lose digits
timed = st.floats(min_value=LEAST, max_value=SECONDS_PER_HOUR)


def counted(energy: st.SearchStrategy[float]) -> st.SearchStrategy[Counted]:
    """Return what may have been counted of a scope."""
    return st.builds(Counted, seconds=timed, energy=energy, grams=amounts)


emissions = st.builds(Emissions, host=counted(positive), network=counted(amounts))
references = st.builds(
    reference_of,
    st.builds(
        Hardware,
        kind=st.sampled_from(Kind),
        vcpus=st.integers(1, 512),
        processor=st.builds(Processor, chips=st.integers(1, 16)),
    ),
)


def scored(found: Emissions, reference: Reference, idle: float = 50.0) -> EcoScore:
    """Return the score of emissions that have one."""
    score = eco_score(found, reference, Watts(idle))
    assert isinstance(score, EcoScore), score
    return score


@given(emissions, references, st.one_of(st.just(0.0), st.floats(min_value=1e-3, max_value=1e5)))
def test_the_factors_multiply_to_grams_over_reference(found: Emissions, reference: Reference, idle: float) -> None:
    score = scored(found, reference, idle)
    an_hour = (found.host.grams / found.host.seconds + found.network.grams / found.network.seconds) * SECONDS_PER_HOUR
    ratio = an_hour / (reference.watts * SECONDS_PER_HOUR / JOULES_PER_KWH * WORLD.value)
    assert math.prod(score.factors.values()) == pytest.approx(ratio, rel=1e-12, abs=1e-300)
    assert score.value == pytest.approx(1.0 / (1.0 + ratio), rel=1e-12)
    assert set(score.factors) == set(ScoreFactor) - (set() if idle else {ScoreFactor.IDLE})


@given(emissions, references, st.sampled_from(["host", "network"]), positive)
def test_more_grams_never_score_better(found: Emissions, reference: Reference, scope: str, more: float) -> None:
    own = getattr(found, scope)
    dirtier = replace(found, **{scope: replace(own, grams=Grams(own.grams + more))})
    before, after = scored(found, reference), scored(dirtier, reference)
    assert after.value <= before.value
    assert list(Grade).index(after.grade) >= list(Grade).index(before.grade)


@given(emissions, emissions, references, positive, positive)
def test_at_equal_grams_only_the_reference_matters(
    one: Emissions, other: Emissions, reference: Reference, idle: float, other_idle: float
) -> None:
    """Neither the energy, nor the grid, nor what the model takes for idle moves the score."""
    same = Emissions(
        host=replace(one.host, energy=other.host.energy), network=replace(one.network, energy=other.network.energy)
    )
    scores = scored(one, reference, idle), scored(same, reference, other_idle)
    assert scores[0].value == scores[1].value
    assert scores[0].grade is scores[1].grade


SETTINGS = (
    {"budget": {"day_grams": 0.001}},
    {"budget": {"day_grams": 1e9, "week_grams": 1e9, "month_grams": 1e9}},
    {"ecoguard": {"limit_grams_per_minute": 1e6}},
    {"preset": "cep"},
    {"grid": {"zone": "PL"}},
    {"grid": {"intensity_grams_per_kwh": 0}},
    {"network": {"kwh_per_gb": 0}},
    {"power": {"preset": "aws", "machine": "laptop"}},
    {"power": {"idle_watts": 1, "full_watts": 2, "pue": 3, "machine": "laptop"}},
    {"power": {"tdp_watts": 200, "machine": "laptop"}},
    {"activity": {"rule": "ecotrack"}},
)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_no_setting_moves_the_reference_but_the_kind_of_machine(settings: dict[str, dict[str, object]]) -> None:
    def reference(sections: Mapping[str, Mapping[str, object]]) -> Reference | None:
        power = {"machine": "laptop"} | dict(sections.get("power", {}))
        config = convert(dict(sections) | {"power": power}, Config, origin="a test")
        sampler, publication = build_sampler(
            config, FakeClock(), Paths(procfs=LAPTOP / "proc", sysfs=LAPTOP / "sys"), (), None
        )
        assert sampler is not None
        return publication.latest()[0].reference

    usual = reference({})
    assert usual is not None
    assert reference(settings) == usual
    assert reference(settings | {"power": {"machine": "desktop"}}) != usual


@pytest.mark.parametrize(
    ("ratio", "value", "grade"),
    [
        (0.0, 1.0, Grade.A),
        (0.25, 0.8, Grade.A),
        (0.5, 2 / 3, Grade.B),
        (1.0, 0.5, Grade.C),
        (1.0 + 1e-9, 0.5, Grade.D),
        (2.0, 1 / 3, Grade.D),
        (4.0, 0.2, Grade.E),
        (4.1, 1 / 5.1, Grade.F),
        (1e9, 1e-9, Grade.F),
    ],
)
def test_letters_go_by_fixed_bounds(ratio: float, value: float, grade: Grade) -> None:
    reference = reference_of(Hardware(kind=Kind.DESKTOP))
    assert reference is not None
    score, letter = score_of(GramsPerSecond(ratio * reference.rate), reference)
    assert score == pytest.approx(value, abs=1e-9)
    assert letter is grade


def test_each_letter_is_a_factor_of_two() -> None:
    bounds = list(MOST_OF_THE_REFERENCE.values())
    assert [after / before for before, after in pairwise(bounds)] == [2.0] * 4
    assert [*MOST_OF_THE_REFERENCE, Grade.F] == list(Grade)


def test_the_reference_at_the_worlds_grid_scores_one_half() -> None:
    """The least that the old score got wrong: 400 W is worse than 300 W, and a dirty grid is worse than a clean one."""
    reference = reference_of(Hardware(kind=Kind.DESKTOP))
    assert reference is not None

    def of(watts: float, grams_per_kwh: float) -> EcoScore:
        spent = Joules(watts * SECONDS_PER_HOUR)
        emitted = Grams(spent / JOULES_PER_KWH * grams_per_kwh)
        host = Counted(seconds=Seconds(SECONDS_PER_HOUR), energy=spent, grams=emitted)
        return scored(Emissions(host=host, network=Counted(seconds=Seconds(SECONDS_PER_HOUR))), reference)

    assert of(76.75, 475.0).value == pytest.approx(0.5)
    assert of(76.75, 475.0).grade is Grade.C
    assert of(400.0, 475.0).value < of(300.0, 475.0).value
    assert of(1000.0, 820.0).grade is Grade.F
    assert of(1000.0, 820.0).value < 0.05


def test_every_kind_of_machine_has_a_reference_with_its_source() -> None:
    rows = list(read("half_load_watts"))
    assert sorted(row["kind"] for row in rows) == sorted(Kind)
    assert all(row["source"] and float(row["watts"]) > 0.0 for row in rows)
    server = Hardware(kind=Kind.SERVER, processor=Processor(chips=2), vcpus=128)
    for hardware, watts, title in (
        (server, 2 * 176.4, "server of 2 processors at half load"),
        (Hardware(kind=Kind.VM, vcpus=1), 2.29, "virtual machine of 1 virtual CPU at half load"),
        (Hardware(kind=Kind.LAPTOP, vcpus=16), 16.75, "laptop at half load"),
        (Hardware(kind=Kind.BOARD, vcpus=4), 4.4, "single-board computer at half load"),
    ):
        reference = reference_of(hardware)
        assert reference is not None
        assert reference.watts == pytest.approx(watts)
        assert reference.title == title
    assert reference_of(Hardware()) is None


def test_a_power_of_zero_is_no_good_score() -> None:
    reference = reference_of(Hardware(kind=Kind.DESKTOP))
    assert reference is not None
    nothing = Emissions(host=Counted(seconds=Seconds(600.0)), network=Counted(seconds=Seconds(600.0)))
    assert "reads zero" in str(eco_score(nothing, reference, Watts(20.0)))


def test_the_idle_watts_of_the_model_do_not_move_the_score_of_a_running_machine() -> None:
    """Both draw 60 W at this load; one says that 50 of them are idle, the other 10."""
    scores = []
    for idle in (50.0, 10.0):
        sampling = rig(Machine(FakeClock()), host=hosts.configured_host(idle, 110.0))
        for _ in range(30):
            utilization = (60.0 - idle) / (110.0 - idle)
            sampling.sample_after(5.0, utilization=utilization, bytes_per_second=1e5)
        scores.append(sampling.now.readings.score)
    one, other = scores
    assert one is not None
    assert other is not None
    assert one.value == pytest.approx(other.value, rel=1e-9)
    assert one.factors[ScoreFactor.IDLE] == pytest.approx(5 * other.factors[ScoreFactor.IDLE])


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ("kind", "the kind of machine is unknown, and power.machine is not set"),
        ("intensity", "the carbon intensity is unknown"),
        ("cpu", "the power of this machine is unknown"),
        ("network", "the traffic of the network is unknown"),
        ("time", "30 s are counted, and 60 are needed"),
    ],
)
def test_what_is_missing_leaves_no_score_and_one_line_says_why(trouble: str, said: str) -> None:
    provider = FakeProvider()
    reference = None if trouble == "kind" else reference_of(Hardware(kind=Kind.LAPTOP))
    sampling = rig(Machine(FakeClock()), intensity=provider, reference=reference)
    for _ in range(6 if trouble == "time" else 24):
        sampling.sample_after(5.0)
    if trouble == "intensity":
        provider.trouble = OSError("down")
        provider.value = math.nan
    sampling.machine.broken = {trouble} & {"cpu", "network"}
    if sampling.machine.broken or trouble == "intensity":
        assert sampling.now.readings.score is not None
        sampling.sample_after(5.0)
    assert sampling.now.readings.score is None
    assert sampling.now.readings.no_score == said


def exported(seconds: float = 300.0) -> list[Sample]:
    """Return the scraped samples of a machine after so many seconds of work."""
    sampling = rig(Machine(FakeClock()))
    for _ in range(int(seconds / 5.0)):
        sampling.sample_after(5.0, utilization=0.3, bytes_per_second=4e5)
    text = rendered(sampling.now, openmetrics=False).decode()
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def selector(labels: dict[str, str]) -> str:
    """Return labels as PromQL writes them."""
    return "{" + ", ".join(f"{name}={json.dumps(value)}" for name, value in labels.items()) + "}"


def documented_expression() -> str:
    """Return the PromQL of the module's documentation."""
    (expression,) = re.findall(r"^ {4}(1 / \(1 \+ exp.*)$", documentation or "", re.MULTILINE)
    return str(expression)


TARGET = {"job": "ecotrack", "instance": "laptop:10110"}


def promtool(folder: Path, tests: dict[str, object], *rules: Path) -> None:
    """Run promtool's test of rules and expressions."""
    file = folder / "score.test.yml"
    file.write_text(json.dumps({"rule_files": [str(one) for one in rules], "tests": [tests]}))
    argv = [program("promtool"), "test", "rules", str(file)]
    tested = subprocess.run(argv, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False)
    assert tested.returncode == 0, tested.stdout + tested.stderr


@pytest.mark.servers
def test_prometheus_works_out_the_score_from_the_exported_factors(tmp_path: Path) -> None:
    series = [
        {"series": sample.name + selector(sample.labels | TARGET), "values": repr(sample.value)}
        for sample in exported()
    ]
    check = f"abs(({documented_expression()}) - on (job, instance) ecotrack_eco_score_ratio) < bool 1e-12"
    expected = [{"labels": selector(TARGET), "value": 1}]
    promtool(
        tmp_path,
        {
            "interval": "1m",
            "input_series": series,
            "promql_expr_test": [{"expr": check, "eval_time": "0s", "exp_samples": expected}],
        },
    )


@pytest.mark.servers
def test_prometheus_works_out_the_score_from_the_shipped_rate_of_the_last_hour(tmp_path: Path) -> None:
    """The counters of emissions say the same as the score, by the recording rule of the hour.

    That is a mean of rates over five minutes, the first of which are too low for lack of samples.
    """
    sampling, minutes = rig(Machine(FakeClock())), 69
    counters: dict[str, list[float]] = {}
    for _ in range(minutes):
        for _ in range(12):
            sampling.sample_after(5.0, utilization=0.3, bytes_per_second=4e5)
        for component, grams in sampling.now.totals.exported.emissions.items():
            labels = TARGET | {"component": str(component), "scope": str(component.scope)}
            counters.setdefault("ecotrack_emissions_grams_total" + selector(labels), []).append(grams)
    score, reference = sampling.now.readings.score, sampling.now.reference
    assert score is not None
    assert reference is not None
    name = "ecotrack_eco_score_reference_grams_per_second"
    counters[name + selector(TARGET | {"machine": "laptop"})] = [reference.rate] * minutes
    against = f"instance:ecotrack_emissions_grams:rate1h / on (job, instance) {name}"
    check = f"abs(1 / (1 + {against}) - {score.value!r}) < bool 1e-6"
    promtool(
        tmp_path,
        {
            "interval": "1m",
            "input_series": [{"series": one, "values": " ".join(map(repr, told))} for one, told in counters.items()],
            "promql_expr_test": [
                {"expr": check, "eval_time": "68m", "exp_samples": [{"labels": selector(TARGET), "value": 1}]}
            ],
        },
        ROOT / "prometheus/rules/ecotrack-recording.yml",
    )
