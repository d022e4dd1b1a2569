"""The units of both instruments over time, by what became of them, and the balance that credits follow."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.colours import PLAIN, UNIT_STATES
from grafana.panels import Facts, Series, Target, by_label, coloured, lines, stacked
from grafana.promql import select
from grafana.simulated import NO_DATA, if_several


def row() -> Row:
    """Build the row of credits, the balance behind them, and certificates."""
    return Row(title="Credits and certificates", panels=(_credits(), _balance(), _certificates()))


def _credits() -> dashboard.Panel:
    facts = Facts(
        title="Credits",
        description=(
            "Grams that were credited, by what became of them, stacked. The steps are settlements, one in a simulated "
            "day. A deficit cancels credits that are still held."
        ),
        unit="massg",
        no_value=NO_DATA,
        targets=(by_label("sum", "state", select("ecochain_ledger_credits_grams")),),
        series=coloured(UNIT_STATES),
        width=8,
        minimum=0,
    )
    return stacked(facts)


def _balance() -> dashboard.Panel:
    facts = Facts(
        title="Balance against the benchmark",
        description=(
            "Emissions that the benchmark allows for the tasks on time so far, less those of the electricity. It rises "
            "where tasks are served with less than the benchmark, and falls where nodes wait on grid electricity."
        ),
        unit="massg",
        no_value=NO_DATA,
        targets=(Target(expr=if_several(select("ecochain_ledger_balance_grams")), legend="balance{{run}}"),),
        series=(Series(name="/^balance/", colour=PLAIN, pattern=True),),
        width=8,
    )
    return lines(facts)


def _certificates() -> dashboard.Panel:
    facts = Facts(
        title="Certificates",
        description=(
            "Whole Wh that were generated and used, exported, or came out of a battery again, by what became of their "
            "certificates, stacked."
        ),
        unit="watth",
        no_value=NO_DATA,
        targets=(by_label("sum", "state", select("ecochain_ledger_certificates_watthours")),),
        series=coloured(UNIT_STATES),
        width=8,
        minimum=0,
    )
    return stacked(facts)
