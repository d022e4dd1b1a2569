"""Alerts and what they are about: each one's limit is drawn, or there is a reason why not."""

import pytest

from grafana.concern import LIMITS, TOPICS, alerts, quantities, sources
from grafana.queries import metric_names

UNDRAWN = {
    "EcotrackDailyBudgetFastBurn": "no panel shows burn rates; the burn-down shows what they lead to",
    "EcotrackDailyBudgetSlowBurn": "as the fast one",
    "EcotrackMonthlyBudgetFastBurn": "as the fast one",
    "EcotrackMonthlyBudgetSlowBurn": "as the fast one",
    "EcotrackTeamBudgetExhausted": "a column of a table of teams",
    "EcotrackTeamDailyBudgetFastBurn": "as for devices",
    "EcotrackTeamDailyBudgetSlowBurn": "as for devices",
    "EcotrackTeamMonthlyBudgetFastBurn": "as for devices",
    "EcotrackTeamMonthlyBudgetSlowBurn": "as for devices",
    "EcotrackTeamBudgetOverrunProjected": "a column of a table of teams",
    "EcotrackIntensityStale": "the age of live values is a figure, not a graph",
    "EcotrackIntensityProviderDown": "a state, without a limit",
    "EcotrackIntensityFallback": "a state, without a limit",
    "EcotrackForecastWorse": "one error against another, without a limit",
    "EcotrackGridClean": "one time against another; the hours ahead are drawn in two colours at its ratio",
    "EcotrackGridDirty": "the share is a column of a table",
    "EcotrackCollectorFailing": "a state, without a limit",
    "EcotrackEnergyCounterStuck": "energy that stands still is a line at zero",
    "EcotrackReadingsDiscarded": "columns of counts, whose limit depends on how many samples there are",
    "EcotrackSourceDenied": "a state, without a limit",
    "EcotrackSourceLost": "a state, without a limit",
    "EcotrackSensorFrozen": "an event, without a limit",
    "EcotrackModelDespiteSensor": "a state, without a limit",
    "EcotrackAttestationLate": "the age of a proof is a figure, not a graph",
    "EcotrackStateDiscarded": "an event, without a limit",
    "EcotrackProcessGroupShareHigh": "of one group's part of what is above idle, while the graph stacks parts of all",
    "EcotrackProcessBytesLost": "a part of the bytes, which a figure shows",
    "EcotrackDown": "a state, without a limit",
    "EcotrackDevicesMixed": "a number of events; the series that it is about are what is wrong",
    "EcotrackSilent": "a state, without a limit",
    "EcotrackAbsent": "a state, without a limit",
    "EcotrackConfigReloadFailed": "a state, without a limit",
    "EcotrackCertificateExpires": "the end of a certificate is a time, not a graph",
    "EcotrackTrialFinished": "an event, without a limit",
    "EcotrackSettingsNotReverted": "a number of settings, each of which is too many",
    "EcotrackWatchdog": "always fires",
    "EcochainBatteryEmpty": "of what a battery gives, not of its charge",
    "EcochainSiteDark": "of what supply and battery give, not of the battery's charge",
    "EcochainAllAwake": "of the mean of all nodes, while the graph shows each",
    "EcochainWakeFailed": "an event, without a limit",
    "EcochainForecastCheckpointRefused": "a state, without a limit",
    "EcochainLedgerEquivocation": "an event, without a limit",
    "EcochainLedgerUnbalanced": "an event, without a limit",
    "EcochainLedgerVerificationFailed": "an event, without a limit",
    "EcochainDown": "a state, without a limit",
    "EcochainAbsent": "a state, without a limit",
    "EcochainConfigReloadFailed": "a state, without a limit",
}
"""Alerts whose limit no graph draws, and why."""

EVERY = [alert for program in TOPICS for alert in alerts(program)]


def test_every_alert_has_a_limit_that_is_drawn_or_a_reason() -> None:
    drawn = [name for limit in LIMITS for name in limit.alerts]
    assert sorted([*drawn, *UNDRAWN]) == sorted(alert.name for alert in EVERY)


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.alerts[0])
def test_a_limit_is_that_of_its_alerts(limit: object) -> None:
    assert isinstance(limit, type(LIMITS[0]))
    for alert in EVERY:
        if alert.name in limit.alerts:
            read = quantities((alert.component,))
            assert limit.quantities & read
            if limit.series:
                assert limit.series in {one for name in metric_names(alert.expr) for one in sources(name)}


def test_every_component_has_a_topic() -> None:
    for program, topics in TOPICS.items():
        components = [component for group in topics.values() for component in group]
        assert sorted(components) == sorted({alert.component for alert in alerts(program)})


def test_an_alert_on_a_recorded_rate_is_about_the_counter_behind_it() -> None:
    assert "ecotrack_emissions_grams_total" in quantities(("ecoguard",))
    assert "ecotrack_power_watts" not in quantities(("ecoguard",))
