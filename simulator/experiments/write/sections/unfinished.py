"""The sentences on what methods leave unfinished at the end of a run."""

from collections.abc import Iterator, Mapping

from simulator.experiments.find.statistics import Interval
from simulator.experiments.find.unfinished import LeftOver
from simulator.experiments.write.display import PERCENT, Display, with_half_width

LEFT_OVER = Display(heading="Unfinished tasks, less those at the beginning", unit="per run", signed=True)


def unfinished(left: Mapping[str, LeftOver]) -> Iterator[str]:
    """Yield what is worth telling: the methods that leave over more than they took over, and those that leave fewer."""
    told = {name: one for name, one in left.items() if one.is_worth_telling}
    more = [_size(name, one.tasks, one) for name, one in told.items() if one.tasks.mean > 0.0]
    fewer = [_size(name, one.tasks.negated, one) for name, one in told.items() if one.tasks.mean < 0.0]
    for word, names in (("More", more), ("Fewer", fewer)):
        if names:
            yield (
                f"{word} tasks were unfinished at the end of a run than at its beginning under {', '.join(names)}, "
                "which no figure counts."
            )


def _size(method: str, tasks: Interval, one: LeftOver) -> str:
    size = with_half_width(tasks)
    if one.work_ratio is None or one.grams is None:
        return f"`{method}` ({size})"
    share, grams = f"{abs(one.work_ratio) * PERCENT:.2g}%", f"{abs(one.grams):.2g} g"
    return f"`{method}` ({size}; at most {share} of its work, and that share of its emissions is {grams})"
