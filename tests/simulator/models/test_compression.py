"""The shipped profile, what it answers, and a real measurement of the smallest model."""

import json
from datetime import date
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from exporter.core.config import ConfigError
from simulator.models import profile as profile_module
from simulator.models.compression import PRECISIONS, measure
from simulator.models.networks import SHAPES, builders
from simulator.models.profile import MODELS, CompressionProfile, Measurement, encoded, load_profile
from simulator.scenario.tasks import TaskClassSection


def measurement(precision: str, *, energy: float, agreement: float, latency: float = 1.0) -> Measurement:
    return Measurement(
        model="mlp",
        precision=precision,
        size_bytes=100,
        latency_seconds=latency,
        energy_joules=energy,
        agreement_ratio=agreement,
    )


def profile(*measurements: Measurement) -> CompressionProfile:
    return CompressionProfile(measurements=measurements, torch_version="0", host="test", method="made up")


def test_the_shipped_profile_has_every_model_at_every_precision() -> None:
    shipped = load_profile()
    assert [(one.model, one.precision) for one in shipped.measurements] == [
        (model, precision) for model in MODELS for precision in PRECISIONS
    ]


def test_shipped_figures_are_possible() -> None:
    for one in load_profile().measurements:
        assert one.size_bytes > 0
        assert 0 < one.latency_seconds < 1
        assert 0 < one.energy_joules < 1
        assert 0 <= one.agreement_ratio <= 1
        assert one.agreement_ratio == 1 or one.precision != "fp32"


@pytest.mark.parametrize("model", MODELS)
def test_the_shipped_best_agrees_and_costs_no_more_than_fp32(model: str) -> None:
    shipped = load_profile()
    best = shipped.best(model)
    assert best.agreement_ratio >= 0.98
    assert best.energy_joules <= shipped.get(model, "fp32").energy_joules * 1.05
    assert shipped.time_ratio(model, "fp32") == 1


def test_best_takes_the_least_energy() -> None:
    made = profile(
        measurement("fp32", energy=4, agreement=1),
        measurement("int8", energy=2, agreement=0.99),
        measurement("pruned-int8", energy=1, agreement=0.99),
    )
    assert made.best("mlp").precision == "pruned-int8"


def test_best_keeps_the_agreement_asked_for() -> None:
    made = profile(measurement("fp32", energy=4, agreement=1), measurement("int8", energy=1, agreement=0.97))
    assert made.best("mlp").precision == "fp32"
    assert made.best("mlp", least_agreement=0.97).precision == "int8"


def test_best_does_not_choose_by_noise() -> None:
    made = profile(measurement("fp32", energy=1, agreement=1), measurement("pruned", energy=0.96, agreement=0.99))
    assert made.best("mlp").precision == "fp32"


def test_time_ratio_is_latency_over_fp32() -> None:
    made = profile(
        measurement("fp32", energy=1, agreement=1, latency=0.2), measurement("int8", energy=1, agreement=1, latency=0.5)
    )
    assert made.time_ratio("mlp", "int8") == 2.5


def test_what_was_not_measured_is_an_error() -> None:
    made = profile(measurement("fp32", energy=1, agreement=1))
    with pytest.raises(KeyError):
        made.time_ratio("mlp", "int4")
    with pytest.raises(KeyError):
        made.best("gpt")


def test_the_digest_changes_with_any_value() -> None:
    shipped = load_profile()
    changed = {shipped.digest()}
    for number, one in enumerate(shipped.measurements):
        for field in msgspec.structs.fields(Measurement):
            value = getattr(one, field.name)
            other = f"{value}x" if isinstance(value, str) else value * 2 + 1
            measurements = list(shipped.measurements)
            measurements[number] = msgspec.structs.replace(one, **{field.name: other})
            changed.add(msgspec.structs.replace(shipped, measurements=tuple(measurements)).digest())
    for field_name in ("torch_version", "host", "method"):
        changed.add(msgspec.structs.replace(shipped, **{field_name: "other"}).digest())
    assert len(changed) == 1 + 6 * len(shipped.measurements) + 3


def test_a_written_profile_loads_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    made = msgspec.structs.replace(load_profile(), date=date(2026, 3, 20))
    path.write_bytes(encoded(made))
    assert load_profile(path) == made
    assert load_profile(path).digest() == made.digest() != load_profile().digest()
    assert encoded(load_profile(path)) == path.read_bytes()


def test_a_profile_says_its_digest_in_its_file(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    path.write_bytes(encoded(load_profile()))
    assert json.loads(path.read_bytes())["digest"] == load_profile().digest()


def test_a_profile_that_was_changed_by_hand_is_told(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    path.write_bytes(encoded(load_profile()).replace(b"AMD EPYC", b"AMD EPIC"))
    with pytest.raises(ConfigError) as caught:
        load_profile(path)
    (told,) = caught.value.mistakes
    assert told.startswith(f"{path}: digest: expected that of its content, ")
    assert told.endswith("measure again, or remove the digest if you changed the file yourself")
    data = json.loads(path.read_bytes())
    del data["digest"]
    path.write_text(json.dumps(data), encoding="utf-8")
    assert load_profile(path).host.startswith("AMD EPIC")


def test_a_profile_of_some_models_gains_nothing_with_the_others(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    some = tuple(one for one in load_profile().measurements if one.model == "mlp")
    path.write_bytes(encoded(msgspec.structs.replace(load_profile(), measurements=some)))
    loaded = load_profile(path)
    assert loaded.models == ("mlp",)
    assert loaded.best_time_ratio("mlp") == load_profile().best_time_ratio("mlp") < 1
    assert loaded.best_time_ratio("audio") == 1


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"measurements": []}', b'{"digest": 1}', b"\xff", b"[" * 10_000])
def test_a_file_that_is_no_profile_is_told(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "profile.json"
    path.write_bytes(data)
    with pytest.raises(ConfigError, match="is not a compression profile"):
        load_profile(path)


def test_a_missing_profile_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_profile(tmp_path / "absent.json")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'"model": "cnn"', b'"model": "other"', "cnn: expected a measurement at fp32, got none"),
        (b'"precision": "fp32"', b'"precision": "fp64"', "mlp: expected a measurement at fp32, got none"),
        (b'"latency_seconds": ', b'"latency_seconds": -', "is not a compression profile: Expected `float` > 0"),
    ],
)
def test_a_profile_that_no_run_could_use_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: bytes, new: bytes, said: str
) -> None:
    path = tmp_path / "profile.json"
    path.write_bytes(profile_module.SHIPPED.read_bytes().replace(old, new))
    monkeypatch.setattr(profile_module, "SHIPPED", path)
    with pytest.raises(ConfigError) as caught:
        load_profile()
    assert caught.value.mistakes[0].startswith(f"{path}: {said}")


@pytest.mark.parametrize(("data", "said"), [(None, "cannot be read: "), (b"{}", "is not a compression profile: ")])
def test_a_shipped_profile_that_was_replaced_badly_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes | None, said: str
) -> None:
    path = tmp_path / "profile.json"
    monkeypatch.setattr(profile_module, "SHIPPED", path)
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(ConfigError, match=f"^{path}: {said}"):
        load_profile()


def test_every_model_of_a_profile_has_its_network() -> None:
    assert tuple(builders()) == tuple(SHAPES) == MODELS


def test_task_classes_may_ask_for_the_models_of_a_profile() -> None:
    (model,) = (field for field in msgspec.structs.fields(TaskClassSection) if field.name == "model")
    assert set(get_args(get_args(model.type)[0])) == set(MODELS)


@pytest.mark.slow
def test_the_smallest_model_can_be_measured() -> None:
    heard: list[str] = []
    measured = measure(heard.append, models=["lstm"], rounds=2)
    assert heard[0] == "measuring lstm at fp32, int8, pruned, pruned-int8, model 1 of 1"
    assert (len(heard) == 2) == ("this machine was busy" in heard[-1])
    assert [one.precision for one in measured.measurements] == list(PRECISIONS)
    assert measured.get("lstm", "fp32").agreement_ratio == 1
    # A byte for each weight in place of four; the rest is offsets and the archive's own.
    assert measured.get("lstm", "int8").size_bytes < measured.get("lstm", "fp32").size_bytes / 2
    assert all(one.latency_seconds > 0 and one.energy_joules > 0 for one in measured.measurements)


@pytest.mark.slow
def test_measuring_leaves_torch_as_it_was() -> None:
    import torch  # noqa: PLC0415 - as the measurement itself loads it

    before = torch.get_num_threads(), torch.backends.quantized.engine, torch.backends.mha.get_fastpath_enabled()
    state = torch.random.get_rng_state()
    measure(lambda _: None, models=["lstm"], rounds=1)
    assert before == (
        torch.get_num_threads(),
        torch.backends.quantized.engine,
        torch.backends.mha.get_fastpath_enabled(),
    )
    assert torch.equal(state, torch.random.get_rng_state())


@pytest.mark.full
def test_every_model_can_be_measured() -> None:
    measured = measure(lambda _: None, rounds=3)
    assert len(measured.measurements) == len(MODELS) * len(PRECISIONS)
    for model in MODELS:
        assert measured.best(model).agreement_ratio >= 0.98
