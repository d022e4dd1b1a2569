"""The scale: everyday equivalents of the last day, its cost, a year at this pace, and the eco score."""

from grafana_foundation_sdk.models import dashboard

from exporter.equivalents import EQUIVALENTS
from grafana.board import Row
from grafana.carbon_budget.names import NO_PRICE
from grafana.colours import GRADES, PLAIN, SCOPES
from grafana.device_carbon.names import NO_SCORE
from grafana.device_carbon.now import grade_number
from grafana.device_carbon.whole import NO_EQUIVALENTS
from grafana.home.names import TO_BUDGET, TO_DEVICE, together
from grafana.home.now import grams_of_a_day
from grafana.panels import Facts, Target, number, rows, texts
from grafana.promql import SECONDS_PER_DAY, select
from prometheus.recording import COST, emission_rate, latest

HEIGHT = 4
NO_DAYS = "not known before three days of history"
DAYS_PER_MONTH, DAYS_PER_YEAR = 30, 365


def row() -> Row:
    """Build the row of everyday equivalents, cost, a year at this pace, and the eco score."""
    return Row(title="Is that much?", panels=(_equivalents(), _cost(), _year(), _score()))


def _equivalents() -> dashboard.Panel:
    def units(name: str) -> str:
        unit = f"({select('ecotrack_equivalent_grams', equivalent=name)} > 0)"
        return together(f"{grams_of_a_day()} / on (job, instance) {unit}")

    facts = Facts(
        title="The last 24 hours are as much as",
        description=(
            "Grams of the last 24 hours / grams of one unit of something everyday, by the table of the exporter "
            "(docs/reference/constants.md), with sources and years. Harm is the social cost of carbon, in dollars of "
            "2020, which nobody is billed for. Several devices are added up."
        ),
        unit="none",
        no_value=NO_EQUIVALENTS,
        targets=tuple(Target(expr=units(name), legend=one.words) for name, one in EQUIVALENTS.items()),
        links=(TO_DEVICE,),
        width=24,
        height=HEIGHT,
    )
    return number(facts, shown="value_and_name")


def _cost() -> dashboard.Panel:
    per_day = f"{SECONDS_PER_DAY} * {together(select(COST), 'currency')}"
    facts = Facts(
        title="Cost of electricity",
        description=(
            "What a day and 30 days cost at the present power and price of the machines' own electricity. "
            "The network's is paid by those who run it. Nothing is converted: each currency has figures of its own. "
            "What was paid, day by day, is on the board Carbon budget."
        ),
        unit="none",
        no_value=NO_PRICE,
        targets=(Target(expr=per_day, legend="day"), Target(expr=f"{DAYS_PER_MONTH} * {per_day}", legend="month")),
        colour=SCOPES["host"],
        links=(TO_BUDGET,),
        width=10,
        height=HEIGHT,
        decimals=2,
    )
    return rows(facts, columns={"currency": "Currency", "day": "A day", "month": "30 days"})


def _year() -> dashboard.Panel:
    known = (
        f"({latest('3d', select(emission_rate('3d')))} and on (job, instance) {select(emission_rate('1d'))} offset 2d)"
    )
    facts = Facts(
        title="A year at this pace",
        description=(
            "Mean emission rate of the last three days x 365 days, of machines and networks together, of devices that "
            "were known then; time without the exporter counts as none. It gives a sense of scale and is no forecast. "
            "Several devices are added up."
        ),
        unit="massg",
        no_value=NO_DAYS,
        targets=(Target(expr=f"{DAYS_PER_YEAR * SECONDS_PER_DAY} * {together(known)}", legend="year"),),
        links=(TO_DEVICE,),
        width=7,
        height=HEIGHT,
        decimals=1,
    )
    return number(facts)


def _score() -> dashboard.Panel:
    facts = Facts(
        title="Eco score",
        description=(
            "A letter for the grams of the last hour against those of a machine of its kind at half load and the "
            "world's average grid: A up to a quarter of them, B a half, C all, D twice, E four times, F beyond. "
            "Several devices: the worst."
        ),
        unit="none",
        no_value=NO_SCORE,
        targets=(Target(expr=grade_number(), legend="letter"),),
        mappings=texts({number: (grade, PLAIN) for number, grade in enumerate(GRADES, start=1)}),
        links=(TO_DEVICE,),
        width=7,
        height=HEIGHT,
        decimals=0,
    )
    return number(facts)
