"""Rates of samples, integrated over time: what a gauge says that a counter gained."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from exporter.audit.evidence import Moment, Pair
from exporter.audit.figures import Figures
from exporter.audit.finding import Comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class Integral:
    """Amount that rates add up to, and how far off it may be since nobody knows the moments to the millisecond."""

    amount: float
    slack: float


def integrate(steps: Sequence[Pair], rates: Sequence[float], collector: str | None = None) -> Integral:
    """Return the integral of the mean rate of each step, of what one collector reads or several of them.

    A source is read at a time e after the sample's, from 0 to its spread d. The sum of r_i (e_i - e_(i-1)), by which
    the integral is off, is r_1 e_0, all e_i (r_i - r_(i+1)) and r_n e_n added up, so it is at most the sum of d times
    those differences.
    """
    amount = slack = last = 0.0
    end: Moment | None = None
    for step, rate in zip(steps, rates, strict=True):
        amount += rate * step.seconds
        if end is not None and end is not step.before:
            slack, last = slack + end.spread_of(collector) * last, 0.0
        slack += step.before.spread_of(collector) * abs(rate - last)
        end, last = step.after, rate
    if end is not None:
        slack += end.spread_of(collector) * last
    return Integral(amount=amount, slack=slack)


def compare_rate(
    what: str,
    steps: Sequence[Pair],
    rate: Callable[[Figures], float | None],
    counter: Callable[[Figures], float | None],
    collector: str | None = None,
) -> Comparison | None:
    """Compare a gauge with the counter that it is the rate of, over the steps after which both are known."""
    known = [
        (step, at, moved)
        for step in steps
        if (at := rate(step.after.figures)) is not None and (moved := step.moved(counter)) is not None
    ]
    if not known:
        return None
    integral = integrate([step for step, _, _ in known], [at for _, at, _ in known], collector)
    gained = sum(moved for _, _, moved in known)
    return Comparison(what=what, told=integral.amount, found=gained, slack=integral.slack)
