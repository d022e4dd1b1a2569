"""The models that tasks run, as measured."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.panels import Facts, Series, Target, rows
from grafana.promql import select
from grafana.simulated import NO_DATA


def row() -> Row:
    """Build the row: one table."""
    return Row(title="Models", panels=(_table(),))


def _table() -> dashboard.Panel:
    quantities = {"size": "size_bytes", "latency": "latency_seconds", "energy": "energy_joules"}
    quantities["agreement"] = "agreement_ratio"
    facts = Facts(
        title="Models by precision",
        description=(
            "Measured once on the host that the compression profile names, one inference at a time: size when written "
            "to a file, time, energy (processor time x watts of a busy core), and on how many inputs the model decides "
            "as its FP32 form does. Tasks run each model in the precision with the least energy that agrees well "
            "enough, unless compression is off. Compression does not always help: compare time and energy with FP32."
        ),
        unit="none",
        no_value=NO_DATA,
        targets=tuple(
            Target(expr=f"max by (model, precision) ({select(f'ecochain_model_{quantity}')})", legend=legend)
            for legend, quantity in quantities.items()
        ),
        series=(
            Series(name="Size", unit="decbytes", decimals=1),
            Series(name="Time", unit="s", decimals=2),
            Series(name="Energy", unit="joule", decimals=4),
            Series(name="Agreement", unit="percentunit", decimals=1),
        ),
        width=24,
        height=12,
    )
    columns = {"model": "Model", "precision": "Precision", "size": "Size", "latency": "Time", "energy": "Energy"}
    return rows(facts, columns={**columns, "agreement": "Agreement"})
