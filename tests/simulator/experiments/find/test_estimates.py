"""Results on disk, read back for dashboards."""

import json
from pathlib import Path

import pytest

from exporter.core.config import ConfigError
from simulator.experiments.find.estimates import FORMAT, Estimate, Origin, ShownResults, load_shown_results


def write(folder: Path, document: object) -> None:
    folder.mkdir(parents=True)
    (folder / "results.json").write_text(json.dumps(document), encoding="utf-8")


def results(*methods: str, **more: object) -> dict[str, object]:
    """Return a document with these methods."""
    whose = {"experiment": "baseline", "scenario": "edge"}
    metrics = {"energy_joules": {"mean": 2.0, "low": 1.0, "high": 3.0}}
    outcomes = [{**whose, "method": method, "metrics": metrics} for method in methods]
    kept = {**whose, "reference": "standard", "outcomes": outcomes, "comparisons": [], "provenance": {}}
    return kept | more


def methods(found: list[ShownResults]) -> list[str]:
    return [one.method for shown in found for one in shown.estimates]


def test_outcomes_of_all_folders_are_read(tmp_path: Path) -> None:
    write(tmp_path / "peers-edge", results("joint", more=1))
    write(tmp_path / "baseline-edge", results("standard", "full"))
    found = load_shown_results(tmp_path)
    assert methods(found) == ["standard", "full", "joint"]
    assert found[0].estimates[0].by_measure["energy_joules"] == Estimate(mean=2.0, low=1.0, high=3.0, published=None)


def test_changes_and_digests_are_read(tmp_path: Path) -> None:
    change = {"method": "full", "measure": "energy_joules", "relative": {"mean": -0.5, "low": -0.6, "high": -0.4}}
    unknown = {"method": "full", "measure": "cost_dollars", "relative": None, "p_value": 0.5}
    origin = {"inputs": "ab", "environment": "cd", "versions": {}}
    write(tmp_path / "one", results("full", comparisons=[change, unknown], provenance=origin))
    (found,) = load_shown_results(tmp_path)
    assert found.changes[0].relative == Estimate(mean=-0.5, low=-0.6, high=-0.4)
    assert found.changes[1].relative is None
    assert found.origin == Origin(inputs="ab", environment="cd")


def test_a_single_experiment_is_read_by_its_own_folder(tmp_path: Path) -> None:
    write(tmp_path / "one", results("full"))
    assert methods(load_shown_results(tmp_path / "one")) == ["full"]


def test_a_folder_without_results_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"expected folders with a results\.json, got none"):
        load_shown_results(tmp_path / "absent")


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"outcomes": [{"method": 3}]}', '{"outcomes": [\xff]}', f'{{"more": {"[" * 10_000}{"]" * 10_000}}}'],
    ids=["nothing", "a list", "another type", "no text", "deep"],
)
def test_another_file_is_a_mistake_of_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "results.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError) as caught:
        load_shown_results(tmp_path)
    assert len(caught.value.mistakes) == 1
    assert str(tmp_path / "results.json") in caught.value.mistakes[0]


def test_results_of_the_first_format_are_read() -> None:
    found = load_shown_results(Path(__file__).parent / "fixtures/format-1")
    assert methods(found) == [
        "standard",
        "compression-only",
        "energy-aware-only",
        "ledger-only",
        "full",
    ]
    assert found[0].estimates[0].by_measure["energy_joules"].published == pytest.approx(0.0281 * 3.6e6)


def test_results_of_a_newer_format_are_refused_with_what_to_do(tmp_path: Path) -> None:
    write(tmp_path / "one", results("full", format=FORMAT + 1))
    with pytest.raises(ConfigError) as caught:
        load_shown_results(tmp_path)
    assert caught.value.mistakes == [
        f"{tmp_path}/one/results.json: has format {FORMAT + 1} of a newer version of ecochain: "
        "run the experiment again here"
    ]
