"""Strategies find what would help, estimate it with a range and a basis, or say that nobody knows."""

from pathlib import Path

import pytest

from exporter.activity.window import Activity
from exporter.config import Config
from exporter.core.config import ConfigError, convert
from exporter.core.units import GramsPerKwh, Ratio, Seconds
from exporter.optimize.found import Estimate, Finding, Found
from exporter.optimize.power_management import BRIGHT_ENOUGH, DISK_AT_REST_WATTS
from exporter.optimize.processes import BusyProcess, busy_processes
from exporter.optimize.setting import Change, Kind
from exporter.optimize.situation import Situation
from exporter.optimize.strategies import STRATEGIES
from exporter.sources.processes.stat import ProcessReader
from tests.exporter import hosts
from tests.exporter.optimize.machine import LAPTOP_MODE, POLICY, SCREEN, USB, Laptop, laptop

HALF_BUSY = Situation(
    model=hosts.configured_host(10.0, 50.0),
    cpus=4,
    utilization=Ratio(0.5),
    busy=(BusyProcess(pid=7, name="encoder", cpus=1.0),),
    activity=Activity.STREAMING,
)


@pytest.fixture
def machine(tmp_path: Path) -> Laptop:
    return laptop(tmp_path)


def found(machine: Laptop, strategy: str, situation: Situation = HALF_BUSY) -> Found:
    return Found(strategy=strategy, findings=STRATEGIES[strategy].look(machine.roots, situation))


def shown_changes(one: Found) -> tuple[Change, ...]:
    return tuple(change for finding in one.findings for change in finding.changes)


def estimates(one: Found) -> list[Estimate]:
    return [finding.estimate for finding in one.findings if finding.estimate is not None]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_advice_has_an_estimate_with_a_basis_and_a_range_or_none(machine: Laptop, strategy: str) -> None:
    for finding in found(machine, strategy).findings:
        assert finding.text.endswith(".")
        if finding.changes:
            assert finding.estimate is not None
        if finding.estimate is not None:
            low, high = finding.estimate.low, finding.estimate.high
            assert len(finding.estimate.basis) > 10
            assert (low is None) is (high is None)
            assert low is None or high is None or 0.0 <= low < high


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_is_shown_is_what_is_set(machine: Laptop, strategy: str) -> None:
    assert shown_changes(found(machine, strategy)) == STRATEGIES[strategy].changes(machine.roots)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_nothing_is_left_to_set_once_it_is_set(machine: Laptop, strategy: str) -> None:
    for one in STRATEGIES[strategy].changes(machine.roots):
        one.setting.write(machine.roots, one.new)
    assert STRATEGIES[strategy].changes(machine.roots) == ()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_machine_without_any_of_it_has_nothing_to_set(tmp_path: Path, strategy: str) -> None:
    empty = Laptop(tmp_path)
    one = found(empty, strategy, Situation())
    assert shown_changes(one) == ()
    assert one.savings() is None
    assert one.grams_per_day(GramsPerKwh(475.0)) is None
    assert one.findings


def test_savings_are_the_sum_of_what_is_known() -> None:
    known = Finding(text="a.", estimate=Estimate(basis="a study", low=1.0, high=2.0))  # type: ignore[arg-type]
    unknown = Finding(text="b.", estimate=Estimate(basis="nobody knows"))
    one = Found(strategy="reduce_cpu", findings=(known, unknown, known))
    assert one.savings() == (2.0, 4.0)
    assert one.grams_per_day(GramsPerKwh(500.0)) == pytest.approx((24.0, 48.0))
    assert one.grams_per_day(None) is None


def test_a_busy_process_costs_its_share_of_the_models_span(machine: Laptop) -> None:
    finding = found(machine, "reduce_cpu").findings[0]
    assert finding.text == "1 process keeps more than half a CPU busy, 1.0 CPUs in all."
    assert finding.private == "encoder (process 7) 1.0 CPUs"
    estimate = finding.estimate
    assert estimate is not None
    assert estimate.low is not None
    assert estimate.high is not None
    factor = HALF_BUSY.model.band.at(Ratio(0.5)) if HALF_BUSY.model else 0.0
    # A quarter of the CPUs, of a machine that draws 40 W more when all are busy.
    assert (estimate.low, estimate.high) == pytest.approx((10.0 / factor, 10.0 * factor))


def test_without_a_model_or_a_load_the_cost_is_unknown(machine: Laptop) -> None:
    one = found(machine, "reduce_cpu", Situation(busy=HALF_BUSY.busy))
    assert one.savings() is None


@pytest.mark.parametrize(
    ("driver", "known", "chosen"),
    [
        ("intel_pstate", "performance powersave", "powersave"),
        ("amd-pstate-epp", "performance powersave", "powersave"),
        ("acpi-cpufreq", "conservative ondemand powersave performance schedutil", "schedutil"),
        ("acpi-cpufreq", "ondemand powersave performance", "ondemand"),
        ("acpi-cpufreq", "powersave performance", None),
    ],
)
def test_the_governor_follows_the_load_and_never_keeps_to_the_lowest_frequency(
    machine: Laptop, driver: str, known: str, chosen: str | None
) -> None:
    policy = f"sys/{POLICY.format(0)}"
    machine.put(f"{policy}/scaling_driver", driver)
    machine.put(f"{policy}/scaling_available_governors", known)
    new = {one.setting.attribute: one.new for one in STRATEGIES["reduce_cpu"].changes(machine.roots)}
    assert new.get(f"{policy}/scaling_governor") == chosen


def test_governors_come_before_preferences(machine: Laptop) -> None:
    kinds = [one.setting.kind for one in STRATEGIES["reduce_cpu"].changes(machine.roots)]
    assert kinds == [Kind.GOVERNOR] * 2 + [Kind.PREFERENCE] * 2


def test_input_devices_and_disks_stay_awake(machine: Laptop) -> None:
    changed = {one.setting.attribute for one in STRATEGIES["power_management"].changes(machine.roots)}
    assert f"sys/{USB}/1-2/power/control" in changed
    assert f"sys/{USB}/1-3/power/control" not in changed
    machine.put(f"sys/{USB}/1-2/1-2:1.0/bInterfaceClass", "08")
    changed = {one.setting.attribute for one in STRATEGIES["power_management"].changes(machine.roots)}
    assert f"sys/{USB}/1-2/power/control" not in changed


@pytest.mark.parametrize(("brightness", "is_dimmed"), [(1000, True), (667, True), (666, False), (10, False)])
def test_a_screen_is_dimmed_only_where_it_is_brighter_than_two_thirds(
    machine: Laptop, brightness: int, is_dimmed: bool
) -> None:
    machine.put(f"sys/{SCREEN}/brightness", str(brightness))
    changed = {one.setting.attribute: one.new for one in STRATEGIES["power_management"].changes(machine.roots)}
    assert changed.get(f"sys/{SCREEN}/brightness") == ("666" if is_dimmed else None)


def test_dimming_saves_in_proportion(machine: Laptop) -> None:
    (one,) = [
        finding.estimate
        for finding in found(machine, "power_management").findings
        if any(change.setting.kind is Kind.BACKLIGHT for change in finding.changes)
    ]
    assert one is not None
    assert one.low == pytest.approx((1.0 - BRIGHT_ENOUGH) / 0.7, rel=0.01)
    assert one.high == pytest.approx(3.0 * (1.0 - BRIGHT_ENOUGH) / 0.7, rel=0.01)


def test_a_disk_that_does_not_rotate_needs_neither_laptop_mode_nor_a_spin_down(machine: Laptop) -> None:
    assert any(one.high == DISK_AT_REST_WATTS for one in estimates(found(machine, "power_management")))
    machine.put("sys/block/sda/queue/rotational", "0")
    one = found(machine, "power_management")
    assert LAPTOP_MODE not in {change.setting.attribute for change in shown_changes(one)}
    assert not any("rotates" in finding.text for finding in one.findings)


def test_a_disk_that_a_hypervisor_lends_does_not_rotate(machine: Laptop) -> None:
    (machine.root / "sys/block/sda").rename(machine.root / "sys/block/vda")
    assert not any("otates" in finding.text for finding in found(machine, "power_management").findings)


def test_the_network_is_counted_by_state_and_advised_by_activity(tmp_path: Path) -> None:
    net = tmp_path / "proc/1/net"
    net.mkdir(parents=True)
    line = "   0: 0100007F:1F90 0100007F:C350 {} 00000000:00000000 00:00000000 00000000     0        0 1\n"
    (net / "tcp").write_text("  sl  local_address ...\n" + line.format("01") * 3 + line.format("08"))
    card = tmp_path / "sys/class/net/eth0"
    (card / "device").mkdir(parents=True)
    (card / "speed").write_text("10000\n")
    texts = [finding.text for finding in found(Laptop(tmp_path), "optimize_network").findings]
    assert texts == [
        "TCP connections by state: 3 established, 1 close_wait.",
        "The link of eth0 runs at 10,000 Mbit/s.",
        "It is streaming.",
    ]


def test_the_configuration_knows_the_same_strategies_each_once() -> None:
    assert convert({"optimize": {"strategies": list(STRATEGIES)}}, Config, origin="here").optimize.strategies
    for wrong, told in ((["turbo"], "expected one of"), (["reduce_cpu", "reduce_cpu"], "each strategy once")):
        with pytest.raises(ConfigError, match=told):
            convert({"optimize": {"strategies": wrong}}, Config, origin="here")


STAT = "{pid} ({name}) S 1 1 1 0 -1 4194304 100 0 0 0 {user} {system} 0 0 20 0 1 0 {started} 1000 10\n"


def test_processes_are_told_apart_by_id_and_start(tmp_path: Path) -> None:
    def put(pid: int, name: str, ticks: int, started: int) -> None:
        (tmp_path / str(pid)).mkdir(exist_ok=True)
        text = STAT.format(pid=pid, name=name, user=ticks, system=0, started=started)
        (tmp_path / str(pid) / "stat").write_text(text)

    for pid, name in ((1, "init"), (2, "a) S (b"), (3, "ends"), (4, "is replaced")):
        put(pid, name, 100, 5)
    (tmp_path / "self").mkdir()
    before = ProcessReader(tmp_path).read()
    put(2, "a) S (b", 100 + 800, 5)
    put(4, "new", 900, 77)
    (tmp_path / "3/stat").unlink()
    put(1, "init", 100 + 500, 5)
    busy = busy_processes(before, ProcessReader(tmp_path).read(), Seconds(10.0))
    assert busy == (BusyProcess(pid=2, name="a) S (b", cpus=0.8),)
