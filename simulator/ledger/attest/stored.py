"""Raw samples of an hour of an exporter, as a Prometheus has stored them."""

from dataclasses import dataclass

from exporter.core.config import ConfigError
from exporter.core.printable import printable
from exporter.core.prometheus import Prometheus, Series, quoted
from exporter.core.units import SECONDS_PER_HOUR
from simulator.ledger.attest.origins import HIGH, INTENSITY_INFO, LOW, NOTED, POWER, POWER_INFO
from simulator.ledger.attest.scrapes import EMISSIONS, ENERGY, LOOK_BACK_SECONDS, SAMPLE_INTERVAL, SAMPLED_AT
from simulator.ledger.attest.watts import PROCESS_START

ORIGINS = (POWER_INFO, INTENSITY_INFO, POWER, LOW, HIGH, PROCESS_START, *NOTED)

FAMILIES = (ENERGY, EMISSIONS, SAMPLED_AT, SAMPLE_INTERVAL, *ORIGINS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporter:
    """An exporter as a Prometheus knows it; without a job it is the only one of its instance."""

    instance: str
    job: str | None = None


def fetch(prometheus: Prometheus, exporter: Exporter, start: float) -> list[Series]:
    """Return the samples of the hour that begins at a Unix time, and those shortly before it.

    Raises ConfigError where there is no answer, or one about others, as of a proxy that ignores what it is asked; and
    where several jobs scrape the instance and none is named.
    """
    named = {"instance": exporter.instance, **({} if exporter.job is None else {"job": exporter.job})}
    matchers = ",".join(f"{name}={quoted(value)}" for name, value in named.items())
    chosen = f'__name__=~"{"|".join(FAMILIES)}",{matchers}'
    # A second more, so that every version answers with the samples at its very beginning.
    seconds = LOOK_BACK_SECONDS + SECONDS_PER_HOUR + 1.0
    found = list(prometheus.samples(chosen, seconds=seconds, until=start + SECONDS_PER_HOUR))
    if not all(named.items() <= one.labels.items() for one in found):
        raise ConfigError([f"--prometheus: answers with others than {exporter.instance}, which it was asked about"])
    jobs = sorted({job_of(one) for one in found})
    if len(jobs) > 1:
        listed = ", ".join(map(printable, jobs))
        raise ConfigError([f"--prometheus: several jobs scrape {exporter.instance}; name one by --job: {listed}"])
    return found


def job_of(series: Series) -> str:
    """Return the job that a series is of."""
    return series.labels.get("job", "")
