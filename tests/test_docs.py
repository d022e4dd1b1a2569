"""What the documents point at exists: files, headings, make targets, flags, configuration keys, metrics."""

import json
import math
import re
from pathlib import Path

import pytest

from exporter.cli import build_parser
from exporter.exposition.rows import ROWS
from exporter.power import presets
from scripts.reference import configuration_keys
from simulator.live.exposition.rows import ROWS as SIMULATED_ROWS

ROOT = Path(__file__).parent.parent
PAGES = sorted(path for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")] if ".venv" not in path.parts)

LINK = re.compile(r"\[[^\]]*\]\((?!https?:)(?P<file>[^)#\s]*)(?:#(?P<anchor>[^)\s]*))?\)")


def anchors(page: Path) -> set[str]:
    """The names that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def named(pattern: str) -> dict[str, str]:
    """Everything that a pattern finds in the documents, with one page that has it."""
    found: dict[str, str] = {}
    for page in PAGES:
        for name in re.findall(pattern, page.read_text(encoding="utf-8")):
            found[name] = page.name
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for match in LINK.finditer(page.read_text(encoding="utf-8")):
        target = (page.parent / match["file"]).resolve() if match["file"] else page
        assert target.exists(), match[0]
        if match["anchor"]:
            assert match["anchor"] in anchors(target), match[0]


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
    names = named(r"`((?:sampling|power|network|grid|budget|ecoguard)\.[a-z_]+)`")
    assert names
    assert {name: page for name, page in names.items() if name not in configuration_keys()} == {}


def test_every_metric_named_exists() -> None:
    known = {row.name for row in ROWS} | {row.name for row in SIMULATED_ROWS}
    names = named(r"\b(?<!:)((?:ecotrack|ecochain)_[a-z_]+[a-z])\b(?!:)")
    assert {name: page for name, page in names.items() if name not in known} == {}


TOLD_BANDS = {
    "README.md": ("cep", "cloud", "configured"),
    "docs/explanation/what-the-numbers-mean.md": ("cep", "cloud", "configured", "network"),
    "docs/how-to/calibrate-power.md": ("cep", "cloud", "configured"),
}
"""Which bands a document tells."""


@pytest.mark.parametrize("name", TOLD_BANDS)
def test_documents_tell_the_bands_of_the_presets_and_how_far_whole_servers_lie_outside(name: str) -> None:
    text = " ".join((ROOT / name).read_text(encoding="utf-8").split())
    bands = {
        "cep": presets.CEP_UNCERTAINTY,
        "cloud": presets.CLOUD_UNCERTAINTY,
        "configured": presets.CONFIGURED_UNCERTAINTY,
        "network": presets.NETWORK_UNCERTAINTY,
    }
    assert set(re.findall(r"±\d+%", text)) == {f"±{bands[one].value:.0%}" for one in TOLD_BANDS[name]}
    edges = (
        (presets.CEP_SERVERS_IDLE, presets.CEP_SERVERS_FULL),
        (presets.CLOUD_SERVERS_FULL, presets.CLOUD_SERVERS_IDLE),
    )
    for least, most in edges:
        assert re.search(rf"\b{least.value:g}(?: \([a-z ]+\))? to {most.value:g}\b", text)


@pytest.mark.parametrize("figure", ["76.8%", "36-43%", "19-20%", "10.47", "24.62", "3.03"])
def test_each_figure_behind_the_bands_has_one_home(figure: str) -> None:
    pattern = re.compile(rf"(?<![\d.]){re.escape(figure)}(?!\d)")
    homes = [page.name for page in PAGES for _ in pattern.finditer(page.read_text(encoding="utf-8"))]
    assert homes == ["constants.md"]


def mean(experiment: str, method: str, measure: str) -> float:
    """A mean among the kept results."""
    results = json.loads((ROOT / "bench/results/experiments" / experiment / "results.json").read_bytes())
    found = [one["metrics"][measure]["mean"] for one in results["outcomes"] if one["method"] == method]
    return float(found[0])


def test_the_readme_tells_what_the_kept_results_say() -> None:
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    measures = ("energy_joules", "emissions_grams")
    told = re.search(r"table: ([\d.]+)% less energy and ([\d.]+)% less carbon than round robin", text)
    saved = re.search(r"uses (\d+)% less energy and emits (\d+)% less than round robin", text)
    above = re.search(r"comes within (\d+)% of its energy and (\d+)% of its carbon", text)
    assert told and saved and above
    for place, measure in enumerate(measures, start=1):
        for claim, folder, digits in ((told, "baseline-published", place - 1), (saved, "baseline-edge", 0)):
            reduction = 100 - 100 * mean(folder, "full", measure) / mean(folder, "standard", measure)
            assert claim[place] == f"{reduction:.{digits}f}"
        queues, whole = mean("peers-edge", "least-loaded", measure), mean("baseline-edge", "full", measure)
        assert above[place] == str(math.ceil(100 * queues / whole - 100))
