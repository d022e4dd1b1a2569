"""The value of each lever, and how far the headline hangs on each assumption."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.experiments.charts import BARS, interval_bars, parts
from grafana.experiments.names import IN_SCENARIO, found
from grafana.joined import ORDER
from grafana.panels import Facts, Target
from grafana.promql import select

CROSS = "\u00d7"
"""Joins the levers of an interaction."""

NO_EFFECTS = "no results of the experiment factorial on this scenario"
NO_VARIATIONS = "no results of the experiment sensitivity on this scenario"

BAR = "Violet is the 95% interval: where it reaches over zero, the figure may be chance."


def row() -> Row:
    """Build the row of the main effects and the sensitivity of the headline."""
    return Row(title="Levers and assumptions on $scenario", panels=(_effects(), _sensitivity()))


def _effects() -> dashboard.Panel:
    def asked(statistic: str) -> str:
        mains = f'effect!~".*{CROSS}.*",measure="emissions_grams",{IN_SCENARIO}'
        series = select("ecochain_experiment_effect_ratio", mains, statistic=statistic)
        return f"max by (effect) ({found(series)})"

    drawn = parts(asked("low"), asked("high"), signed=True)
    facts = Facts(
        title="Emissions by lever",
        description=(
            "Main effect of each lever on the emissions: the mean of all runs with it on less that with it off, over "
            f"the mean of all runs; below zero, the lever saves. {BAR} From the experiment factorial, whose report has "
            "other measures and the interactions."
        ),
        unit="percentunit",
        no_value=NO_EFFECTS,
        targets=(*drawn, Target(expr=asked("mean"), legend=ORDER)),
        series=tuple(look for look in BARS if look.name in {part.legend for part in drawn}),
        decimals=1,
        width=10,
        height=14,
    )
    return interval_bars(facts, label="effect")


def _sensitivity() -> dashboard.Panel:
    def asked(statistic: str) -> str:
        series = select("ecochain_experiment_sensitivity_ratio", IN_SCENARIO, statistic=statistic)
        setting = f'label_join({found(series)}, "setting", " x ", "parameter", "factor")'
        return f"max by (setting) ({setting})"

    drawn = parts(asked("low"), asked("high"), signed=True)
    facts = Facts(
        title="Headline with one assumption changed",
        description=(
            "Emissions of the method in question against the reference, with one parameter of the scenario times a "
            "factor and all else unchanged: the range of the headline, and where its sign changes. "
            f"{BAR} From the experiment sensitivity."
        ),
        unit="percentunit",
        no_value=NO_VARIATIONS,
        targets=(*drawn, Target(expr=asked("mean"), legend=ORDER)),
        series=tuple(look for look in BARS if look.name in {part.legend for part in drawn}),
        decimals=1,
        width=14,
        height=14,
    )
    return interval_bars(facts, label="setting")
