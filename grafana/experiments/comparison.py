"""The methods of the chosen experiment side by side: a table of all measures, and a picture of each."""

from collections.abc import Mapping

from grafana_foundation_sdk.models import common, dashboard, table

from grafana.board import Row
from grafana.experiments.charts import BARS, interval_bars, parts
from grafana.experiments.measures import COMPARED, GAPS, IN_A_COLUMN, Quantity
from grafana.experiments.names import CHOSEN, NO_RESULTS, estimate, found
from grafana.joined import ORDER, looks
from grafana.panels import Facts, Series, Target, rows
from grafana.promql import select

SERVICE = "Service"

IN_TABLE = tuple(one for one in COMPARED if one.measure != "renewable_ratio")
"""The measures of the table: those that say what is saved, and at which service. Each has a picture as well."""

SERVES = {0: "equal", 1: "less *"}
"""Words for the mark of less service."""

BAR = "The bar ends in violet with the 95% interval around the mean, which is its middle; the best method stands first."


def row() -> Row:
    """Build the row of the table and a picture for each measure that every method has."""
    return Row(title="Methods of $experiment on $scenario", panels=(_table(), *(picture(one) for one in COMPARED)))


def equal_service() -> Row:
    """Build the row of the gaps to the bound, and of the Pareto front."""
    return Row(title="Gap to the bound and Pareto front", panels=(*(picture(one) for one in GAPS), _front()))


def marked(mark: str) -> str:
    """Return a mark of each method, 1 or 0."""
    return f"max by (method) ({found(select(f'ecochain_experiment_{mark}', CHOSEN))})"


def says(words: Mapping[int, str]) -> Mapping[str, object]:
    """Return properties by which figures are shown as words."""
    options = {str(number): {"text": text, "index": number} for number, text in words.items()}
    return {"mappings": [{"type": "value", "options": options}]}


def _front() -> dashboard.Panel:
    shown = tuple(one for one in COMPARED if one.title in {"Emissions", "Deadlines missed", "Net cost"})
    on_front = f"({marked('front')} == 1)"
    facts = Facts(
        title="Pareto front",
        description=(
            "The methods that no other beats in emissions, misses and cost together, by their means, the least "
            "emissions first: to emit less than one of them costs misses or dollars. Where two means are closer than "
            "their intervals, other days may put another method here."
        ),
        unit="none",
        no_value="results of an earlier version have no front",
        targets=tuple(
            Target(expr=f"{estimate(one.measure, 'mean')}{one.times} and on (method) {on_front}", legend=one.title)
            for one in shown
        ),
        series=tuple(
            Series(name=one.title, unit=IN_A_COLUMN.get(one.unit, one.unit), decimals=one.decimals) for one in shown
        ),
        width=24,
        height=7,
    )
    columns = {"method": "Method", **{one.title: one.title for one in shown}}
    return _least_emissions_first(rows(facts, columns=columns, largest="Emissions"))


def _least_emissions_first(panel: dashboard.Panel) -> dashboard.Panel:
    panel.options = table.Options(
        show_header=True,
        cell_height=common.TableCellHeight.SM,
        sort_by=[common.TableSortByFieldState(display_name="Emissions", desc=False)],
    )
    return panel


def picture(quantity: Quantity, targets: str = CHOSEN, **labels: str) -> dashboard.Panel:
    """Draw a measure's mean with its interval by method, and a mark where a published figure is."""

    def asked(statistic: str) -> str:
        return f"{estimate(quantity.measure, statistic, targets, **labels)}{quantity.times}"

    published = asked("published") if quantity.published else ""
    drawn = parts(asked("low"), asked("high"), published, signed=quantity.signed)
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
        no_value=quantity.only or NO_RESULTS,
        targets=(*drawn, Target(expr=asked("mean"), legend=ORDER)),
        series=tuple(look for look in BARS if look.name in {part.legend for part in drawn}),
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
            "first. Service: whether a method serves as many tasks on time as the reference; a dash where the runs "
            "leave that open, and of the reference itself. The pictures below show how sure each "
            "figure is, and the renewable share."
        ),
        unit="none",
        no_value=NO_RESULTS,
        targets=(
            *(Target(expr=f"{estimate(one.measure, 'mean')}{one.times}", legend=one.title) for one in IN_TABLE),
            Target(expr=marked("serves_less"), legend=SERVICE),
        ),
        series=tuple(
            Series(name=one.title, unit=IN_A_COLUMN.get(one.unit, one.unit), decimals=one.decimals) for one in IN_TABLE
        ),
        width=24,
        height=9,
    )
    headings = {one.title: one.title for one in IN_TABLE} | {SERVICE: SERVICE}
    panel = _least_emissions_first(rows(facts, columns={"method": "Method", **headings}, largest="Emissions"))
    if panel.field_config is not None:
        panel.field_config.overrides.append(looks(SERVICE, says(SERVES)))
    return panel
