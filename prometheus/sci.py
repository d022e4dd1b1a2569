"""Recording rules of the Software Carbon Intensity (ISO/IEC 21031), a score for each functional unit of the user's own.

    SCI = ((E x I) + M) per R

E x I are the grams of electricity of the machines and the network, M their embodied share, and R the units of work in
the same hour. Without work there is no figure: R = 0 is no data, not an infinite score. Nor is there one while part of
the sum is unknown: the grams of a machine that tells no embodied share, or of energy without a carbon intensity.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from prometheus.recording import BASE_INTERVAL, Group, Recording, emission_rate

SCI = "instance_unit:ecotrack_sci_grams:rate1h"
"""Grams of one machine for each unit of all work; the sum over the machines is the score."""

WINDOW = "1h"


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionalUnit:
    """Unit of work by its name, the counter of it, and the matchers of the machines that do it (all, if empty)."""

    name: str
    counter: str
    machines: str = ""


_MATCHER = r'[a-zA-Z_]\w*(?:=|!=|=~|!~)"[^"\\]*"'
_MATCHERS = rf"{_MATCHER}(?:,{_MATCHER})*"
_UNIT = re.compile(
    rf"(?P<name>[a-z][a-z0-9_]*)=(?P<counter>[a-zA-Z_:][\w:]*(?:\{{(?:{_MATCHERS})?\}})?)(?:@(?P<machines>{_MATCHERS}))?",
    re.ASCII,
)
_PATTERN = re.compile(r'~"([^"]*)"')
_UNKNOWN_TO_PROMETHEUS = re.compile(r"\(\?|[*+?}]\+")
"""Groups with a question mark and possessive repetitions: of Python's patterns those that Prometheus may not know."""


def functional_unit(text: str) -> FunctionalUnit:
    """Parse `NAME=COUNTER` or `NAME=COUNTER@MATCHERS`. Raises ValueError."""
    found = _UNIT.fullmatch(text)
    if found is None or not text.isprintable() or not all(map(_is_pattern, _PATTERN.findall(text))):
        raise ValueError(f'expected NAME=COUNTER, such as requests=http_requests_total{{job="shop"}}, got {text!r}')
    return FunctionalUnit(name=found["name"], counter=found["counter"], machines=found["machines"] or "")


def _is_pattern(text: str) -> bool:
    """Tell whether a matcher's pattern is one that Prometheus reads too."""
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError):
        return False
    return _UNKNOWN_TO_PROMETHEUS.search(text) is None


def sci_groups(units: Iterable[FunctionalUnit]) -> tuple[Group, ...]:
    """Return the rules of all units, after the rates that they need; none without a unit."""
    rules = tuple(_sci(one) for one in units)
    return (Group(name="ecotrack-sci", interval=BASE_INTERVAL, rules=rules),) if rules else ()


def _sci(unit: FunctionalUnit) -> Recording:
    machines = f"{{{unit.machines}}}" if unit.machines else ""
    embodied = f"rate(ecotrack_embodied_emissions_grams_total{machines}[{WINDOW}])"
    electricity = f"{emission_rate(WINDOW)}{machines}"
    lacking = ",".join(filter(None, (unit.machines, 'source="grid"')))
    expr = (
        f"({electricity} + on (job, instance) {embodied})\n"
        f"/ on () group_left () (sum(rate({unit.counter}[{WINDOW}])) > 0)\n"
        f"unless on () ({electricity} unless on (job, instance) {embodied})\n"
        f"unless on () ({embodied} unless on (job, instance) {electricity})\n"
        f"unless on () (sum(increase(ecotrack_discarded_readings_total{{{lacking}}}[{WINDOW}])) > 0)"
    )
    return Recording(record=SCI, expr=f'label_replace(\n{expr},\n"unit", "{unit.name}", "", ""\n)')
