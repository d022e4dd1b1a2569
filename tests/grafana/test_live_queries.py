"""Every query of every board, asked of a real Prometheus that scrapes both programs under the committed rules."""

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from exporter.activity.window import Activity
from grafana.colours import RANKS
from grafana.device_carbon.health import FIXED
from grafana.host_power.health import REASONS
from grafana.host_power.sensors import REMEDIES
from grafana.joined import ORDER
from grafana.queries import Query, queries, resolve
from prometheus.recording import SCOPE_RATE
from simulator.experiments.find.estimates import load_shown_results
from tests.grafana.committed import board, names
from tests.grafana.compared import Compared, compared_at
from tests.grafana.empty_queries import EMPTY
from tests.grafana.live import (
    GAPS,
    PAST,
    RATE_SECONDS,
    SHOWN_SECONDS,
    Live,
    answer,
    finite_values,
    running_stack,
    series_of,
)
from tests.grafana.simulated import KEPT_RESULTS, TASKS_PER_HOUR
from tests.grafana.victoria import MISSING, WRITE, import_past, running_receiver, until_shown
from tests.processes import until

pytestmark = pytest.mark.servers

SETTLED_SECONDS = 300
"""Time for the simulator to learn its forecasts, and for an hour of them to pass, on a machine with other work."""

WHOLE = (
    "count(up == 1) == bool 4",
    f"min(count_over_time(up[{RATE_SECONDS}s])) >= bool 2",
    'ALERTS{alertname="EcochainDeadlineMissesHigh",alertstate="firing",severity="info"}',
)
"""Queries whose answer is 1 at a moment before which all four programs were scraped often enough for rates, and at
which the simulator's alert fires."""

CALM_SECONDS = SHOWN_SECONDS + 15
"""The longest window of a rate or increase that is shorter than the stack is old, and what a rate looks back before."""

HOST_POWER = "host-power-and-processes.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A query, the program that its board is about, and what the board chooses at first where it offers no All."""

    program: str
    query: Query
    first: Mapping[str, str]

    def has_data(self, live: Live) -> bool:
        """Tell whether there is data for that choice, or for all together, which the published figures need."""
        instance = live.simulator if self.program == "ecochain" else live.exporter
        return any(finite_values(live, self.query, instance, **chosen) for chosen in ({}, self.first))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The running servers, every query of every board, and those that had no data when the time was up.

    `receiver` is the VictoriaMetrics to which Prometheus writes on, or nothing where there is none.
    """

    live: Live
    questions: list[Question]
    empty: list[Question]
    receiver: str = ""


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    documents = [board(name) for name in names()]
    every = [
        Question(program=one["tags"][0], query=query, first=first_choices(one))
        for one in documents
        for query in queries(one)
    ]
    with running_receiver(tmp_path_factory.mktemp("receiver")) as receiver, contextlib.ExitStack() as stack:
        folder = tmp_path_factory.mktemp("stack")
        urls = [receiver + WRITE] if receiver else []
        live = stack.enter_context(running_stack(folder, urls))
        if receiver:
            import_past(receiver, folder / PAST)
        # On a busy machine the others take longer than a gap is shown.
        empty = sorted(every, key=lambda one: GAPS not in one.query.expr)
        deadline = time.monotonic() + SETTLED_SECONDS
        while any(not is_excused(one) for one in empty) and time.monotonic() < deadline:
            time.sleep(1)
            empty = [one for one in empty if time.monotonic() > deadline or not one.has_data(live)]
        yield Asked(live=live, questions=every, empty=empty, receiver=receiver)


@pytest.fixture(scope="module")
def live(asked: Asked) -> Live:
    """Return the servers, to be asked about one moment: then no scrape was missed, as on a busy machine some are."""
    seen: list[Live] = []

    def is_whole() -> bool:
        seen[:] = [replace(asked.live, moment=time.time())]
        return all(series_of(seen[0], one, instant=True) == [[1.0]] for one in WHOLE)

    until(is_whole, "a moment at which every program was scraped")
    return seen[0]


def test_every_query_of_every_board_has_data(asked: Asked) -> None:
    assert [one for one in asked.empty if not is_excused(one)] == []


def test_few_queries_are_excused(asked: Asked) -> None:
    assert EMPTY.keys() <= {(one.query.title, one.query.legend) for one in asked.questions}
    assert sum(is_excused(one) for one in asked.questions) <= 0.05 * len(asked.questions)


def is_excused(question: Question) -> bool:
    """Tell whether nobody expects an answer."""
    return (question.query.title, question.query.legend) in EMPTY


def test_a_query_without_data_would_be_noticed(live: Live) -> None:
    query = Query(kind="panel", title="", expr='ecotrack_power_wats{instance=~"$instance"}', datasource="")
    assert finite_values(live, query, live.exporter) == []


def first_choices(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the values of the variables that offer one at a time."""
    variables = [one for one in document["templating"]["list"] if one["type"] == "query"]
    return {one["name"]: one["current"]["value"] for one in variables if not one.get("multi")}


def ask(live: Live, title: str, legend: str = "", name: str = "device-carbon.json", **chosen: str) -> list[list[float]]:
    """Return the series behind one legend of one panel of a board, now; All of a variable where none is chosen."""
    return series_of(live, filled(title, legend, name, chosen), instant=True)


def asked_by(live: Live, title: str, name: str = "device-carbon.json") -> list[dict[str, Any]]:
    """Return the same with the labels of each series, for a panel with one query."""
    return answer(live, filled(title, "", name, {}))


def filled(title: str, legend: str, name: str, chosen: Mapping[str, str]) -> str:
    """Return the query behind one legend of one panel, as Grafana would send it."""
    found = [query for query in queries(board(name)) if query.title == title]
    (query,) = [query for query in found if legend in ("", query.legend)]
    return resolve(query.expr, rate_seconds=RATE_SECONDS, range_seconds=SHOWN_SECONDS, values=chosen)


def test_the_two_sides_of_the_flows_are_equally_tall(live: Live) -> None:
    title = "Flows of electricity"
    sides = [f"sum({filled(title, legend, 'edge-cluster.json', {})})" for legend in ("from {{from}}", "to {{to}}")]
    ((apart,),) = series_of(live, f"abs({sides[0]} - {sides[1]})", instant=True)
    ((height,),) = series_of(live, sides[0], instant=True)
    assert height > 1.0
    assert apart <= 1e-9 * height


def test_the_estimate_lies_inside_its_band(live: Live) -> None:
    edges = [ask(live, "Power", legend)[0][0] for legend in ("at least", "machine", "at most")]
    assert 0 < edges[0] < edges[1] < edges[2]


def test_shares_add_up_to_the_whole(live: Live) -> None:
    shares = [value for (value,) in ask(live, "What each activity took", "share")]
    assert len(shares) == len(Activity)
    assert sum(shares) == pytest.approx(1)


def test_the_timeline_has_one_number_per_device(live: Live) -> None:
    activities = [value for (value,) in ask(live, "Activity over time")]
    assert len(activities) == 2
    assert all(value in range(1, len(Activity) + 1) for value in activities)


def test_a_million_people_emit_a_tonne_for_each_gram(live: Live) -> None:
    for scope, legend in (("host", "machine, a day"), ("network", "network, a day")):
        recorded = f'avg_over_time({SCOPE_RATE}{{scope="{scope}"}}[{SHOWN_SECONDS}s])'
        rates = [value for (value,) in series_of(live, recorded, instant=True)]
        shown = ask(live, "If a million people did this", legend)[0][0]
        assert shown == pytest.approx(sum(rates) / len(rates) * 86_400, rel=0.2)


def test_the_first_screen_says_which_part_of_the_grams_is_the_networks(live: Live) -> None:
    part = ask(live, "Emissions", "network part")[0][0]
    grams = {
        scope: sum(value for (value,) in series_of(live, f'{SCOPE_RATE}{{scope="{scope}"}}', instant=True))
        for scope in ("host", "network")
    }
    assert 0 < part < 1
    assert part == pytest.approx(grams["network"] / sum(grams.values()), abs=0.1)


def test_what_is_left_of_a_day_that_is_overspent_is_below_zero(live: Live) -> None:
    assert ask(live, "Left today")[0][0] < 0
    assert ask(live, "Against the limits", "used today")[0][0] > 1


def test_energy_by_source_adds_up_to_the_whole_of_which_the_measured_part_is_one(live: Live) -> None:
    shares = {
        (one["metric"]["source"], one["metric"]["origin"]): float(one["value"][1])
        for one in asked_by(live, "Energy by source", HOST_POWER)
    }
    assert sum(shares.values()) == pytest.approx(1)
    measured = sum(share for (_, origin), share in shares.items() if origin == "measured")
    assert 0 < measured < 1
    assert ask(live, "Measured part", name=HOST_POWER)[0][0] == pytest.approx(measured, abs=0.1)


def test_the_shares_of_programs_and_of_what_no_program_has_are_together_the_machine(live: Live) -> None:
    title = "Shares of the machine's power"
    legends = [query.legend for query in queries(board(HOST_POWER)) if query.title == title]
    # At one moment, since the machine's power moves from one question to the next.
    whole = " + ".join(f"sum({filled(title, legend, HOST_POWER, {})})" for legend in legends)
    assert series_of(live, whole, instant=True) == [[pytest.approx(1)]]
    ranked = [ask(live, title, legend, HOST_POWER) for legend in legends if "group" in legend]
    assert len(ranked) == len(RANKS)
    assert all(len(found) == 1 for found in ranked)


def test_each_component_of_the_machine_has_one_row_with_its_origin(live: Live) -> None:
    where = "Where the power comes from"
    origins = answer(live, filled(where, "Power", HOST_POWER, {}))
    components = [(one["metric"]["instance"], one["metric"]["component"]) for one in origins]
    assert len(components) == len(set(components))
    assert "network" not in {component for _, component in components}
    assert {("cpu", "rapl", "measured")} <= {
        (one["metric"]["component"], one["metric"]["source"], one["metric"]["model"]) for one in origins
    }


def test_every_reason_to_discard_a_sensors_reading_has_its_column(live: Live) -> None:
    exported = answer(live, 'count by (reason) (ecotrack_discarded_readings_total{source="rapl"})')
    assert {one["metric"]["reason"] for one in exported} == REASONS.keys()


def test_a_source_that_works_needs_no_remedy_and_one_that_is_absent_has_one(live: Live) -> None:
    remedies = {
        one["metric"]["source"]: (one["metric"]["state"], one["metric"].get("remedy"))
        for one in asked_by(live, "State of the sources", HOST_POWER)
    }
    assert remedies["rapl"] == ("works", None)
    assert remedies["meter"] == ("absent", REMEDIES["meter"])


def test_a_static_intensity_is_fixed_and_has_no_age(live: Live) -> None:
    assert ask(live, "Age of the intensity value", instance=live.neighbour) == [[float(FIXED)]]
    assert 0 <= ask(live, "Age of the intensity value", instance=live.exporter)[0][0] < 3600


def test_the_exporters_panels_show_exporters_only(live: Live) -> None:
    memory = ask(live, "Exporter: memory")
    assert len(memory) == 2
    assert len(series_of(live, "process_resident_memory_bytes", instant=True)) == 4


def test_a_firing_alert_is_named_with_its_runbook_and_when_it_began(live: Live) -> None:
    firing = asked_by(live, "Alerts firing")
    (exhausted,) = [one for one in firing if one["metric"]["alertname"] == "EcotrackBudgetExhausted"]
    assert exhausted["metric"]["severity"] == "critical"
    assert exhausted["metric"]["runbook"] == "budget.md#ecotrackbudgetexhausted"
    assert live.began < float(exhausted["value"][1]) / 1000 <= live.now()
    assert not any(one["metric"]["alertname"].startswith("Ecochain") for one in firing)


def test_an_alert_about_the_simulated_cluster_is_named_on_its_own_boards(live: Live) -> None:
    firing = 'ALERTS{alertname="EcochainDeadlineMissesHigh",alertstate="firing",severity="info"}'
    assert series_of(live, firing, instant=True) == [[1.0]]
    named = {one["metric"]["alertname"] for one in asked_by(live, "Alerts firing", name="scheduler.json")}
    assert "EcochainDeadlineMissesHigh" in named


def test_consumption_by_source_adds_up_to_the_load(live: Live) -> None:
    sources = ask(live, "Consumption by source", name="edge-cluster.json")
    assert len(sources) == 3
    load = series_of(live, "sum(avg_over_time(ecochain_node_load_watts[30s]))", instant=True)[0][0]
    assert sum(value for (value,) in sources) == pytest.approx(load, rel=0.25)


def test_simulated_tasks_come_at_the_rate_of_the_scenario_whatever_the_speed(live: Live) -> None:
    """Those that may wait for hours end in bursts, which show where a busy machine simulates few hours in a window."""
    (ended,) = ask(live, "Tasks", name="scheduler.json", task_class="vision")[0]
    assert ended == pytest.approx(0.45 * TASKS_PER_HOUR, rel=0.2)


def test_the_latency_within_which_half_stays_is_no_longer_than_that_of_more(live: Live) -> None:
    half, most, nearly_all = (
        ask(live, "Latency", name, name="scheduler.json")[0][0] for name in ("half", "95%", "99%")
    )
    assert 0 < half <= most <= nearly_all


@pytest.mark.parametrize(("scenario", "others"), [("edge", 5), ("published", 4)])
def test_savings_are_those_of_the_results(live: Live, scenario: str, others: int) -> None:
    told = [
        change.relative.mean
        for shown in load_shown_results(KEPT_RESULTS)
        for change in shown.changes
        if (shown.experiment, shown.scenario, change.measure) == ("baseline", scenario, "energy_joules")
        and change.relative is not None
    ]
    chosen = {"name": "experiments.json", "experiment": "baseline", "scenario": scenario}
    saved = [value for (value,) in ask(live, "Energy against the reference", ORDER, **chosen)]
    assert len(saved) == others
    assert sorted(saved) == pytest.approx(sorted(told))


def test_a_panel_of_one_program_shows_nothing_of_the_other(live: Live) -> None:
    assert ask(live, "Simulator: memory", instance=live.exporter, name="edge-cluster.json") == []
    assert ask(live, "Exporter: memory", instance=live.simulator) == []


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A query of a board as Prometheus and VictoriaMetrics answer it."""

    question: Question
    compared: Compared


@pytest.fixture(scope="module")
def pairs(asked: Asked) -> list[Pair]:
    """Ask both of every query of every board at one moment, with All and with what its board chooses at first."""
    if not asked.receiver:
        pytest.skip(MISSING)
    moment = calm_moment(asked.live)
    until_shown(asked.live.prometheus, asked.receiver, moment)
    return [
        Pair(question=one, compared=compared_at(moment, asked.live.prometheus, asked.receiver, one.query, chosen))
        for one in asked.questions
        for chosen in ({}, one.first)
        if chosen is not one.first or chosen
    ]


def calm_moment(live: Live) -> float:
    """Return a moment before which no scrape was missed for as long as the boards look back; skip where none comes.

    A sum over devices of which one has a gap is another sum by the other definition of an increase.
    """
    calm = f'min(count_over_time((up{{job!="prometheus"}} == 1)[{CALM_SECONDS}s:1s]))'
    deadline = time.monotonic() + SETTLED_SECONDS
    while series_of(live, calm, instant=True) < [[0.98 * CALM_SECONDS]]:
        if time.monotonic() > deadline:
            pytest.skip("this machine is too busy to answer a scrape every second")
        time.sleep(1)
    return time.time()


def test_victoria_metrics_answers_every_query_as_prometheus_does(pairs: list[Pair]) -> None:
    """A rate or an increase has another definition there, by which Prometheus is asked as well; it tells no values
    where a series is younger than the window."""
    assert [(one.question, found) for one in pairs if (found := one.compared.differences())] == []


def test_most_queries_were_compared_with_values(pairs: list[Pair]) -> None:
    """Events are rare, and windows of other days reach beyond what the stack has."""
    every = {one.question.query for one in pairs}
    assert len({one.question.query for one in pairs if one.compared.is_told}) >= 0.8 * len(every)


def test_another_moment_would_be_noticed(asked: Asked, pairs: list[Pair]) -> None:
    """The comparison finds a store that is three samples behind."""
    at = pairs[0].compared.at
    behind = [
        compared_at(at, asked.live.prometheus, asked.receiver, one.query, one.first, behind_seconds=3)
        for one in asked.questions
        if one.query.instant
    ]
    assert sum(bool(one.differences()) for one in behind) >= 0.2 * len(behind)
