"""The picture of effects: what is certain is filled, and the largest stands on top."""

from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from simulator.experiments.find.effects import Factorial
from simulator.experiments.write.display import CERTAIN
from simulator.experiments.write.medium import COLUMN, REPORT
from simulator.experiments.write.plots.effects import effects
from tests.simulator.experiments.write.plots.kept import kept
from tests.simulator.experiments.write.plots.planted import with_factorial


def test_an_effect_that_is_not_significant_is_hollow_and_the_largest_stand_on_top() -> None:
    results = with_factorial(kept("baseline-edge"))
    assert isinstance(results.factorial, Factorial)
    known = {one.name: one for one in results.factorial.effects if one.measure == "emissions_grams"}
    axes, misses = effects(results, REPORT).axes
    names = [label.get_text().replace("\n", " ") for label in axes.get_yticklabels()]
    assert set(names) == known.keys()
    bars = [one for one in axes.patches if isinstance(one, Rectangle)]
    for name, bar in zip(names, bars, strict=True):
        assert (to_hex(bar.get_facecolor()) == "#ffffff") == (known[name].adjusted >= CERTAIN)
        assert bar.get_width() == 100.0 * known[name].relative.mean  # type: ignore[union-attr]
    mains = [abs(known[name].difference.mean) for name in names if not known[name].aliases]
    assert mains == sorted(mains, reverse=True)
    assert names[: len(mains)] == [name for name in names if not known[name].aliases]
    assert misses.get_xlabel() == "Late or dropped tasks: effect (points)"


def test_a_column_has_the_effects_on_emissions_alone() -> None:
    (axes,) = effects(with_factorial(kept("baseline-edge")), COLUMN).axes
    assert axes.get_xlabel() == "Carbon emissions: effect (%)"
