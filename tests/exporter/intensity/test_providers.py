"""Providers against a server that replays their shapes: requests, points, damage, and no secret that gets out."""

import itertools
import json
import logging
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.errand import MOST_BYTES
from exporter.core.units import UnixSeconds
from exporter.intensity.exchange import MOST_POINTS, Told, encode_question, reply
from exporter.intensity.live import send_child
from exporter.intensity.providers.provider import Question
from exporter.intensity.providers.table import LIVE_PROVIDERS, covered_zone
from exporter.intensity.reading import SECRET_VARIABLE, Method, Point
from exporter.intensity.web import UrlWeb
from tests.exporter.intensity import recorded
from tests.exporter.intensity.recorded import NOON, replaying
from tests.processes import until

SECRET = "s3cret-token"

CASES: dict[str, tuple[Question, dict[str, object], list[Point], dict[str, str]]] = {
    "uk": (
        Question(provider="uk", zone="GB"),
        {"/intensity/2026-03-02T11:00Z/fw48h": recorded.UK_NATIONAL},
        [
            Point(NOON, NOON + 1800, 118, Method.ESTIMATED),
            Point(NOON + 1800, NOON + 3600, 95, Method.FORECAST),
        ],
        {},
    ),
    "uk-region": (
        Question(provider="uk", zone="GB-2"),
        {"/regional/intensity/2026-03-02T11:00Z/fw48h/regionid/2": recorded.UK_REGIONAL},
        [Point(NOON, NOON + 1800, 0, Method.FORECAST)],
        {},
    ),
    "uk-now": (
        Question(provider="uk", zone="GB", with_forecast=False),
        {"/intensity": recorded.UK_NATIONAL},
        [Point(NOON, NOON + 1800, 118, Method.ESTIMATED), Point(NOON + 1800, NOON + 3600, 95, Method.FORECAST)],
        {},
    ),
    "uk-region-now": (
        Question(provider="uk", zone="GB-2", with_forecast=False),
        {"/regional/regionid/2": recorded.UK_REGION_NOW},
        [Point(NOON, NOON + 1800, 0, Method.FORECAST)],
        {},
    ),
    "energy-charts-now": (
        Question(provider="energy-charts", zone="DE", with_forecast=False),
        {"/co2eq?country=de": recorded.ENERGY_CHARTS},
        [Point(NOON, NOON + 900, 305.1, Method.ESTIMATED)],
        {},
    ),
    "energy-charts": (
        Question(provider="energy-charts", zone="DE"),
        {"/co2eq?country=de": recorded.ENERGY_CHARTS},
        [
            Point(NOON, NOON + 900, 305.1, Method.ESTIMATED),
            Point(NOON + 900, NOON + 1800, 298.0, Method.FORECAST),
            Point(NOON + 1800, NOON + 2700, 290.5, Method.FORECAST),
        ],
        {},
    ),
    "electricity-maps": (
        Question(provider="electricity-maps", zone="FR"),
        {
            "/v3/carbon-intensity/forecast?zone=FR": recorded.MAPS_FORECAST,
            "/v3/carbon-intensity/latest?zone=FR": recorded.MAPS_LATEST,
        },
        [
            Point(NOON, NOON + 7200, 42, Method.ESTIMATED),
            Point(NOON, NOON + 3600, 43, Method.FORECAST),
            Point(NOON + 3600, NOON + 7200, 40, Method.FORECAST),
        ],
        {"auth-token": SECRET},
    ),
    "electricity-maps-free": (
        Question(provider="electricity-maps", zone="FR"),
        {"/v3/carbon-intensity/forecast": 403, "/v3/carbon-intensity/latest?zone=FR": recorded.MAPS_LATEST},
        [Point(NOON, NOON + 7200, 42, Method.ESTIMATED)],
        {"auth-token": SECRET},
    ),
    "watttime": (
        Question(provider="watttime", zone="CAISO_NORTH", user="me"),
        {
            "/login": recorded.WATTTIME_LOGIN,
            "/v3/forecast?region=CAISO_NORTH&signal_type=co2_moer&horizon_hours=24": recorded.WATTTIME_FORECAST,
        },
        [
            Point(NOON, NOON + 300, 870.0 * 0.45359237, Method.FORECAST),
            Point(NOON + 300, NOON + 600, 868.0 * 0.45359237, Method.FORECAST),
        ],
        {"authorization": "Bearer short-lived"},
    ),
    "json": (
        Question(provider="json", path="grid.now.0.kg", unit="kg/kWh", url="/own.json"),
        {"/own.json": recorded.OWN},
        [Point(NOON, NOON + 7200, 231.0, Method.MEASURED)],
        {"authorization": f"Bearer {SECRET}"},
    ),
    "prometheus": (
        Question(provider="prometheus", query="grid", url="/"),
        {"/api/v1/query?query=grid": recorded.PROMETHEUS},
        [Point(NOON - 60.5, NOON - 60.5 + 7200, 41.5, Method.MEASURED)],
        {"authorization": f"Bearer {SECRET}"},
    ),
}


def asked(question: Question, url: str) -> Question:
    return replace(question, url=f"{url}{question.url}", now=float(NOON))


def told(question: Question, secret: str = SECRET) -> Told:
    return msgspec.json.decode(reply(encode_question(question), UrlWeb(secret)), type=Told)


@pytest.mark.servers
@pytest.mark.parametrize("case", CASES)
def test_each_provider_asks_and_reads_as_it_is_documented(case: str) -> None:
    question, answers, points, headers = CASES[case]
    with replaying(dict(answers)) as server:
        found = told(asked(question, server.url))
        last = server.asked[-1][1]
    assert found.trouble == ""
    assert len(server.asked) <= LIVE_PROVIDERS[question.provider].coverage().requests + (len(answers) > 1)
    assert [(one.start, one.end, one.method) for one in found.points] == [
        (one.start, one.end, one.method) for one in points
    ]
    assert [one.value for one in found.points] == pytest.approx([one.value for one in points])
    assert {name: last.get(name) for name in headers} == headers


def test_a_value_does_not_hold_over_a_gap_in_the_list() -> None:
    content = json.dumps({"unix_seconds": [NOON - 36_000, NOON + 36_000], "co2eq": [312.0, None]}).encode()
    question = Question(provider="energy-charts", zone="DE", now=float(NOON))
    assert msgspec.json.decode(reply(encode_question(question), Canned(content)), type=Told) == Told()


def test_of_too_many_points_the_nearest_are_handed_on() -> None:
    times = list(range(NOON - 90_000, NOON + 90_000, 20))
    content = json.dumps({"unix_seconds": times, "co2eq": [5.0] * len(times)}).encode()
    question = Question(provider="energy-charts", zone="DE", now=float(NOON))
    found = reply(encode_question(question), Canned(content))
    points = msgspec.json.decode(found, type=Told).points
    assert (points[0].start, points[-1].start) == (NOON, NOON + 20 * (MOST_POINTS - 1))
    assert len(found) < MOST_BYTES


def test_every_provider_has_its_case() -> None:
    assert {question.provider for question, *_ in CASES.values()} == set(LIVE_PROVIDERS)


def test_each_provider_says_what_it_reckons() -> None:
    known = itertools.product(("average", "marginal"), ("consumption", "production"), ("operational", "life-cycle"))
    bases = {"unknown", *map(" ".join, known)}
    assert {provider.coverage().basis for provider in LIVE_PROVIDERS.values()} <= bases


@pytest.mark.servers
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("damage", [500, 429, 401, "", "<html>", "{}", "[]", "null", '{"data": [], "error": "quota"}'])
def test_a_damaged_answer_gives_no_point_and_no_secret(case: str, damage: object) -> None:
    question, answers, _, _ = CASES[case]
    with replaying(dict.fromkeys(answers, damage)) as server:
        found = told(asked(question, server.url))
    assert found.points == []
    assert SECRET not in found.trouble
    if isinstance(damage, int):
        assert found.trouble == f"127.0.0.1 answers with status {damage}"


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["data", "from", "to", "intensity", "forecast", "unix_seconds", "co2eq"]), inner
        )
    ),
    max_leaves=12,
)


class Canned:
    """A web that always gives the same answer."""

    secret = SECRET

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.asked: list[object] = []

    def get(self, url: str, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> bytes:
        assert url.startswith("http")
        self.asked.append((query, headers))
        return self.content


@given(case=st.sampled_from(sorted(CASES)), answer=json_values.map(lambda one: json.dumps(one).encode()) | st.binary())
def test_whatever_a_server_says_ends_in_points_or_a_reason(case: str, answer: bytes) -> None:
    question = replace(CASES[case][0], url="http://x", now=float(NOON))
    found = msgspec.json.decode(reply(encode_question(question), Canned(answer)), type=Told)
    assert found.points == [] or found.trouble == ""
    assert SECRET not in found.trouble


@pytest.mark.servers
def test_the_child_asks_with_the_secret_of_a_file_or_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    question, answers, _, _ = CASES["electricity-maps"]
    file = tmp_path / "token"
    file.write_text(f"{SECRET}\n")
    with replaying(dict(answers)) as server:
        for secret_file in (str(file), ""):
            if not secret_file:
                monkeypatch.setenv(SECRET_VARIABLE, SECRET)
            found = child(replace(asked(question, server.url), secret_file=secret_file))
            assert len(found.points) == 3
            assert server.asked[-1][1]["auth-token"] == SECRET
        missing = child(replace(asked(question, server.url), secret_file=str(tmp_path / "none")))
    assert missing.trouble == f"{tmp_path / 'none'} cannot be read: No such file or directory"
    assert SECRET not in caplog.text


@pytest.mark.servers
def test_a_server_that_is_gone_is_told_by_its_name_alone() -> None:
    with replaying({}) as server:
        question = asked(CASES["energy-charts"][0], server.url)
    assert child(question).trouble == "127.0.0.1: Connection refused"


def child(question: Question) -> Told:
    errand = send_child(question)
    answers: list[bytes] = []

    def ended() -> bool:
        answer = errand.answer()
        answers.extend([] if answer is None else [answer])
        return bool(answers)

    try:
        until(ended, "the child's answer")
    finally:
        errand.give_up()
    return msgspec.json.decode(answers[0], type=Told)


def test_the_exporter_loads_nothing_that_makes_requests_to_providers() -> None:
    told = (
        "import sys, exporter.app, exporter.intensity.live; "
        "print({'exporter.core.fetching', 'exporter.intensity.web'} & set(sys.modules) == set())"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, timeout=240)
    assert done.stdout.split() == ["True"]


@pytest.mark.parametrize(
    ("provider", "zone", "near"), [("uk", "Scotland", "GB-16 (Scotland)"), ("energy-charts", "DEU", "DE")]
)
def test_a_zone_that_a_provider_lacks_names_its_nearest(provider: str, zone: str, near: str) -> None:
    with pytest.raises(ValueError, match=f'expected a zone of {provider}, got "{zone}"') as caught:
        covered_zone(provider, zone)
    assert near in str(caught.value)
    assert covered_zone("uk", "gb-2") == "GB-2"
    assert covered_zone("watttime", "caiso_north") == "caiso_north"


def test_a_point_ends_where_the_next_begins() -> None:
    point = Point(0.0, 1.0, 5.0, Method.FORECAST)
    assert [point.covers(UnixSeconds(time)) for time in (0.0, 0.5, 1.0)] == [True, True, False]
