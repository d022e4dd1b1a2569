"""The components are disjoint and sum to the machine, whatever mixture of sensors and models is in force."""

import math
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.units import Joules, MonotonicSeconds, Ratio, Watts
from exporter.power.allocation import MOST_PENDING, Allocation, Load, Pending, allocate
from exporter.power.band import Band
from exporter.power.component import PRECEDENCE, Component, Coverage, Scope, Sensor
from exporter.power.model import HostPowerModel
from exporter.power.provenance import in_force
from exporter.usage.sensors import Measured
from exporter.usage.span import Span

MODEL = HostPowerModel(
    idle=Watts(50.0),
    full=Watts(115.0),
    source="cep",
    model="cep",
    band=Band(idle=2.0, mid=2.0, full=2.0),
    idle_of={Component.CPU: Watts(15.0), Component.MEMORY: Watts(3.0)},
)

SOURCES = {
    Coverage.PACKAGE: "rapl",
    Coverage.MEMORY: "rapl",
    Coverage.DISK: "hwmon",
    Coverage.GPU: "nvml",
    Coverage.MACHINE: "meter",
    Coverage.DETAIL: "rapl",
}

TRUE_WATTS = {
    Coverage.PACKAGE: 30.0,
    Coverage.MEMORY: 4.0,
    Coverage.DISK: 6.0,
    Coverage.GPU: 20.0,
    Coverage.MACHINE: 130.0,
    Coverage.DETAIL: 11.0,
}
"""Figures of the sensors of these tests, second by second."""


def span(start: float, end: float) -> Span:
    return Span(start=MonotonicSeconds(start), end=MonotonicSeconds(end))


def measured(covers: Coverage, over: Span, *, watts: float | None = None, source: str | None = None) -> Measured:
    power = TRUE_WATTS[covers] if watts is None else watts
    sensor = Sensor(source=source or SOURCES[covers], covers=covers, factor=1.05, description="a fake")
    return Measured(sensor=sensor, energy=Joules(power * over.length), span=over)


def load(over: Span, utilization: float = 0.5) -> Load:
    return Load(utilization=Ratio(utilization), span=over)


def one_sample(*sensors: Measured) -> Allocation:
    over = span(0.0, 5.0)
    return allocate(MODEL, load(over, 0.5), sensors, {}, over.start)


@dataclass(slots=True)
class Machine:
    """A machine with samples of five seconds in which any part may fail, and each second booked by the rule itself."""

    pending: Pending = field(default_factory=dict)
    booked: dict[Component, float] = field(default_factory=dict)
    sensor_seconds: dict[int, set[Coverage]] = field(default_factory=dict)
    last_good: dict[Coverage, int] = field(default_factory=dict)
    cpu_good: int | None = None
    modelled_until: int = 0

    def sample(self, end: int, works: set[Coverage], *, cpu: bool) -> Allocation:
        told = []
        for covers in Coverage:
            if covers in works:
                # A sensor is replaced while it fails: only two good readings in a row measure.
                if self.last_good.get(covers) == end - 5:
                    told.append(measured(covers, span(end - 5, end)))
                    for second in range(end - 5, end):
                        self.sensor_seconds.setdefault(second, set()).add(covers)
                self.last_good[covers] = end
        usage = load(span(self.cpu_good, end)) if cpu and self.cpu_good is not None else None
        since = None if self.cpu_good is None else MonotonicSeconds(float(self.cpu_good))
        result = allocate(MODEL, usage, told, self.pending, since)
        if cpu:
            self.cpu_good = end
            self.modelled_until = end
        self.pending = result.pending
        for component, energy in result.energies.items():
            self.booked[component] = self.booked.get(component, 0.0) + energy
        return result


def expected(covers: set[Coverage], *, modelled: bool) -> float:
    """Return the watts of one second: of the sensors that told of the second, and of the model for everything else."""
    if Coverage.MACHINE in covers:
        return TRUE_WATTS[Coverage.MACHINE]
    watts = sum(TRUE_WATTS[one] for one in covers if one is not Coverage.DETAIL)
    if modelled:
        watts += MODEL.idle + 0.5 * (MODEL.full - MODEL.idle)
        if Coverage.PACKAGE in covers:
            watts -= 0.5 * (MODEL.full - MODEL.idle) + MODEL.idle_of[Component.CPU]
        if Coverage.MEMORY in covers:
            watts -= MODEL.idle_of[Component.MEMORY]
    return watts


@given(
    samples=st.lists(
        st.tuples(st.sets(st.sampled_from(list(Coverage))), st.booleans()),
        min_size=1,
        max_size=25,
    )
)
def test_no_joule_is_booked_twice_or_lost_over_random_failures_of_all_parts(
    samples: list[tuple[set[Coverage], bool]],
) -> None:
    machine = Machine()
    machine.sample(0, set(Coverage), cpu=True)
    for number, (works, cpu) in enumerate(samples, start=1):
        machine.sample(number * 5, works, cpu=cpu)
    end = 5 * len(samples)
    total = sum(
        expected(machine.sensor_seconds.get(second, set()), modelled=second < machine.modelled_until)
        for second in range(end)
    )
    assert sum(machine.booked.values()) == pytest.approx(total, rel=1e-9, abs=1e-9)
    assert all(energy >= 0.0 for energy in machine.booked.values())


@given(parts=st.sets(st.sampled_from([one for one in Coverage if one is not Coverage.MACHINE])))
def test_a_measured_machine_is_the_sum_of_its_components_to_the_joule(parts: set[Coverage]) -> None:
    result = one_sample(measured(Coverage.MACHINE, span(0.0, 5.0)), *(measured(one, span(0.0, 5.0)) for one in parts))
    assert math.fsum(result.energies.values()) == pytest.approx(130.0 * 5.0, rel=1e-12)
    assert Component.BASELINE not in result.energies
    assert result.energies.keys() == {Component.REST, *(one.component for one in parts if one.component)}
    assert result.events == ()


def test_parts_that_exceed_the_machine_are_scaled_to_it_and_counted() -> None:
    over = span(0.0, 5.0)
    result = one_sample(
        measured(Coverage.MACHINE, over, watts=40.0),
        measured(Coverage.PACKAGE, over, watts=60.0),
        measured(Coverage.GPU, over, watts=20.0),
    )
    assert result.energies == {Component.CPU: 150.0, Component.GPU: 50.0, Component.REST: 0.0}
    assert [event.reason for event in result.events] == ["parts_exceed_whole"]
    assert result.scaled == {Component.CPU, Component.GPU}


def test_a_measured_package_takes_its_idle_power_out_of_the_baseline() -> None:
    result = one_sample(measured(Coverage.PACKAGE, span(0.0, 5.0)))
    assert result.energies == {Component.BASELINE: (50.0 - 15.0) * 5.0, Component.CPU: 30.0 * 5.0}


def test_two_packages_add_up() -> None:
    over = span(0.0, 5.0)
    result = one_sample(measured(Coverage.PACKAGE, over), measured(Coverage.PACKAGE, over, watts=12.0))
    assert result.energies[Component.CPU] == 42.0 * 5.0


def test_a_graphics_card_that_no_model_knows_comes_on_top() -> None:
    result = one_sample(measured(Coverage.GPU, span(0.0, 5.0)))
    assert sum(result.energies.values()) == (82.5 + 20.0) * 5.0


@pytest.mark.parametrize("covers", [Coverage.MACHINE, Coverage.PACKAGE])
@pytest.mark.parametrize("better", range(len(PRECEDENCE)))
def test_of_two_sources_of_the_same_one_counts_and_never_their_sum(better: int, covers: Coverage) -> None:
    """The one that is named first; a source that nobody named comes last, and fails nothing."""
    over = span(0.0, 5.0)
    worse = (*PRECEDENCE, "of-my-own")[better + 1]
    readings = [
        measured(covers, over, watts=90.0, source=worse),
        measured(covers, over, watts=100.0, source=PRECEDENCE[better]),
    ]
    component = covers.component or Component.REST
    assert one_sample(*readings).energies[component] == 500.0


def test_graphics_cards_of_two_makers_add_up_and_name_both_sources() -> None:
    over = span(0.0, 5.0)
    result = one_sample(
        measured(Coverage.GPU, over, watts=8.0, source="hwmon"), measured(Coverage.GPU, over, watts=20.0, source="nvml")
    )
    assert result.energies[Component.GPU] == 28.0 * 5.0
    (gpu,) = [one for one in in_force(result, MODEL, MODEL.provenance()) if one.component is Component.GPU]
    assert gpu.source == "nvml+hwmon"


def test_while_a_model_catches_up_a_component_shows_its_present_power() -> None:
    """Energy of earlier samples that is booked now is no power of now."""
    before = {Coverage.PACKAGE: (span(0.0, 25.0),)}
    now = measured(Coverage.PACKAGE, span(25.0, 30.0), watts=80.0)
    result = allocate(MODEL, load(span(0.0, 30.0)), [now], before, MonotonicSeconds(0.0))
    assert result.powers()[Component.CPU] == 80.0
    machine = measured(Coverage.MACHINE, span(25.0, 30.0), watts=150.0)
    whole = allocate(MODEL, load(span(0.0, 30.0)), [machine], {}, MonotonicSeconds(0.0))
    assert whole.powers() == {Component.REST: 150.0}
    assert whole.energies[Component.BASELINE] == 50.0 * 25.0


def test_a_sensor_that_comes_and_goes_for_ever_is_not_remembered_for_ever() -> None:
    machine = Machine()
    machine.sample(0, set(Coverage), cpu=True)
    for number in range(1, 3 * MOST_PENDING * 2):
        machine.sample(number * 5, {Coverage.PACKAGE} if number % 3 else set(), cpu=False)
    assert len(machine.pending[Coverage.PACKAGE]) == MOST_PENDING


def test_time_before_the_first_reading_of_the_cpu_is_not_modelled() -> None:
    before = allocate(MODEL, None, [measured(Coverage.PACKAGE, span(0.0, 50.0))], {}, None)
    assert before.pending == {}
    after = allocate(MODEL, load(span(50.0, 55.0)), [], before.pending, MonotonicSeconds(50.0))
    assert sum(after.energies.values()) == 82.5 * 5.0


@given(samples=st.lists(st.booleans(), min_size=1, max_size=200))
def test_what_is_kept_for_the_model_does_not_grow_with_time(samples: list[bool]) -> None:
    machine = Machine()
    machine.sample(0, set(Coverage), cpu=True)
    for number, cpu in enumerate(samples, start=1):
        machine.sample(number * 5, set(Coverage), cpu=cpu)
        assert sum(len(spans) for spans in machine.pending.values()) <= len(Coverage)


def test_powers_are_those_of_the_host() -> None:
    powers = one_sample(measured(Coverage.PACKAGE, span(0.0, 5.0))).powers()
    assert powers == {Component.BASELINE: 35.0, Component.CPU: 30.0}
    assert {component.scope for component in powers} == {Scope.HOST}


def test_parts_may_not_idle_at_more_than_the_machine() -> None:
    with pytest.raises(ValueError, match="idle power of the parts"):
        replace(MODEL, idle=Watts(5.0), idle_of={Component.CPU: Watts(6.0)})
