"""Rules that every board keeps, each a function from a board's JSON to findings, one sentence each.

Most restate the rules of Grafana's dashboard-linter (https://github.com/grafana/dashboard-linter), which is a Go
program; the others hold this project's own promises to the reader of a board.
"""

from collections.abc import Callable, Iterator

from grafana.lint import alerting, asked, looks, signs, sizes, structure
from grafana.queries import BoardJson

Rule = Callable[[BoardJson], Iterator[str]]

RULES: tuple[Rule, ...] = (
    structure.board_is_fixed,
    structure.datasource_is_a_variable,
    structure.targets_are_variables,
    structure.variables_are_used,
    structure.panels_use_the_variable_datasource,
    structure.panels_are_explained,
    structure.panels_have_known_types_and_targets,
    structure.grid_is_sound,
    structure.identifiers_are_unique,
    asked.queries_are_promql,
    asked.queries_select_the_chosen_targets,
    asked.simulated_rates_are_recorded,
    asked.counters_are_rated,
    asked.rates_use_the_rate_interval,
    asked.ratios_have_a_sound_divisor,
    asked.few_queries_come_first,
    looks.panels_state_their_colours,
    looks.colours_stand_out,
    looks.red_is_for_failure,
    looks.one_name_has_one_colour,
    looks.overrides_name_a_series,
    looks.emptiness_is_told,
    looks.axes_suit_zeros,
    looks.rows_lead_to_their_detail,
    signs.zero_has_no_sign,
    sizes.legends_show_all_series,
    sizes.titles_are_whole,
    sizes.columns_fit,
    sizes.text_is_legible,
    sizes.figures_fit,
    sizes.texts_are_whole,
    sizes.durations_are_short,
    sizes.timelines_show_all_rows,
    sizes.header_is_one_line,
    alerting.alerts_are_named,
    alerting.annotations_mark_what_they_concern,
    alerting.limits_are_drawn,
)


def lint(board: BoardJson) -> list[str]:
    """Return the findings of every rule, each with the board's title before it."""
    return [f"{board.get('title', 'untitled')}: {finding}" for rule in RULES for finding in rule(board)]
