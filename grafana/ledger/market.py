"""The market price of a credit on the day of the clock on the wall, with its label and age, and what it would give."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.panels import Facts, Target, lines, number, rows
from grafana.promql import select, shown, total

NO_PRICE = "no price young enough, or no market is configured (--credit-market)"
NO_MARKET = "no market is configured (--credit-market)"

GRAMS_PER_TONNE = 1_000_000
LABELLED = "* on (job, instance, currency) group_left (market, method)"
INFO = select("ecochain_credit_market_info")
PER_TONNE = f"{GRAMS_PER_TONNE} * {select('ecochain_credit_market_price_per_gram')}"
PRICE = f"avg by (market, method, currency) ({PER_TONNE} {LABELLED} {INFO})"

REASONS = {
    "failed": "No answer",
    "malformed": "Not understood",
    "mismatch": "Other texts",
    "old": "Too old",
    "future": "Of the future",
    "out_of_range": "Impossible",
}
"""Reason for which an answer is discarded -> the heading of its column."""


def row() -> Row:
    """Build the row of price, age, worth, the price over time, and discarded answers."""
    return Row(
        title="Market price today: an illustration, since the credits are simulated",
        panels=(_price(), _age(), _worth(), _over_time(), _discarded()),
    )


def _price() -> dashboard.Panel:
    facts = Facts(
        title="Price of a tonne",
        description=(
            "Market price of a tonne of CO2e in credits, with the market's name and how the price came about. It is of "
            "real time, and neither the ledger nor any experiment knows it. Nothing is converted: each currency has a "
            "figure of its own. A price that is too old is not shown; there is never a 0 in its place."
        ),
        unit="none",
        no_value=NO_PRICE,
        targets=(Target(expr=PRICE, legend="{{currency}}: {{market}}, {{method}}"),),
        width=8,
        height=5,
        decimals=2,
    )
    return number(facts, shown="value_and_name")


def _age() -> dashboard.Panel:
    facts = Facts(
        title="Age of the price",
        description="Time since the moment of which the price is, by its source; of several the oldest.",
        unit="s",
        no_value=NO_PRICE,
        targets=(
            Target(
                expr=f"max(time() - {select('ecochain_credit_market_timestamp_seconds')})",
                legend="age",
            ),
        ),
        width=8,
        height=5,
        decimals=0,
    )
    return number(facts)


def _worth() -> dashboard.Panel:
    facts = Facts(
        title="Credits held, at that price",
        description=(
            "Credits held x market price, by currency, all chosen simulators together. Credits of a simulated cluster "
            "at a price of real time: an illustration, and nobody would pay it."
        ),
        unit="none",
        no_value=NO_PRICE,
        targets=(
            Target(
                expr=total(select("ecochain_credit_market_worth"), "currency"),
                legend="{{currency}}",
            ),
        ),
        width=8,
        height=5,
        decimals=4,
    )
    return number(facts, shown="value_and_name")


def _over_time() -> dashboard.Panel:
    facts = Facts(
        title="Price of a tonne over time",
        description=(
            "The market price by the time at which it was shown, which is later than the time that it is of. A gap is "
            "a time without a price that was young enough."
        ),
        unit="none",
        no_value=NO_PRICE,
        targets=(Target(expr=PRICE, legend="{{currency}}: {{market}}, {{method}}"),),
        width=24,
        minimum=0,
        decimals=2,
    )
    return lines(facts)


def _discarded() -> dashboard.Panel:
    facts = Facts(
        title="Answers of the market that were not taken",
        description=(
            "Whether the last question was answered (1) or not (0), and answers in the time shown that were not taken, "
            "by reason. The last good price stays until it is too old."
        ),
        unit="none",
        no_value=NO_MARKET,
        targets=(
            Target(expr=total(select("ecochain_credit_market_up"), "instance"), legend="Answered"),
            *(
                Target(
                    expr=total(shown("ecochain_credit_market_discarded_answers_total", reason=reason), "instance"),
                    legend=heading,
                )
                for reason, heading in REASONS.items()
            ),
        ),
        width=24,
        height=5,
        decimals=0,
    )
    columns = {"instance": "Instance", "Answered": "Answered", **{one: one for one in REASONS.values()}}
    return rows(facts, columns=columns)
