"""The picture of emissions beside service."""

import numpy as np
from matplotlib.colors import to_hex
from msgspec.structs import replace

from simulator.experiments.find.service import SERVICE_MARGIN
from simulator.experiments.write.display import PERCENT
from simulator.experiments.write.medium import REPORT
from simulator.experiments.write.plots.differences import intervals
from tests.simulator.experiments.write.plots.kept import kept


def test_methods_of_equal_service_stand_first_and_the_others_are_hollow() -> None:
    results = replace(kept("peers-edge"), serving_less=["consolidation", "round-robin"], service_not_shown=["joint"])
    grams, misses = intervals(results, REPORT).axes
    names = [label.get_text() for label in grams.get_yticklabels()]
    changes = {one.method: one.difference.mean for one in results.comparisons if one.measure == "emissions_grams"}
    equal = [name for name in names if name in changes]
    assert names == [*equal, "consolidation *", "joint ?", "round-robin *"]
    assert equal == sorted(equal, key=lambda name: changes[name])
    assert grams.get_xlabel() == "Carbon emissions:\nchange from least-loaded (%)"
    for axes in (grams, misses):
        points = [line for line in axes.lines if line.get_marker() == "o"]
        faces = [to_hex(line.get_markerfacecolor()) for line in points]
        assert faces.count("#ffffff") == 3
    dotted = [line for line in misses.lines if line.get_linestyle() == ":"]
    assert [np.asarray(line.get_xdata())[0] for line in dotted] == [SERVICE_MARGIN * PERCENT]
