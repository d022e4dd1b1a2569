"""Alerts on the exporter as a scrape target, and the one that proves that alerts arrive."""

from exporter.core.units import SECONDS_PER_DAY
from exporter.core.web.validity import SOON_DAYS, SOON_PART
from prometheus.alert import EXPORTER, Alert

SLOW_SCRAPE_SECONDS = 1
"""A scrape takes milliseconds; Prometheus gives up after its timeout of 10 s."""

SENT_BEFORE = ("10m", "1h", "1d")
"""Times ago at which a sample of a device is looked for: one is there until a day after the last, and a device that has
sent for ten minutes is missed already. Each costs one sample a device, a window over all would cost thousands."""

SENT_BY_AGENT = 'sent_by="agent"'
"""Selects what agents send, by the label that `agent.yml` sets. Of a device that Prometheus itself scrapes `up` becomes
0, and one that is no longer a target is not missed."""

MIXED_WINDOW = "30m"
MOST_BEGINNINGS = 3
"""Changes of when a device's totals began, within `MIXED_WINDOW`: one is a new state folder. Of two devices in one
series every other sample is a change. Chosen."""

TRIAL_NEWS_SECONDS = 3600
"""Time for which the end of a trial is news. Chosen."""


def exporter_alerts() -> tuple[Alert, ...]:
    """Return the alert on an exporter that is down, and the watchdog."""
    return (_down(), _watchdog())


def presence_alerts() -> tuple[Alert, ...]:
    """Return the alerts on what is not there for minutes: what an agent sends, and any exporter."""
    return (_silent(), _absent())


def conduct_alerts() -> tuple[Alert, ...]:
    """Return the alerts on exporters that answer: how they do, and those on settings and trials."""
    return (_slow(), _mixed(), _not_reloaded(), _certificate(), _settings(), _trial())


def _down() -> Alert:
    return Alert(
        name="EcotrackDown",
        expr=f"up{{{EXPORTER}}} == 0",
        severity="critical",
        component="exporter",
        summary="{{ $labels.instance }} does not answer scrapes",
        description=(
            "Prometheus cannot scrape the exporter at {{ $labels.instance }}. A machine that is switched off "
            "looks the same. The counters go on while the exporter runs, so a short gap loses no energy."
        ),
        advice="If the machine is on, start the exporter and read its log.",
    )


def _silent() -> Alert:
    sent = f"up{{{EXPORTER},{SENT_BY_AGENT}}}"
    before = " or on (job, instance) ".join(f"{sent} offset {ago}" for ago in SENT_BEFORE)
    return Alert(
        name="EcotrackSilent",
        # By job and instance: a device that goes to another team, or that is scraped from now on, is not silent.
        expr=f"({before}) unless on (job, instance) up{{{EXPORTER}}}",
        severity="critical",
        component="exporter",
        summary="The agent of {{ $labels.instance }} has stopped sending",
        description=(
            "Nothing has come from the agent of {{ $labels.instance }} for five minutes or more, so that nothing is "
            "known about the device. One that is switched off looks the same. The agent sends what it has kept once it "
            "reaches its receiver again."
        ),
        advice="If the device is on, see whether the agent runs, and read its log for what the receiver answers.",
    )


def _absent() -> Alert:
    return Alert(
        name="EcotrackAbsent",
        expr=f"absent(up{{{EXPORTER}}})",
        severity="critical",
        component="exporter",
        scope="pipeline",
        summary="Prometheus has no ecotrack exporter to scrape",
        description=(
            "No target of the job {{ $labels.job }} exists, so no other alert about emissions or budgets can fire."
        ),
        advice="Check that Prometheus has a scrape job of this name, and that it lists the exporter.",
        hold="5m",
    )


def _slow() -> Alert:
    return Alert(
        name="EcotrackScrapeSlow",
        expr=f"avg_over_time(scrape_duration_seconds{{{EXPORTER}}}[10m]) > {SLOW_SCRAPE_SECONDS}",
        severity="warning",
        component="exporter",
        summary="Scrapes of {{ $labels.instance }} are slow",
        description=(
            "Over 10 minutes a scrape of {{ $labels.instance }} took {{ $value | humanizeDuration }} "
            "on average. At the scrape timeout, data is lost."
        ),
        advice="Check the machine's load and the network between it and Prometheus.",
    )


def _mixed() -> Alert:
    return Alert(
        name="EcotrackDevicesMixed",
        expr=f"changes(ecotrack_lifetime_start_timestamp_seconds[{MIXED_WINDOW}]) > {MOST_BEGINNINGS}",
        severity="critical",
        component="exporter",
        summary="Two devices are sent or scraped as {{ $labels.instance }}",
        description=(
            "The totals of {{ $labels.instance }} began at other times {{ $value }} times in half an hour, as where "
            "two devices have one job and instance. Each of their counters seems to start anew again and again, so "
            "that emissions of {{ $labels.instance }} and sums with it are far too high."
        ),
        advice="Give each device its own instance, in its agent.yml or where Prometheus lists its targets.",
    )


def _not_reloaded() -> Alert:
    return Alert(
        name="EcotrackConfigReloadFailed",
        expr="ecotrack_config_last_reload_successful == 0",
        severity="warning",
        component="exporter",
        summary="{{ $labels.instance }} could not use its changed configuration",
        description=(
            "The exporter {{ $labels.instance }} was told to read its configuration again, could not use it, and goes "
            "on by the one before. It would not start with the new one."
        ),
        advice="Its log has a line for the mistakes; mend them and send the signal again.",
    )


def _certificate() -> Alert:
    expiry = "ecotrack_web_certificate_expiry_timestamp_seconds"
    lifetime = f"({expiry} - ecotrack_web_certificate_start_timestamp_seconds)"
    return Alert(
        name="EcotrackCertificateExpires",
        # Certificates that live for days are renewed late, and each time: no news until less than a part is left.
        expr=f"{expiry} - time() < {SOON_DAYS * SECONDS_PER_DAY:.0f} and {expiry} - time() < {lifetime} / {SOON_PART}",
        severity="warning",
        component="exporter",
        summary=(
            "The certificate of {{ $labels.instance }} "
            "{{ if lt $value 0.0 }}has expired{{ else }}expires in {{ $value | humanizeDuration }}{{ end }}"
        ),
        description=(
            "Once the certificate with which the exporter {{ $labels.instance }} answers has expired, Prometheus can "
            "make no new connection. One that is open goes on, so that scrapes may fail only days later."
        ),
        advice="Renew it: the exporter takes a new file at the next request, without a restart.",
    )


def _settings() -> Alert:
    return Alert(
        name="EcotrackSettingsNotReverted",
        expr="ecotrack_optimization_unreverted_settings > 0",
        severity="warning",
        component="exporter",
        summary="{{ $labels.instance }} has settings that a strategy changed and nobody set back",
        description=(
            "A run of ecotrack optimize or trial on {{ $labels.instance }} was killed. Settings that still have the "
            "values that it set: {{ $value }}. The exporter may not set them back."
        ),
        advice="Run `ecotrack optimize --revert` there as root.",
    )


def _trial() -> Alert:
    return Alert(
        name="EcotrackTrialFinished",
        # From 0 on: after a step of the clock an end may be in the future, which is no news for as long as that.
        expr=f"time() - ecotrack_optimization_trial_end_timestamp_seconds >= 0 < {TRIAL_NEWS_SECONDS}",
        severity="info",
        component="exporter",
        summary="A trial of {{ $labels.strategy }} on {{ $labels.instance }} has ended",
        description=(
            "ecotrack trial on {{ $labels.instance }} has measured what the settings of {{ $labels.strategy }} save. "
            "An interval that holds 0 is a result too."
        ),
        advice="/api/v1/savings of the exporter has the watts with their interval.",
        hold="",
    )


def _watchdog() -> Alert:
    return Alert(
        name="EcotrackWatchdog",
        expr="vector(1)",
        severity="none",
        component="exporter",
        scope="pipeline",
        summary="Prometheus and Alertmanager are working",
        description="This alert always fires.",
        advice="Route it to a service that reports when it stops arriving.",
        hold="",
    )
