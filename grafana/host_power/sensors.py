"""The sensors: side by side, whether each can be read, and what to do where one cannot."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import DOCUMENTS, Row
from grafana.colours import COMPONENTS, SOURCE_STATES
from grafana.device import NO_DATA
from grafana.host_power.names import OF_SENSORS, SENSORS
from grafana.panels import Facts, Series, Target, lines, rows, states, texts
from grafana.promql import rate, select, total

REMEDIES = {
    "battery": "how-to/use-sensors.md#a-laptops-battery",
    "hwmon": "how-to/use-sensors.md#drivers-under-hwmon",
    "ipmi": "how-to/use-sensors.md#a-servers-management-controller-ipmi",
    "meter": "how-to/read-a-smart-plug.md",
    "nvml": "how-to/use-sensors.md#nvidias-graphics-cards",
    "rapl": "how-to/use-sensors.md#the-processors-own-counters-rapl",
}
"""Source -> the page below docs/ that says how to let the exporter read it."""

DENIED = "runbooks/data-quality.md#ecotracksourcedenied"
FAILING = "runbooks/data-quality.md#ecotrackcollectorfailing"

LOOKS = {
    r"^rapl .*package-\d+$": COMPONENTS["cpu"],
    r"^rapl .* core$": "#8C6D5A",
    r"^rapl .* uncore$": "#A08C3A",
    r"dram$": COMPONENTS["memory"],
    r"psys": "#00A1A1",
    r"^hwmon ": "#2F6FED",
    r"^hwmon (amdgpu|i915|xe) ": COMPONENTS["gpu"],
    r"^nvml ": COMPONENTS["gpu"],
    r"^battery ": "#9B5DE5",
    r"^ipmi ": "#399CBF",
    r"^meter ": "#E056A0",
}
"""Pattern of a source and its sensor -> colour; of several that fit the last one counts."""


def row() -> Row:
    """Build the row of sensors side by side, the state of each source, and their states over time."""
    return Row(title="Sensors", panels=(_side_by_side(), _states(), _over_time()))


def _side_by_side() -> dashboard.Panel:
    # The counter of a source that does not work stands still, which would show as 0 W.
    works = f"on (job, instance, source) ({select('ecotrack_source_state', OF_SENSORS, state='works')} == 1)"
    watts = f"{rate('ecotrack_measured_joules_total')} and {works}"
    facts = Facts(
        title="Sensors side by side",
        description=(
            "What each sensor counts, in watts: increase of its energy per second. Sensors overlap, so they are not "
            "stacked: core and uncore are parts of a package, and psys, a battery, a controller or a meter covers the "
            "machine. Nothing is multiplied by the PUE. A line that ends belongs to a source that no longer works; one "
            "that lies flat while the others move is in doubt."
        ),
        unit="watt",
        no_value="no sensor has been read",
        targets=(Target(expr=total(watts, "source", "sensor"), legend="{{source}} {{sensor}}"),),
        series=tuple(Series(name=f"/{name}/", colour=colour, pattern=True) for name, colour in LOOKS.items()),
        width=14,
        height=10,
        minimum=0,
    )
    return lines(facts)


def _states() -> dashboard.Panel:
    facts = Facts(
        title="State of the sources",
        description=(
            "How each source stands on how many of the chosen devices. Denied: it is there, and the exporter's user "
            "may not read it; the exporter's log and page say which file. Absent: the device has nothing of the kind. "
            "Neither is a failure. Remedy leads to what can be done about it."
        ),
        unit="none",
        no_value=NO_DATA,
        targets=(Target(expr=f"count by (source, state, remedy) ({_with_remedies()})", legend="devices"),),
        series=(
            Series(
                name="Remedy",
                says="open",
                links=(dashboard.DashboardLink(title="What to do", url=f"{DOCUMENTS}/${{__value.raw}}"),),
            ),
        ),
        width=10,
        height=10,
    )
    return rows(facts, columns={"source": "Source", "state": "State", "devices": "Devices", "remedy": "Remedy"})


def _with_remedies() -> str:
    """Select the present state of each source, with the page on what to do about it as a label, if anything is."""
    expr = _labelled(f"{select('ecotrack_source_state')} == 1", DENIED, "state", "denied")
    for source in SENSORS:
        expr = _labelled(expr, REMEDIES[source], "source", source)
    return _labelled(_labelled(expr, FAILING, "state", "fails"), "", "state", "works")


def _labelled(expr: str, remedy: str, label: str, value: str) -> str:
    return f'label_replace({expr}, "remedy", "{remedy}", "{label}", "{value}")'


def _over_time() -> dashboard.Panel:
    numbers = {state: number for number, state in enumerate(SOURCE_STATES, start=1)}
    # One series for each source and state is left before they are joined: joining those of all devices takes longest.
    terms = (
        f"{number} * (max by (source, state) ({select('ecotrack_source_state', OF_SENSORS, state=state)}) == 1)"
        for state, number in numbers.items()
    )
    facts = Facts(
        title="Sensors over time",
        description=(
            "State of each source that counts energy; while it does not work, a model covers its part. A battery is "
            "absent while a laptop is on mains. Several devices: fails before denied, before works, before absent."
        ),
        unit="none",
        no_value=NO_DATA,
        targets=(Target(expr=f"max by (source) ({' or '.join(terms)})", legend="{{source}}"),),
        mappings=texts({number: (state, SOURCE_STATES[state]) for state, number in numbers.items()}),
        width=24,
        height=7,
    )
    return states(facts)
