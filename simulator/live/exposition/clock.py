"""The simulated clock, the facts of the run, and what became of its configuration when it was last read."""

from collections.abc import Iterator

from exporter.core.metrics import Row, Sample
from simulator.live.exposition.families import counter, gauge, info, one
from simulator.live.snapshot import Snapshot, speed_text


def _clock_time(snapshot: Snapshot) -> Iterator[Sample]:
    yield (), snapshot.facts.start + snapshot.clock


def _run(snapshot: Snapshot) -> Iterator[Sample]:
    facts = snapshot.facts
    described = (facts.version, facts.python_version, facts.scenario, str(facts.seed), speed_text(facts.speed))
    parts = (facts.forecaster, facts.ledger, facts.compression_digest, facts.ledger_cost_digest)
    yield (*described, *parts), 1.0


CLOCK: tuple[Row[Snapshot], ...] = (
    counter(
        name="ecochain_clock_seconds_total",
        unit="seconds",
        help="Simulated time since the run began. The rate of a simulated counter, divided by the rate of this "
        "counter, is the rate per simulated second.",
        read=one(lambda snapshot: snapshot.clock),
    ),
    gauge(
        name="ecochain_clock_timestamp_seconds",
        unit="seconds",
        help="Simulated date and time.",
        read=_clock_time,
    ),
    gauge(
        name="ecochain_clock_speed_ratio",
        unit="ratio",
        help="Simulated seconds per second of real time, as achieved over about the last ten seconds.",
        read=one(lambda snapshot: None if (now := snapshot.readings) is None else now.speed),
    ),
    gauge(
        name="ecochain_config_last_reload_successful",
        help="Success of the last reading of scenario and shown results: 1, or 0 after a mistake.",
        read=one(lambda snapshot: None if snapshot.config is None else float(snapshot.config.is_good)),
    ),
    gauge(
        name="ecochain_config_last_reload_success_timestamp_seconds",
        unit="seconds",
        help="Time of the last reading of scenario and shown results without a mistake.",
        read=one(lambda snapshot: None if snapshot.config is None else snapshot.config.good_at),
    ),
    gauge(
        name="ecochain_web_certificate_start_timestamp_seconds",
        unit="seconds",
        help="Time from which the certificate of the simulator's own server is valid; missing without TLS.",
        read=one(lambda snapshot: None if snapshot.certificate is None else snapshot.certificate.start),
    ),
    gauge(
        name="ecochain_web_certificate_expiry_timestamp_seconds",
        unit="seconds",
        help="Time at which the certificate of the simulator's own server expires; missing without TLS.",
        read=one(lambda snapshot: None if snapshot.certificate is None else snapshot.certificate.expiry),
    ),
    counter(
        name="ecochain_web_refused_logins_total",
        labels=("reason",),
        help="Requests without a right password and connections without a right certificate that the simulator's own "
        "server refused since the start; missing where neither is asked for.",
        read=lambda snapshot: (((reason,), count) for reason, count in snapshot.refused_logins.items()),
    ),
    info(
        name="ecochain_run_info",
        labels=(
            "version",
            "python",
            "scenario",
            "seed",
            "speed",
            "forecaster",
            "ledger",
            "compression_digest",
            "ledger_cost_digest",
        ),
        help="Facts of the run: versions, scenario, seed, requested speed, forecaster, ledger, and the first digits of "
        "the SHA-256 of each measured profile in use.",
        read=_run,
    ),
)
