"""Types of what a strategy finds: what is so, what would help, and how much it may save."""

from dataclasses import dataclass

from exporter.core.carbon import emissions
from exporter.core.units import SECONDS_PER_DAY, Grams, GramsPerKwh, Seconds, UnixSeconds, Watts, energy
from exporter.optimize.setting import Change
from exporter.optimize.trial.result import Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Watts that something may save, from low to high, and the basis of that; None where nobody can say before."""

    basis: str
    low: Watts | None = None
    high: Watts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A finding: what is so, and what would help, where anything would.

    `changes` are made by this program where it may; otherwise `command` is for a person. `private` names people's
    programs and is for the terminal alone.
    """

    text: str
    advice: str = ""
    command: str = ""
    private: str = ""
    changes: tuple[Change, ...] = ()
    estimate: Estimate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Findings of a strategy."""

    strategy: str
    findings: tuple[Finding, ...]

    def savings(self) -> tuple[Watts, Watts] | None:
        """Return the sums of the low and of the high estimates that there are; None without any."""
        known = [one.estimate for one in self.findings if one.estimate is not None]
        ranges = [(one.low, one.high) for one in known if one.low is not None and one.high is not None]
        return (Watts(sum(low for low, _ in ranges)), Watts(sum(high for _, high in ranges))) if ranges else None

    def grams_per_day(self, intensity: GramsPerKwh | None) -> tuple[Grams, Grams] | None:
        """Return the CO2e of a day with those savings, at a carbon intensity; None where either is unknown."""
        watts = self.savings()
        if watts is None or intensity is None:
            return None
        low, high = (emissions(energy(one, Seconds(SECONDS_PER_DAY)), intensity) for one in watts)
        return low, high


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Settings that are not as they were: of a run that is under way, or of one that has ended without a revert."""

    strategy: str
    changes: tuple[Change, ...]
    is_running: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimizations:
    """Findings of the last look, where strategies are switched on, and the settings that are not as they were.

    `standing` is None where nothing is changed, and `trouble` says why that is not known. `trials` are the last of each
    strategy.
    """

    found: tuple[Found, ...] = ()
    looked_at: UnixSeconds | None = None
    standing: Standing | None = None
    trouble: str = ""
    trials: tuple[Trial, ...] = ()
