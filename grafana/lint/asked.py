"""Rules on what a board asks: PromQL that heeds the board's variables and suits the metrics."""

import re
from collections import Counter
from collections.abc import Iterator

import promql_parser

from grafana.lint.board import OF_TEAMS, TARGET_VARIABLES, variables
from grafana.queries import RATE_INTERVAL, BoardJson, nodes, queries, selectors, walked

COUNTER = re.compile(r"\w+_total\b")
DEVICES, SIMULATED = "ecotrack", "ecochain_"
COUNTER_FUNCTIONS = frozenset({"rate", "irate", "increase"})

COMPARISONS = frozenset({">", "<", ">=", "<=", "==", "!="})
NEVER_ZERO = re.compile(
    r"_limit_grams$|_limit_grams_per_second$|_max_fds$|_limit_grams:constant$|_budget_period_seconds:length$"
    r"|_device_(share|weight):ratio$"
)
"""Limits, capacities and lengths, which are above zero where they are configured or known at all, and parts of a device
that has so and so many targets."""

FOLD_ROWS = 24
"""Rows of the grid that a screen of 1280 x 1024 shows: (1024 - 112 px of headers) / 38 px for a row and its gap."""

MOST_QUERIES_FIRST = 25
"""Queries that a browser may send when it opens a board; the others follow as the reader scrolls."""


def queries_are_promql(board: BoardJson) -> Iterator[str]:
    """Require that every query parses."""
    for query in queries(board):
        try:
            nodes(query.expr)
        except ValueError as error:
            yield f"{query.kind} {query.title!r} is not PromQL: {error}"


def queries_select_the_chosen_targets(board: BoardJson) -> Iterator[str]:
    """Require `job=~"$job"` and `instance=~"$instance"` in every selector; in a variable's, those before it.

    What is recorded of teams, or alerts on them, is matched with `team=~"$team"` instead.
    Of what a board of devices tells about clusters, require neither: a chosen device would leave nothing of it.
    """
    names = list(variables(board))
    for query in queries(board):
        wanted = set(TARGET_VARIABLES)
        if query.kind == "variable":
            wanted &= set(names[: names.index(query.title)])
        for selector in _parsed_selectors(query.expr):
            if _is_simulated(selector) and DEVICES in board.get("tags", ()):
                if _variable_matchers(selector) & wanted:
                    yield f"{query.kind} {query.title!r}: {selector.name} is matched with the choice of devices"
                continue
            missing = ({"team"} if _is_of_teams(selector) else wanted) - _variable_matchers(selector)
            if missing:
                yield f"{query.kind} {query.title!r}: {selector.name} is not matched with {sorted(missing)}"


def _is_of_teams(selector: promql_parser.VectorSelector) -> bool:
    scopes = {matcher.value for matcher in selector.matchers.matchers if matcher.name == "scope"}
    return str(selector.name).startswith(OF_TEAMS) or (selector.name == "ALERTS" and scopes == {"team"})


def simulated_rates_are_recorded(board: BoardJson) -> Iterator[str]:
    """Require a recording rule for a simulated counter's rate, which it divides by the rate of the simulated clock."""
    for query in queries(board):
        for call in _counter_calls(query.expr):
            for selector in _ranged(call):
                if call.func.name != "increase" and str(selector.name).startswith(SIMULATED):
                    yield f"{query.kind} {query.title!r}: {selector.name} is rated by the wall's clock"


def counters_are_rated(board: BoardJson) -> Iterator[str]:
    """Require that a counter is read through rate, irate or increase only, and that those read counters only."""
    for query in queries(board):
        if query.kind == "variable":
            continue
        read = Counter(str(selector) for selector in _parsed_selectors(query.expr))
        rated = Counter(str(selector) for call in _counter_calls(query.expr) for selector in _ranged(call))
        counters = Counter({text: times for text, times in read.items() if COUNTER.match(text)})
        for text in (counters - rated) + (rated - counters):
            yield f"{query.kind} {query.title!r}: {text} is a counter without rate, or rate of no counter"


def rates_use_the_rate_interval(board: BoardJson) -> Iterator[str]:
    """Require the window `$__rate_interval` in rate and irate: it never falls below four scrapes."""
    for query in queries(board):
        for call in _counter_calls(query.expr):
            window = f"{call.args[0].range.total_seconds():.0f}s"
            if call.func.name != "increase" and window != RATE_INTERVAL:
                yield f"{query.kind} {query.title!r}: {call.func.name} over {window}, not $__rate_interval"


def ratios_have_a_sound_divisor(board: BoardJson) -> Iterator[str]:
    """Require a divisor that is a number, a limit or a capacity, or kept away from zero by a comparison."""
    for query in queries(board):
        try:
            quotients = [node for node in nodes(query.expr) if isinstance(node, promql_parser.BinaryExpr)]
        except ValueError:
            continue  # queries_are_promql reports it
        for quotient in quotients:
            if str(quotient.op) == "/" and not _is_sound(quotient.rhs):
                yield f"{query.kind} {query.title!r} divides by {quotient.rhs.prettify()}, which may be nearly nothing"


def few_queries_come_first(board: BoardJson) -> Iterator[str]:
    """Require few queries in what shows before anybody scrolls."""
    shown = [panel for panel in board.get("panels", ()) if panel.get("gridPos", {}).get("y", 0) < FOLD_ROWS]
    count = sum(len(panel.get("targets", ())) for panel in shown)
    if count > MOST_QUERIES_FIRST:
        yield f"{count} queries run before anybody scrolls; at most {MOST_QUERIES_FIRST} may"


def _is_simulated(selector: promql_parser.VectorSelector) -> bool:
    """Tell whether a selector reads a series of the simulator, or one that a rule records of it."""
    return bool(re.match(rf"(\w+:)?{SIMULATED}", str(selector.name)))


def _is_sound(divisor: promql_parser.Expr) -> bool:
    inner = walked(divisor)
    if any(isinstance(node, promql_parser.BinaryExpr) and str(node.op) in COMPARISONS for node in inner):
        return True
    names = [str(node.name) for node in inner if isinstance(node, promql_parser.VectorSelector)]
    return all(NEVER_ZERO.search(name) for name in names)


def _parsed_selectors(expr: str) -> list[promql_parser.VectorSelector]:
    try:
        return selectors(expr)
    except ValueError:
        return []  # queries_are_promql reports it


def _counter_calls(expr: str) -> list[promql_parser.Call]:
    try:
        calls = [node for node in nodes(expr) if isinstance(node, promql_parser.Call)]
    except ValueError:
        return []  # queries_are_promql reports it
    return [call for call in calls if call.func.name in COUNTER_FUNCTIONS]


def _ranged(call: promql_parser.Call) -> Iterator[promql_parser.VectorSelector]:
    if isinstance(call.args[0], promql_parser.MatrixSelector):
        yield call.args[0].vector_selector


def _variable_matchers(selector: promql_parser.VectorSelector) -> set[str]:
    """Return the labels that the selector matches with the variable of the same name."""
    return {
        matcher.name
        for matcher in selector.matchers.matchers
        if matcher.op == promql_parser.MatchOp.Re and matcher.value == f"${matcher.name}"
    }
