"""The cost of the ledger: the shipped profile, a measurement, and the host where it is measured."""

from pathlib import Path

import msgspec
import pytest

from exporter.core.config import ConfigError
from simulator.ledger.cost import cost_profile
from simulator.ledger.cost.cost_profile import CostProfile, shipped_profile
from simulator.ledger.cost.measure import Models, measure_costs
from simulator.models.host import host_name


def joules(profile: CostProfile) -> list[float]:
    fields = (field.name for field in msgspec.structs.fields(CostProfile))
    return [getattr(profile, name) for name in fields if name.startswith("joules_per_")]


def test_shipped_costs_are_of_a_processor() -> None:
    # Between a microsecond and ten milliseconds of a core at a few watts.
    assert all(1e-6 < one < 1e-1 for one in joules(shipped_profile()))


@pytest.mark.parametrize(
    ("data", "said"), [(None, "cannot be read: "), (b'{"host": "x"}', "is not a profile of ledger costs, as ")]
)
def test_a_profile_that_was_replaced_badly_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes | None, said: str
) -> None:
    path = tmp_path / "cost_profile.json"
    monkeypatch.setattr(cost_profile, "SHIPPED", path)
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(ConfigError, match=f"^{path}: {said}"):
        shipped_profile()


def test_checking_a_signature_costs_more_than_making_one() -> None:
    # Ed25519 multiplies one point to sign and two to verify (RFC 8032, 2017).
    profile = shipped_profile()
    assert profile.joules_per_attestation > profile.joules_per_signature


def test_the_digest_changes_with_any_value() -> None:
    shipped = shipped_profile()
    changed = {shipped.digest()}
    for field in msgspec.structs.fields(CostProfile):
        value = getattr(shipped, field.name)
        other = f"{value}x" if isinstance(value, str) else value * 2
        changed.add(msgspec.structs.replace(shipped, **{field.name: other}).digest())
    assert len(changed) == 1 + len(msgspec.structs.fields(CostProfile))


def test_costs_can_be_measured_here() -> None:
    models = Models(digests=(b"m" * 32,), execute=lambda _, seed: seed % 10)
    measured = measure_costs(host="a host", core_watts=3.5, source="a table", models=models, rounds=1)
    assert all(one > 0 for one in joules(measured))
    assert measured.joules_per_claim > measured.joules_per_signature
    assert measured.host == "a host"
    assert "times 3.5 W per core (a table)" in measured.method


def test_a_host_is_named_by_its_processor(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nmodel name\t: Example 9000\nprocessor\t: 1\nmodel name\t: Example 9000\n")
    assert host_name(cpuinfo).startswith("Example 9000, ")


def test_a_host_without_cpuinfo_has_a_name(tmp_path: Path) -> None:
    assert host_name(tmp_path / "absent").count(", ") == 2
