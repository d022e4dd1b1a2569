"""The ledger in the report of an experiment: what it booked by which rule, and what it took."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from exporter.core.units import JOULES_PER_KWH
from simulator.experiments.find.results import Results, Runs
from simulator.experiments.write.display import PERCENT, plain
from simulator.experiments.write.tables import DASH, markdown_table
from simulator.run.job import GRAMS_PER_TONNE
from simulator.scenario.published import PublishedScenario

PUBLISHED_KWH_PER_TRANSACTION = 1e-5
"""Energy of a transaction of the published ledger, in kWh; EcoChain-ML (2025)."""

WORK_KWH_PER_YEAR = 23e9
"""Electricity of Ethereum under Proof of Work, in kWh a year; Crypto Carbon Ratings Institute (September 2022)."""

STAKE_KWH_PER_YEAR = 2.6e6
"""Electricity of Ethereum under Proof of Stake, in kWh a year; Crypto Carbon Ratings Institute (September 2022)."""

TRANSACTIONS_PER_YEAR = 4e8
"""Transactions of Ethereum in a year, 1.1 million a day: 1.13 and 1.12 million in August and September 2022, around the
change of its consensus; The Daily Hodl, Monthly Ethereum Blockchain Analysis (September 2022)."""

RULE = (
    "Credits are grams below a benchmark: what the tasks on time may emit at the most, less all that the cluster "
    "emitted. A deficit counts in full and is carried on. The benchmark is that of the cluster itself without supply "
    "of its own, DVFS and compressed models, and so the same for all methods: of two that serve the same tasks on "
    "time, the one that emits more never has more credits. Certificates say where a Wh came from, which is another "
    "matter, and no credit is subtracted from emissions."
)
"""Explanation of the figures that the ledger books."""


def ledger(results: Results) -> Iterator[str]:
    """Yield the section; nothing for an experiment whose methods keep no ledger."""
    booked = {
        case.method: means
        for case in results.cases
        if (means := _means(case, ("credits_grams", "emissions_grams", "ledger_joules", "claims", "energy_joules")))
    }
    if not booked:
        return
    yield from ("## The ledger", "", RULE, "")
    if results.chain:
        yield from ("The ledger of these runs was kept block by block (`--ledger real`).", "")
    if isinstance(results.parameters, PublishedScenario):
        yield from _both_rules(results, results.parameters)
    else:
        yield from _energy(booked)


def _means(case: Runs, names: Sequence[str]) -> Mapping[str, float]:
    """Return the means of figures over the runs of a case; nothing where a run lacks one."""
    if any(name not in run.figures for name in names for run in case.runs):
        return {}
    return {name: fmean(run.figures[name] for run in case.runs) for name in names}


def _both_rules(results: Results, scenario: PublishedScenario) -> Iterator[str]:
    """Set the credits of the published rule beside those of the ledger's."""
    price = scenario.accounting.credit_dollars_per_gram
    yield (
        f"The published rule pays ${price:g} for each gram that renewable energy avoids, whatever was emitted. That is "
        f"${price * GRAMS_PER_TONNE:,.0f} per tonne: no price in force is above $167 (World Bank, State and Trends of "
        "Carbon Pricing, 2024). It stands here because it was published, and the net cost above has it."
    )
    yield ""
    rows = []
    for case in results.cases:
        means = _means(case, ("emissions_grams", "credit_dollars", "credits_grams"))
        if means:
            rows.append([case.method, *(plain(means[name]) for name in means)])
    yield from markdown_table(
        ["method", "emitted (g CO\u2082e)", "by the published rule ($)", "by the ledger's rule (g CO\u2082e)"], rows
    )


def _energy(booked: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """Set what the ledger took beside the published figure and those of other chains."""
    yield (
        "What the ledger takes is part of the energy of every method that keeps one: the blocks, votes, claims and "
        "opened records of all validators, by the measured cost of each. In a run:"
    )
    yield ""
    rows = []
    for method, means in booked.items():
        claims, joules = means["claims"], means["ledger_joules"]
        published = claims * PUBLISHED_KWH_PER_TRANSACTION * JOULES_PER_KWH
        share = plain(joules / means["energy_joules"] * PERCENT) if means["energy_joules"] else DASH
        per_claim = plain(joules / claims) if claims else DASH
        rows.append([method, plain(joules), share, plain(claims), per_claim, plain(published)])
    yield from markdown_table(
        ["method", "ledger (J)", "share of the energy (%)", "claims", "J per claim", "claims as published (J)"], rows
    )
    per_year = JOULES_PER_KWH / TRANSACTIONS_PER_YEAR
    yield (
        f"The published figure is {PUBLISHED_KWH_PER_TRANSACTION * JOULES_PER_KWH:g} J for a transaction, without a "
        f"source. Ethereum took {WORK_KWH_PER_YEAR * per_year / 1e6:,.0f} MJ for each under Proof of Work, and "
        f"{STAKE_KWH_PER_YEAR * per_year / 1e3:,.0f} kJ under Proof of Stake (Crypto Carbon Ratings Institute, 2022, "
        "over 1.1 million transactions a day), with thousands of validators that are computers of their own."
    )
    yield ""
