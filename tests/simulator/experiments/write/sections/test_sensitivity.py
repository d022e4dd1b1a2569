"""Reports of settings that show no sign, and of service in them, of figures written down by hand."""

from msgspec.structs import replace

from simulator.experiments.find.sensitivity import Sensitivity, Variation
from simulator.experiments.write.sections.sensitivity import headline, sensitivity
from tests.simulator.experiments.write.plots.kept import kept
from tests.simulator.experiments.write.plots.planted import variation


def told(unchanged: Variation, *others: Variation) -> tuple[str, list[str]]:
    """Return the first paragraph, and the rows of the section."""
    found = Sensitivity(
        method="own",
        against="other",
        unchanged=unchanged,
        variations=list(others),
        low=None,
        high=None,
        changes_sign=[],
        not_shown=[
            one.setting
            for one in (unchanged, *others)
            if one.difference is None or one.difference.low <= 0.0 <= one.difference.high
        ],
    )
    results = replace(kept("peers-edge"), sensitivity=found)
    return next(headline(results)), [line for line in sensitivity(results) if " x " in line]


def test_where_the_scenario_shows_no_sign_none_is_said_to_stay() -> None:
    none = variation("", 1.0, 0.01)
    first, _ = told(none, variation("load", 0.5, -0.2), variation("load", 2.0, 0.2), variation("grid", 2.0, None))
    assert "`own` emits less than `other` with `load x 0.5`. `own` emits more than `other` with `load x 2`. " in first
    assert "No sign is shown with `unchanged`, `grid x 2`." in first
    assert "on the other side" not in first
    bare, _ = told(none, variation("load", 2.0, 0.02))
    assert "emits" not in bare.partition("**. ")[2]
    assert "No sign is shown with any setting." in bare


def test_service_that_is_not_shown_is_told_as_well_as_less_service() -> None:
    unknown = replace(variation("load", 2.0, -0.2), serves_less=None)
    less = replace(variation("load", 0.5, -0.2), serves_less=True)
    first, rows = told(variation("", 1.0, -0.3), less, unknown)
    assert "`own` serves fewer tasks on time than `other` with `load x 0.5`." in first
    assert "`own` is not shown to serve as many tasks on time as `other` with `load x 2`." in first
    assert [row.split(" | ")[-1] for row in rows] == ["serves fewer on time |", "service not shown |"]
