"""Embodied carbon of the device, carbon per unit of work, and everyday equivalents."""

from grafana_foundation_sdk.models import dashboard

from exporter.equivalents import EQUIVALENTS
from grafana.board import Row
from grafana.colours import FAINT, PLAIN
from grafana.device_carbon.names import GRAMS_PER_UNIT
from grafana.options import GRAMS_PER_HOUR
from grafana.panels import Facts, Series, Target, lines, number
from grafana.promql import select, shown, total
from prometheus.sci import SCI

NO_EMBODIED = "not configured: set embodied.device or kilograms, and purchased"
NO_UNIT = "no functional unit: ecotrack rules --sci NAME=COUNTER"
NO_EQUIVALENTS = "switched off: equivalents in the configuration"

HEIGHT = 7


def row() -> Row:
    """Build the row of embodied carbon, carbon per unit of work, and everyday equivalents."""
    return Row(title="Making it, work done, and everyday terms", panels=(_embodied(), _sci(), _equivalents()))


def _embodied() -> dashboard.Panel:
    until = f"max({select('ecotrack_embodied_end_timestamp_seconds')})"
    facts = Facts(
        title="Embodied carbon",
        description=(
            "Emissions of making, moving and disposing of the device, spread evenly over its assumed life: the share "
            "of the time shown, that of an hour, the whole with the range of its class, and when that life ends. It is "
            "in no other figure but in budgets with budget.include_embodied. Several devices are added up; the life "
            "left is the longest of theirs."
        ),
        unit="massg",
        no_value=NO_EMBODIED,
        targets=(
            Target(expr=total(shown("ecotrack_embodied_emissions_grams_total")), legend="in this time"),
            Target(expr=f"3600 * {total(select('ecotrack_embodied_emissions_grams_per_second'))}", legend="an hour"),
            Target(expr=total(select("ecotrack_embodied_grams")), legend="whole"),
            *(
                Target(expr=total(select("ecotrack_embodied_range_grams", bound=bound)), legend=legend)
                for bound, legend in (("low", "at least"), ("high", "at most"))
            ),
            Target(expr=f"{until} - time()", legend="life left"),
        ),
        series=(
            Series(name="in this time", colour=PLAIN),
            Series(name="an hour", colour=PLAIN, unit=GRAMS_PER_HOUR),
            Series(name="at least", colour=FAINT),
            Series(name="at most", colour=FAINT),
            Series(name="life left", colour=FAINT, unit="s", decimals=0),
        ),
        width=16,
        height=HEIGHT,
        decimals=1,
    )
    return number(facts, shown="value_and_name")


def _sci() -> dashboard.Panel:
    facts = Facts(
        title="Carbon per unit of work",
        description=(
            "Software Carbon Intensity (ISO/IEC 21031) over the last hour: grams of electricity and embodied carbon of "
            "the chosen devices / units of work in the same time, by the counter that the recording rule was made for. "
            "Without work, and while a part of the grams is unknown, there is no value."
        ),
        unit=GRAMS_PER_UNIT,
        no_value=NO_UNIT,
        targets=(Target(expr=total(select(SCI), "unit"), legend="{{unit}}"),),
        colour=PLAIN,
        width=8,
        height=HEIGHT,
        minimum=0,
    )
    return lines(facts)


def _equivalents() -> dashboard.Panel:
    def units(name: str) -> str:
        emitted = total(shown("ecotrack_emissions_grams_total"), "job", "instance")
        return total(f"{emitted} / on (job, instance) ({select('ecotrack_equivalent_grams', equivalent=name)} > 0)")

    facts = Facts(
        title="That is as much as",
        description=(
            "Grams of machine and network in the time shown / grams of one unit of something everyday, by the table "
            "of the exporter (docs/reference/constants.md), with sources and years. Harm is the social cost of "
            "carbon, in dollars of 2020, which nobody is billed for. Several devices are added up."
        ),
        unit="none",
        no_value=NO_EQUIVALENTS,
        targets=tuple(Target(expr=units(name), legend=one.words) for name, one in EQUIVALENTS.items()),
        colour=PLAIN,
        width=24,
        height=4,
    )
    return number(facts, shown="value_and_name")
