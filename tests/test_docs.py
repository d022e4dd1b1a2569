"""The existence of everything that the documents point at: files, headings, make targets, flags, keys, metrics."""

import json
import re
from pathlib import Path

import msgspec
import pytest

from exporter.cli import build_parser
from exporter.exposition.rows import ROWS
from exporter.power.band import band_of
from scripts.reference import configuration_keys
from simulator.experiments.find.results import Results
from simulator.experiments.find.statistics import Interval
from simulator.experiments.write.display import with_half_width
from simulator.live.exposition.rows import ROWS as SIMULATED_ROWS
from tests.test_formats import LANDED

ROOT = Path(__file__).parent.parent
PAGES = sorted(path for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")] if ".venv" not in path.parts)

LINK = re.compile(r"\[[^\]]*\]\((?!https?:)(?P<file>[^)#\s]*)(?:#(?P<anchor>[^)\s]*))?\)")


LONG_SENTENCE = 40
"""Characters from which on nobody writes the same sentence twice by chance; a merge does."""


def anchors(page: Path) -> set[str]:
    """Return the names that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for match in LINK.finditer(page.read_text(encoding="utf-8")):
        target = (page.parent / match["file"]).resolve() if match["file"] else page
        assert target.exists(), match[0]
        if match["anchor"]:
            assert match["anchor"] in anchors(target), match[0]


def test_the_index_leads_to_every_page_once() -> None:
    index = ROOT / "docs/README.md"
    linked = [(index.parent / match["file"]).resolve() for match in LINK.finditer(index.read_text(encoding="utf-8"))]
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
    names = named(r"(--(?:web|config|state|path|log)\.[a-z.-]*[a-z])\b")
    # Other programs of the stack have flags that begin alike.
    others = {"--web.external-url", "--web.enable-lifecycle"}
    assert {name: page for name, page in names.items() if name not in known | others} == {}


def test_every_configuration_key_named_exists() -> None:
    names = named(r"`((?:sampling|power|meter|network|grid|budget|ecoguard)\.[a-z_]+)`")
    assert names
    assert {name: page for name, page in names.items() if name not in configuration_keys()} == {}


def test_every_metric_named_exists() -> None:
    landed = LANDED.read_text(encoding="utf-8").replace("metric ", "").splitlines()
    known = {row.name for row in ROWS} | {row.name for row in SIMULATED_ROWS}
    names = named(r"\b(?<!:)((?:ecotrack|ecochain)_[a-z_]+[a-z])\b(?!:)")
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


def test_the_readme_tells_what_the_kept_results_say() -> None:
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    measures = ("energy_joules", "emissions_grams")
    told = re.search(r"table: ([\d.]+)% less energy and ([\d.]+)% less carbon than round robin", text)
    saved = re.search(r"misses (\d+)% of its deadlines, it uses (\d+)% less energy and emits (\d+)% less", text)
    first = re.search(
        r"emits ([\d.]+ ± [\d.]+)% less than a .*? uses ([\d.]+ ± [\d.]+)% less energy, and is late no more often "
        r"\((-?[\d.]+ ± [\d.]+) points; (\d+) paired",
        text,
    )
    assert told and saved and first
    assert saved[1] == f"{100 * mean('baseline-edge', 'standard', 'deadline_miss_ratio'):.0f}"
    lead = kept_results("baseline-edge").rivalries[0]
    changes = {one.measure: one for one in lead.comparisons}
    assert (lead.method, lead.against, lead.serves_less) == ("full", "least-loaded", False)
    assert changes["deadline_miss_ratio"].difference.low <= 0.0
    assert first[3] == with_half_width(changes["deadline_miss_ratio"].difference, 100.0)
    assert int(first[4]) == kept_results("baseline-edge").replications
    for told_change, measure in zip(first.groups()[:2], ("emissions_grams", "energy_joules"), strict=True):
        change = changes[measure].relative
        assert change is not None
        assert told_change == with_half_width(negative(change), 100.0)
    for place, measure in enumerate(measures, start=1):
        claims = ((told[place], "baseline-published", place - 1), (saved[place + 1], "baseline-edge", 0))
        for claim, folder, digits in claims:
            reduction = 100 - 100 * mean(folder, "full", measure) / mean(folder, "standard", measure)
            assert claim == f"{reduction:.{digits}f}"


def test_the_readme_tells_what_sleep_would_save_and_cost() -> None:
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    told = re.search(
        r"emits ([\d.]+ ± [\d.]+)% less where idle nodes sleep, and is late with ([\d.]+ ± [\d.]+) points more", text
    )
    assert told
    peers = kept_results("peers-edge")
    assert peers.reference == "least-loaded"
    found = {one.measure: one for one in peers.comparisons if one.method == "consolidation"}
    change = found["emissions_grams"].relative
    assert change is not None
    assert told[1] == with_half_width(negative(change), 100.0)
    assert told[2] == with_half_width(found["deadline_miss_ratio"].difference, 100.0)


def short(figure: float) -> str:
    """Return a figure as the README's tables write it."""
    if figure >= 1e6:
        return f"{figure / 1e6:.1f} M"
    return f"{figure / 1e3:.{1 if figure < 1e4 else 0}f} k"


def test_the_readme_has_the_speeds_of_the_kept_bench() -> None:
    bench = (ROOT / "bench/results/simulator.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| ([\d,]+) \| ([\d,]+) \| [\d,]+ \| ([\d,]+) \|", bench, re.MULTILINE)
    nodes, alike, different, peer = zip(*([int(cell.replace(",", "")) for cell in row] for row in rows), strict=True)
    assert nodes == (4, 32, 1000)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    cell = r" ([\d.]+ [Mk]) \|"
    told = re.findall(rf"^\|[^|]+\|{cell}{cell}{cell}$", text, re.MULTILINE)
    assert told == [tuple(map(short, figures)) for figures in (different, alike, peer)]
