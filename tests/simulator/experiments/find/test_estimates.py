"""Results on disk, read back for dashboards."""

import json
from pathlib import Path

import pytest

from exporter.core.config import ConfigError
from simulator.experiments.find.estimates import FORMAT, Estimate, load_estimates


def write(folder: Path, document: object) -> None:
    folder.mkdir(parents=True)
    (folder / "results.json").write_text(json.dumps(document), encoding="utf-8")


def estimated(method: str) -> dict[str, object]:
    return {
        "experiment": "baseline",
        "scenario": "edge",
        "method": method,
        "metrics": {"energy_joules": {"mean": 2.0, "low": 1.0, "high": 3.0}},
    }


def test_outcomes_of_all_folders_are_read(tmp_path: Path) -> None:
    write(tmp_path / "peers-edge", {"outcomes": [estimated("joint")], "more": 1})
    write(tmp_path / "baseline-edge", {"outcomes": [estimated("standard"), estimated("full")]})
    found = load_estimates(tmp_path)
    assert [one.method for one in found] == ["standard", "full", "joint"]
    assert found[0].by_measure["energy_joules"] == Estimate(mean=2.0, low=1.0, high=3.0, published=None)


def test_a_single_experiment_is_read_by_its_own_folder(tmp_path: Path) -> None:
    write(tmp_path / "one", {"outcomes": [estimated("full")]})
    assert len(load_estimates(tmp_path / "one")) == 1


def test_a_folder_without_results_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"expected folders with a results\.json, got none"):
        load_estimates(tmp_path / "absent")


@pytest.mark.parametrize("text", ["", "[]", '{"outcomes": [{"method": 3}]}', '{"outcomes": [\xff]}'])
def test_another_file_is_a_mistake_of_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "results.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError) as caught:
        load_estimates(tmp_path)
    assert len(caught.value.mistakes) == 1
    assert str(tmp_path / "results.json") in caught.value.mistakes[0]


def test_results_of_the_first_format_are_read() -> None:
    found = load_estimates(Path(__file__).parent / "fixtures/format-1")
    assert [one.method for one in found] == [
        "standard",
        "compression-only",
        "energy-aware-only",
        "ledger-only",
        "full",
    ]
    assert found[0].by_measure["energy_joules"].published == pytest.approx(0.0281 * 3.6e6)


def test_results_of_a_newer_format_are_refused_with_what_to_do(tmp_path: Path) -> None:
    write(tmp_path / "one", {"format": FORMAT + 1, "outcomes": [estimated("full")]})
    with pytest.raises(ConfigError) as caught:
        load_estimates(tmp_path)
    assert caught.value.mistakes == [
        f"{tmp_path}/one/results.json: has format {FORMAT + 1} of a newer version of ecochain: "
        "run the experiment again here"
    ]
