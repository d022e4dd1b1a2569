"""The models that are served, why, and how often something else stood in."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.colours import PLAIN
from grafana.forecast.names import BY_SUPPLY, HORIZONS, NO_FORECAST, of
from grafana.panels import Facts, Series, Target, by_label, coloured, events, rows
from grafana.simulated import EVERY_SITE

REASONS = {
    "short": "#7094C0",
    "gap": "#C8622B",
    "invalid": "#2F6FED",
    "constant": "#855D99",
    "night": "#737C88",
    "no_answer": "#E056A0",
}


def row() -> Row:
    """Build the row of the models with their reasons, of hand-overs, answers of the reference, and learnings."""
    return Row(title="What is served, and why", panels=(_table(), _hand_overs(), _fallbacks(), _learnings()))


def _table() -> dashboard.Panel:
    by = "instance, site, supply, horizon, model, reference, why"
    labels = "on (job, instance, site, supply, horizon) group_left ()"
    info = of("ecochain_forecast_model_info")
    facts = Facts(
        title="Models",
        description=(
            "The model of each series and horizon, the reference behind it, and why it was chosen. Skill is that of "
            "the last seven simulated days; in force is 1 where the reference stands in at the moment. The supply grid "
            "stands for the carbon intensity of the grid."
        ),
        unit="none",
        no_value=NO_FORECAST,
        targets=(
            Target(
                expr=f"sum by ({by}) ({info} * {labels} {of('ecochain_forecast_reference_in_use')})",
                legend="Reference in force",
            ),
            Target(
                expr=f"sum by ({by}) ({info} * {labels} sum by (job, instance, site, supply, horizon) "
                f"({of('ecochain_forecast_skill_ratio')}))",
                legend="Skill",
            ),
        ),
        series=(
            Series(name="Skill", unit="percentunit", decimals=0),
            Series(name="Reference in force", decimals=0),
            Series(name="Why", pixels=380),
        ),
        width=24,
        height=10,
    )
    columns = {
        "instance": "Instance",
        "site": "Site",
        "supply": "Of",
        "horizon": "Horizon",
        "model": "Model",
        "Skill": "Skill",
        "Reference in force": "Reference in force",
        "reference": "Reference",
        "why": "Why",
    }
    return rows(facts, columns=columns)


def _hand_overs() -> dashboard.Panel:
    facts = Facts(
        title="Hand-overs to the reference",
        description=(
            "Times that a model fell behind its reference for a simulated day and handed over, of the chosen sites, by "
            "horizon. It takes over again after a day ahead."
        ),
        unit="none",
        no_value=NO_FORECAST,
        targets=(
            by_label(
                "sum",
                "horizon",
                f'increase(ecochain_forecast_handovers_total{{to="reference",{EVERY_SITE}}}[$__rate_interval])',
            ),
        ),
        series=coloured(HORIZONS),
        colour=PLAIN,
        width=8,
        height=9,
        minimum=0,
    )
    return events(facts)


def _fallbacks() -> dashboard.Panel:
    facts = Facts(
        title="Hours answered by the reference",
        description=(
            "Simulated hours in which the reference answered for a model, because what was observed does not suffice: "
            "less than a day (short), a gap, a value that cannot be (invalid), panels that gave the same all day "
            "(constant), a day without sun (night), or an answer that is no number."
        ),
        unit="none",
        no_value=NO_FORECAST,
        targets=(
            by_label("sum", "reason", f"increase(ecochain_forecast_fallbacks_total{{{EVERY_SITE}}}[$__rate_interval])"),
        ),
        series=coloured(REASONS),
        width=8,
        height=9,
        minimum=0,
    )
    return events(facts)


def _learnings() -> dashboard.Panel:
    facts = Facts(
        title="Models learnt",
        description=(
            "Times that the models of the chosen sites were learnt, and compete anew: first from the years before the "
            "run, then after each simulated week from what it observed as well, at most every ten minutes."
        ),
        unit="none",
        no_value=NO_FORECAST,
        targets=(
            by_label("sum", "supply", f"increase(ecochain_forecast_learnings_total{{{EVERY_SITE}}}[$__rate_interval])"),
        ),
        series=BY_SUPPLY,
        width=8,
        height=9,
        minimum=0,
    )
    return events(facts)
