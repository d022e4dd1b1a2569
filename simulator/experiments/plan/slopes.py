"""The experiment on a published slope: the cost of matched supply by the share of the load that may move."""

from collections.abc import Sequence

from simulator.experiments.plan.cases import Case
from simulator.experiments.plan.work import Procurement
from simulator.scenario.published import AnyScenario, PublishedScenario

FLEXIBLE_SHARES = (0.0, 0.1, 0.2, 0.3, 0.4)
"""Shares of the load that may move, in the experiment on the published slope: those of the study that it repeats
(Riepin, Brown and Zavala, arXiv 2405.00036, file `config.yaml`)."""

BETWEEN_SITES = "between-sites"
WITHIN_SITES = "within-sites"


def slope(scenario: AnyScenario, tasks: int | None) -> Sequence[Case]:  # noqa: ARG001 - its load is constant
    """Return the load of each flexible share, which may move in time and between sites, or in time alone.

    Scenarios whose sites have not both sun and wind have no cases.
    """
    if isinstance(scenario, PublishedScenario) or not scenario.sites:
        return []
    if any(site.solar is None or site.wind is None for site in scenario.sites):
        return []
    # A load that never moves is the same work in both, and done once.
    return [
        Case(
            label=f"{share:.0%} flexible, {panel}",
            panel=panel,
            size=share,
            work=Procurement(
                scenario=scenario, seed=0, flexible=share, between_sites=panel == BETWEEN_SITES and share > 0.0
            ),
        )
        for panel in (BETWEEN_SITES, WITHIN_SITES)
        for share in FLEXIBLE_SHARES
    ]
