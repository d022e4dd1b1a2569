"""The Experiments board shows results that were written into Prometheus as the how-to page says."""

import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import promql_parser
import pytest
import requests

from grafana.queries import Query, queries, resolve, selectors
from simulator.experiments.find.estimates import load_shown_results
from simulator.experiments.find.series import FAMILIES
from simulator.experiments.plan.catalogue import EXPERIMENTS
from tests.grafana.committed import board
from tests.grafana.simulated import KEPT_RESULTS
from tests.processes import TOOL_SECONDS, free_port, running

PAGE = Path(__file__).parents[2] / "docs/how-to/run-experiments.md"
SCENARIOS = sorted({shown.scenario for shown in load_shown_results(KEPT_RESULTS)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Address of a Prometheus with the kept results, and the time that the page's link shows, in seconds."""

    url: str
    start: int
    end: int

    def has(self, query: Query, choice: Mapping[str, str]) -> bool:
        """Tell whether there is an answer for the choice."""
        expr = resolve(query.expr, rate_seconds=60, range_seconds=self.end - self.start, values=choice)
        asked = {"query": expr, "time": str(self.end)}
        answer = requests.get(f"{self.url}/api/v1/query", params=asked, timeout=240)
        assert answer.status_code == 200, answer.text
        return bool(answer.json()["data"]["result"])

    def values(self, query: Query) -> set[str]:
        """Return the values that a variable offers."""
        asked = {"match[]": resolve(query.expr, rate_seconds=60, range_seconds=60)}
        asked |= {"start": str(self.start), "end": str(self.end)}
        answer = requests.get(f"{self.url}/api/v1/label/{query.label}/values", params=asked, timeout=240)
        return set(answer.json()["data"])


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    text = PAGE.read_text(encoding="utf-8")
    (recipe,) = [one for one in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) if "create-blocks-from" in one]
    (shown,) = re.findall(r"/d/ecochain-experiments/\S*\?from=(\d+)000&to=(\d+)000", text)
    folder = tmp_path_factory.mktemp("backfill")
    (folder / "results").symlink_to(KEPT_RESULTS)
    with followed(recipe, folder) as url:
        yield Kept(url=url, start=int(shown[0]), end=int(shown[1]))


@contextmanager
def followed(recipe: str, folder: Path) -> Iterator[str]:
    """Follow the recipe in a folder, its last command on a free port; yields the address of what that starts."""
    first, _, arguments = recipe.partition("\nprometheus ")
    script = ["sh", "-e", "-c", first]
    subprocess.run(script, cwd=folder, check=True, capture_output=True, timeout=2 * TOOL_SECONDS)
    address = f"127.0.0.1:{free_port()}"
    arguments = arguments.replace("\\\n", "").replace("127.0.0.1:9091", address)
    words = ["prometheus", *shlex.split(arguments.replace("history/", f"{folder}/history/"))]
    with running(words, ready=f"http://{address}/-/ready", log=folder / "prometheus.log"):
        yield f"http://{address}"


Series = Mapping[str, Sequence[Mapping[str, str]]]
"""Labels of series by their name."""


def series() -> Series:
    """Return every series of the kept results."""
    found: dict[str, list[Mapping[str, str]]] = {}
    for shown in load_shown_results(KEPT_RESULTS):
        for family in FAMILIES:
            whose = {"job": "ecochain", "instance": "experiments"}
            read = [whose | dict(zip(family.labels, labels, strict=True)) for labels, _ in family.read(shown)]
            found.setdefault(family.name, []).extend(read)
    return found


def is_answerable(query: Query, choice: Mapping[str, str], every: Series) -> bool:
    """Tell whether the results have something for every selector of the query, in which variables stand for values."""
    return all(selects(one, choice, every) for one in selectors(query.expr))


def selects(selector: promql_parser.VectorSelector, choice: Mapping[str, str], every: Series) -> bool:
    wanted = [(one.name, pattern(one, choice)) for one in selector.matchers.matchers]
    named = every.get(selector.name or "", ())
    return any(all(re.fullmatch(text, labels.get(name, "")) for name, text in wanted) for labels in named)


def pattern(matcher: promql_parser.Matcher, choice: Mapping[str, str]) -> str:
    """Return the pattern of the values that the matcher wants."""
    value = resolve(matcher.value, rate_seconds=60, range_seconds=60, values=choice)
    if matcher.op == promql_parser.MatchOp.Re:
        return value
    if matcher.op == promql_parser.MatchOp.Equal:
        return re.escape(value)
    if matcher.op == promql_parser.MatchOp.NotRe:
        return rf"(?!(?:{value})\Z).*"
    raise AssertionError(f"a matcher that this test does not know: {matcher}")


@pytest.mark.servers
def test_every_panel_shows_what_each_experiment_has_found(kept: Kept) -> None:
    every = series()
    panels: dict[str, list[Query]] = {}
    for query in queries(board("experiments.json")):
        if query.kind == "panel" and "ALERTS" not in query.expr:
            panels.setdefault(query.title, []).append(query)
    shown = set()
    for experiment, scenario in product(EXPERIMENTS, SCENARIOS):
        choice = {"experiment": experiment, "scenario": scenario}
        for title, asked in panels.items():
            answerable = any(is_answerable(query, choice, every) for query in asked)
            assert any(kept.has(query, choice) for query in asked) == answerable, (title, choice)
            shown |= {title} if answerable else set()
    assert shown == panels.keys()


@pytest.mark.servers
def test_every_experiment_scenario_and_target_can_be_chosen(kept: Kept) -> None:
    offered = {query.title: kept.values(query) for query in queries(board("experiments.json")) if query.label}
    assert offered == {
        "job": {"ecochain"},
        "instance": {"experiments"},
        "experiment": set(EXPERIMENTS),
        "scenario": set(SCENARIOS),
    }
