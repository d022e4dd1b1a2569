"""The methods of the chosen experiment side by side: a table of all measures, and a picture of each."""

from grafana_foundation_sdk.models import common, dashboard, table

from grafana.board import Row
from grafana.experiments.charts import BARS, interval_bars, parts
from grafana.experiments.measures import COMPARED, IN_A_COLUMN, Quantity
from grafana.experiments.names import CHOSEN, NO_RESULTS, UNSCRAPED, estimate
from grafana.joined import ORDER
from grafana.panels import Facts, Series, Target, rows

BAR = "The bar ends in violet with the 95% interval around the mean, which is its middle; the best method stands first."


def row() -> Row:
    """Build the row of the table and a picture for each measure that every method has."""
    return Row(title="Methods of $experiment on $scenario", panels=(_table(), *(picture(one) for one in COMPARED)))


def picture(quantity: Quantity, targets: str = CHOSEN, **labels: str) -> dashboard.Panel:
    """Draw a measure's mean with its interval by method, and a mark where a published figure is."""

    def asked(statistic: str) -> str:
        return f"{estimate(quantity.measure, statistic, targets, **labels)}{quantity.times}"

    published = asked("published") if quantity.published else ""
    found = parts(asked("low"), asked("high"), published, signed=quantity.signed)
    cut = "" if quantity.signed else " An interval that reaches below zero is cut off there."
    told = " A mark on it is the published figure." if quantity.published else ""
    facts = Facts(
        title=quantity.title,
        description=(
            f"{quantity.meaning}. {BAR}{told}{cut} Methods of one experiment met the same tasks and weather, so "
            "intervals that overlap may still hide a difference: the changes against the reference are compared in "
            "pairs."
        ),
        unit=quantity.unit,
        no_value=f"{quantity.only}{UNSCRAPED}" if quantity.only else NO_RESULTS,
        targets=(*found, Target(expr=asked("mean"), legend=ORDER)),
        series=tuple(look for look in BARS if look.name in {part.legend for part in found}),
        minimum=None if quantity.signed else 0,
        decimals=quantity.decimals,
        width=8,
        height=11,
    )
    return interval_bars(facts, most_first=quantity.most_first)


def _table() -> dashboard.Panel:
    facts = Facts(
        title="Methods and measures",
        description=(
            "Means of the replications of every method of the chosen experiment and scenario, the least emissions "
            "first. The pictures below show how sure each is, and say what it means."
        ),
        unit="none",
        no_value=NO_RESULTS,
        targets=tuple(Target(expr=f"{estimate(one.measure, 'mean')}{one.times}", legend=one.title) for one in COMPARED),
        series=tuple(
            Series(name=one.title, unit=IN_A_COLUMN.get(one.unit, one.unit), decimals=one.decimals) for one in COMPARED
        ),
        width=24,
        height=9,
    )
    headings = {one.title: one.title for one in COMPARED}
    panel = rows(facts, columns={"method": "Method", **headings}, largest="Emissions")
    panel.options = table.Options(
        show_header=True,
        cell_height=common.TableCellHeight.SM,
        sort_by=[common.TableSortByFieldState(display_name="Emissions", desc=False)],
    )
    return panel
