"""The existence of everything that the documents name: make targets, flags, keys, metrics, figures."""

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from exporter.cli import build_parser
from exporter.config import Config
from exporter.exposition.rows import ROWS
from exporter.power.band import band_of
from scripts.pages.markdown import read_page
from scripts.reference import configuration_keys
from simulator.experiments.find.results import Results
from simulator.experiments.find.sensitivity import Sensitivity
from simulator.experiments.find.service import Rivalry
from simulator.experiments.find.statistics import Interval
from simulator.experiments.find.unfinished import left_over
from simulator.experiments.write.display import with_half_width
from simulator.live.exposition.rows import ROWS as SIMULATED_ROWS
from tests.test_formats import LANDED

ROOT = Path(__file__).parent.parent
PAGES = sorted(path for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")] if ".venv" not in path.parts)

LONG_SENTENCE = 40
"""Characters from which on nobody writes the same sentence twice by chance; a merge does."""


def named(pattern: str) -> dict[str, str]:
    """Return all matches of a pattern in the documents, each with one page that has it."""
    found: dict[str, str] = {}
    for page in PAGES:
        for name in re.findall(pattern, page.read_text(encoding="utf-8")):
            found[name] = page.name
    return found


SERVICE = "/opt/ecotrack/bin/"
"""Folder of the programs on the page on running the exporter as a service, to which other pages link."""

CALLS = re.compile(r"^(?:\$ |PYTHONPATH=\. )?(?P<path>[\w./]*/)?(?:ecotrack|ecochain) ", re.MULTILINE)
"""A program called in a shell, at the beginning of a line."""


@pytest.mark.parametrize("page", sorted((ROOT / "docs/how-to").glob("*.md")), ids=lambda page: page.stem)
def test_a_how_to_page_that_calls_a_program_says_what_to_install(page: Path) -> None:
    shell = "".join(re.findall(r"```(?:sh|console)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))
    calls = list(CALLS.finditer(shell))
    if not calls:
        return
    before = shell[: calls[0].start()]
    assert "bin/pip install " in before or calls[0]["path"] == SERVICE
    assert "bin/activate" in before or all(call["path"] in (".venv/bin/", SERVICE) for call in calls)


def test_the_index_leads_to_every_page_once() -> None:
    index = ROOT / "docs/README.md"
    targets = [urlsplit(link.target) for link in read_page(index).links]
    linked = [(index.parent / target.path).resolve() for target in targets if not target.scheme]
    pages = {page for page in index.parent.rglob("*.md") if page != index and page.parent.name != "adr"}
    assert sorted(page for page in linked if page in pages) == sorted(pages)


@pytest.mark.parametrize("name", ["CHANGELOG.md", "docs/upgrading.md"])
def test_a_list_of_changes_says_nothing_twice(name: str) -> None:
    text = " ".join((ROOT / name).read_text(encoding="utf-8").split())
    sentences = [one for one in re.split(r"(?<=[.:;]) ", text) if len(one) >= LONG_SENTENCE]
    assert [one for one in sentences if sentences.count(one) > 1] == []


def test_every_make_target_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    names = named(r"(?m)(?:^|`)make ([a-z-]+)")
    assert names
    assert {name: page for name, page in names.items() if name not in targets} == {}


def test_every_flag_named_exists() -> None:
    known = {option for action in build_parser()._actions for option in action.option_strings}
    names = named(r"(--(?:no-)?(?:collector|web|config|state|path|log)\.[a-z._-]*[a-z])\b")
    assert len(names) > 20
    # Other programs of the stack have flags that begin alike.
    others = {"--web.external-url", "--web.enable-lifecycle", "--web.enable-remote-write-receiver"}
    assert {name: page for name, page in names.items() if name not in known | others} == {}


def test_every_configuration_key_named_exists() -> None:
    names = named(rf"`((?:{'|'.join(msgspec.structs.asdict(Config()))})\.[a-z_]+)`")
    assert len(names) > 20
    files = {"journal.csv", "optimize.journal"}
    assert {name: page for name, page in names.items() if name not in configuration_keys() | files} == {}


def test_every_metric_named_exists() -> None:
    landed = LANDED.read_text(encoding="utf-8").replace("metric ", "").splitlines()
    known = {row.name for row in ROWS} | {row.name for row in SIMULATED_ROWS}
    names = named(r"\b(?<!:)((?:ecotrack|ecochain)_[a-z_]+[a-z])\b(?!:)")
    assert len(names) > 100
    unknown = {name: page for name, page in names.items() if name not in known}
    # Only the guide to upgrading names what is gone.
    gone = {name for name, page in unknown.items() if page == "upgrading.md" and name in landed}
    assert {name: page for name, page in unknown.items() if name not in gone} == {}


@pytest.mark.parametrize("name", ["README.md", "docs/explanation/what-the-numbers-mean.md"])
def test_documents_tell_the_factors_that_the_bands_have(name: str) -> None:
    """Each rung that a document names in a table or a list, with the factors of idle, half and full load."""
    text = " ".join((ROOT / name).read_text(encoding="utf-8").split())
    rungs = ("name", "generation", "thread", "average_aws", "cep", "calibrated_server", "calibrated")
    told = 0
    for rung in rungs:
        band = band_of(rung)
        told += f"{band.idle:g} / {band.mid:g} / {band.full:g}" in text
    assert told >= 4
    for figures in re.findall(r"\b([\d.]+) / ([\d.]+) / ([\d.]+)(?= \|)", text):
        assert tuple(map(float, figures)) in {(one.idle, one.mid, one.full) for one in map(band_of, rungs)}


COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def test_boards_are_counted_beside_other_programs_without_those_of_the_simulator() -> None:
    boards = [json.loads(path.read_bytes())["uid"] for path in (ROOT / "grafana/dashboards").glob("*.json")]
    simulated = sum(uid.startswith("ecochain-") for uid in boards)
    own, further = COUNTS[len(boards) - simulated], COUNTS[simulated]
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert f"the first of {own} Grafana boards (the simulator has {further} more)" in readme
    table = (ROOT / "docs/explanation/comparison.md").read_text(encoding="utf-8")
    assert f"| boards for Grafana | {own}, and {further} for its simulator |" in table


SIMULATED = ROOT / "docs/explanation/simulated-results.md"


def kept_results(experiment: str) -> Results:
    """Return the kept results of an experiment."""
    file = ROOT / "bench/results/experiments" / experiment / "results.json"
    return msgspec.json.decode(file.read_bytes(), type=Results)


def negative(change: Interval) -> Interval:
    """Return a change as what is less."""
    return Interval(mean=-change.mean, low=-change.high, high=-change.low)


def mean(experiment: str, method: str, measure: str) -> float:
    """Return a mean of the kept results."""
    results = json.loads((ROOT / "bench/results/experiments" / experiment / "results.json").read_bytes())
    found = [one["metrics"][measure]["mean"] for one in results["outcomes"] if one["method"] == method]
    return float(found[0])


def change_of(rivalry: Rivalry, measure: str) -> str:
    """Return how much less of a measure the method of a rivalry has, in percent, as the documents write it."""
    found = {one.measure: one for one in rivalry.comparisons}[measure].relative
    assert found is not None
    return with_half_width(negative(found), 100.0)


def test_the_page_tells_what_the_published_model_says() -> None:
    text = " ".join(SIMULATED.read_text(encoding="utf-8").split())
    told = re.search(r"table: ([\d.]+)% less energy and ([\d.]+)% less carbon than round robin", text)
    assert told
    for claim, measure, digits in zip(told.groups(), ("energy_joules", "emissions_grams"), (0, 1), strict=True):
        full, standard = (mean("baseline-published", method, measure) for method in ("full", "standard"))
        assert claim == f"{100 - 100 * full / standard:.{digits}f}"


@pytest.mark.parametrize("page", [ROOT / "README.md", SIMULATED], ids=lambda page: page.stem)
def test_documents_tell_what_the_saving_costs_in_latency(page: Path) -> None:
    """On time is not as soon: whoever reads the saving reads beside it that tasks take longer."""
    text = " ".join(page.read_text(encoding="utf-8").split())
    told = re.search(r"([\d.]+) s in (?:place of|the mean where the reference takes) ([\d.]+) s", text)
    assert told
    means = (mean("baseline-regions", method, "latency_seconds") for method in ("full", "least-loaded"))
    assert told.groups() == tuple(f"{one:.3f}" for one in means)


def test_the_readme_tells_what_is_left_beside_the_best_simple_method() -> None:
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    told = re.search(r"Against the best simple method .*?, it emits ([\d.]+ ± [\d.]+)% less", text)
    (best,) = (one for one in kept_results("peers-regions").rivalries if one.is_best_simple)
    assert told and told[1] == change_of(best, "emissions_grams")


def test_the_readme_tells_how_late_the_best_simple_method_is_and_how_far_the_headline_hangs() -> None:
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    told = re.search(r"as seldom to 0\.5 points \(([\d.]+)% of its tasks, the other's ([\d.]+)%\)", text)
    assert told
    late = (mean("peers-regions", method, "deadline_miss_ratio") for method in ("weighted-shifting", "least-loaded"))
    assert told.groups() == tuple(f"{100 * one:.2f}" for one in late)
    ends = re.search(r"halved or doubled moves the 84% to between (\d+)% and (\d+)%", text)
    found = kept_results("sensitivity-regions").sensitivity
    assert ends and isinstance(found, Sensitivity) and found.low is not None and found.high is not None
    assert ends.groups() == (f"{-100 * found.high:.0f}", f"{-100 * found.low:.0f}")


def test_the_page_tells_what_is_left_undone_beside_the_headline() -> None:
    text = " ".join(SIMULATED.read_text(encoding="utf-8").split())
    told = re.search(
        r"with ([\d.]+ ± [\d.]+) more unfinished tasks .*? at most ([\d.]+)% of the work, .*? own grams ([\d.]+) g, "
        r"which would leave ([\d.]+)%",
        text,
    )
    assert told
    left = left_over(kept_results("peers-regions"))["rolling-horizon"]
    assert left.work_ratio is not None and left.grams is not None
    grams = mean("peers-regions", "rolling-horizon", "emissions_grams") + left.grams
    of_reference = grams / mean("peers-regions", "least-loaded", "emissions_grams")
    assert told.groups() == (
        with_half_width(left.tasks),
        f"{100 * left.work_ratio:.1f}",
        f"{left.grams:.1f}",
        f"{100 - 100 * of_reference:.1f}",
    )


@pytest.mark.parametrize("page", [ROOT / "README.md", SIMULATED], ids=lambda page: page.stem)
def test_documents_lead_with_the_reference_at_equal_service(page: Path) -> None:
    text = " ".join(page.read_text(encoding="utf-8").split())
    told = re.search(
        r"emits ([\d.]+ ± [\d.]+)% less than a scheduler .*? uses ([\d.]+ ± [\d.]+)% less energy, "
        r"and is late no more often \((-?[\d.]+ ± [\d.]+) points; (\d+) paired",
        text,
    )
    assert told
    results = kept_results("baseline-regions")
    lead = results.rivalries[0]
    assert (lead.method, lead.against) == ("full", "least-loaded")
    assert not lead.serves_less and not lead.service_not_shown
    misses = {one.measure: one for one in lead.comparisons}["deadline_miss_ratio"].difference
    assert misses.low <= 0.0
    assert told.groups() == (
        change_of(lead, "emissions_grams"),
        change_of(lead, "energy_joules"),
        with_half_width(misses, 100.0),
        str(results.replications),
    )


def test_the_page_tells_what_is_saved_against_round_robin() -> None:
    text = " ".join(SIMULATED.read_text(encoding="utf-8").split())
    told = re.search(r"round robin, which is late with (\d+)% of the tasks, it emits ([\d.]+ ± [\d.]+)% less", text)
    assert told
    found = next(one for one in kept_results("baseline-regions").rivalries if one.against == "standard")
    late = mean("baseline-regions", "standard", "deadline_miss_ratio")
    assert told.groups() == (f"{100 * late:.0f}", change_of(found, "emissions_grams"))


def test_the_page_names_the_strongest_simple_method_and_what_is_left() -> None:
    text = " ".join(SIMULATED.read_text(encoding="utf-8").split())
    told = re.search(
        r"\(to 0\.5 points\), `([\w-]+)`, .*? emits ([\d.]+ ± [\d.]+)% less than that, .*? "
        r"\(([\d.]+ ± [\d.]+)% more\)",
        text,
    )
    assert told
    results = kept_results("peers-regions")
    best = next(one for one in results.rivalries if one.is_best_simple)
    estimated = next(one for one in results.estimates if one.method == best.method)
    regret = estimated.by_measure["regret_ratio"]
    interval = Interval(mean=regret.mean, low=regret.low, high=regret.high)
    assert told.groups() == (best.against, change_of(best, "emissions_grams"), with_half_width(interval, 100.0))


def test_the_page_tells_the_range_of_the_headline() -> None:
    text = " ".join(SIMULATED.read_text(encoding="utf-8").split())
    told = re.search(r"from (\d+)% to (\d+)% with one of them halved or doubled", text)
    found = kept_results("sensitivity-regions").sensitivity
    assert told and isinstance(found, Sensitivity)
    assert found.low is not None and found.high is not None
    assert told.groups() == (f"{-100 * found.high:.0f}", f"{-100 * found.low:.0f}")
    assert found.changes_sign == found.not_shown == []


def test_the_page_tells_what_waiting_alone_saves() -> None:
    text = " ".join(SIMULATED.read_text(encoding="utf-8").split())
    told = re.search(r"only waits for greener supply saves ([\d.]+ ± [\d.]+)%", text)
    assert told
    assert told[1] == change_of(kept_results("baseline-edge").rivalries[0], "emissions_grams")


def short(figure: float) -> str:
    """Return a figure as the page's table writes it."""
    if figure >= 1e6:
        return f"{figure / 1e6:.1f} M"
    return f"{figure / 1e3:.{1 if figure < 1e4 else 0}f} k"


def test_the_page_has_the_speeds_of_the_kept_bench() -> None:
    bench = (ROOT / "bench/results/simulator.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| ([\d,]+) \| ([\d,]+) \| [\d,]+ \| ([\d,]+) \|", bench, re.MULTILINE)
    nodes, alike, different, peer = zip(*([int(cell.replace(",", "")) for cell in row] for row in rows), strict=True)
    assert nodes == (4, 32, 1000)
    text = SIMULATED.read_text(encoding="utf-8")
    cell = r" ([\d.]+ [Mk]) \|"
    told = re.findall(rf"^\|[^|]+\|{cell}{cell}{cell}$", text, re.MULTILINE)
    assert told == [tuple(map(short, figures)) for figures in (different, alike, peer)]
