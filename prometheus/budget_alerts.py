"""Alerts on carbon budgets and on EcoGuard's emission-rate limit."""

from collections.abc import Iterable

from exporter.activity.advice import ADVICE
from exporter.core.units import SECONDS_PER_DAY
from prometheus.alert import BUDGET_HOLD, GRAMS, KEEP_FIRING, MUTING_KEEP_FIRING, Alert, looked_up
from prometheus.budget import (
    PROJECTION_WINDOW,
    USED_WARNING_RATIO,
    BurnAlert,
)
from prometheus.recording import (
    COST,
    EXHAUSTED,
    MOSTLY_USED,
    OVER_ECOGUARD,
    OVERRUN,
    PERIOD_MATCH,
    RAISED,
    burning,
)

_OF_BUDGET = "{job=%q, instance=%q, period=%q}"
_USED_SHARE = f"ecotrack_budget_used_grams{_OF_BUDGET} / {PERIOD_MATCH} ecotrack_budget_limit_grams{_OF_BUDGET}"
"""Query for the used share of one budget, with places for the labels that tell it, twice."""

ADVICE_OTHERWISE = "Look for a download, a stream or a long computation, and pause or postpone it."


def budget_alerts(burns: Iterable[BurnAlert]) -> tuple[Alert, ...]:
    """Return every budget alert, with these rows of the burn-rate table."""
    return (_exhausted(), *(_burn(row) for row in burns), _projected(), _mostly_used())


def ecoguard_alert() -> Alert:
    """Return the alert on the emission rate of the last five minutes, with advice for the device's activity."""
    return Alert(
        name="EcotrackEcoguardLimitExceeded",
        expr=OVER_ECOGUARD,
        severity="warning",
        component="ecoguard",
        summary="{{ $labels.instance }} emits more than its limit per minute",
        description=(
            "Over the last 5 minutes {{ $labels.instance }} emitted "
            f'{{{{ $value | printf "%.2f" }}}} g CO2e per minute{_minute_limit()}.'
        ),
        advice=_advice(),
    )


def _unless_raised(condition: str) -> str:
    return f"{condition}\nunless {PERIOD_MATCH}\n{RAISED}"


def _exhausted() -> Alert:
    # Both are recorded at one moment. What is older than the raise is from before a restart: nothing marks it as stale.
    outdated = f"timestamp({RAISED})\n  > {PERIOD_MATCH}\n  timestamp({EXHAUSTED})"
    return Alert(
        name="EcotrackBudgetExhausted",
        expr=f"{EXHAUSTED}\nunless {PERIOD_MATCH} (\n  {outdated}\n)",
        severity="critical",
        component="budget",
        summary="{{ $labels.instance }} has used up its carbon budget for the {{ $labels.period }}",
        description=(
            f"{{{{ $labels.instance }}}} has used {_grams('ecotrack_budget_used_grams')} CO2e this "
            f"{{{{ $labels.period }}}}, {_share()} of its budget of "
            f"{_grams('ecotrack_budget_limit_grams')}.{_money()}"
        ),
        advice=_until_when(),
        hold=BUDGET_HOLD,
        keep_firing_for=MUTING_KEEP_FIRING,
    )


def _burn(row: BurnAlert) -> Alert:
    return Alert(
        name=row.name,
        expr=_unless_raised(burning(row)),
        severity=row.severity,
        component="budget",
        summary=f"{{{{ $labels.instance }}}} burns its carbon budget for the {row.period} too fast",
        description=(
            f"Over the last {row.long} {{{{ $labels.instance }}}} emitted "
            f'{{{{ $value | printf "%.1f" }}}} times what its budget for the {row.period} allows on average. '
            f"A factor of {row.factor:g} uses {row.fraction:.0%} of the budget in {row.long}. "
            f"Used so far: {_grams('ecotrack_budget_used_grams')} of {_grams('ecotrack_budget_limit_grams')}.{_money()}"
        ),
        advice=row.advice,
        hold=BUDGET_HOLD,
        keep_firing_for=KEEP_FIRING,
    )


def _projected() -> Alert:
    return Alert(
        name="EcotrackBudgetOverrunProjected",
        expr=_unless_raised(OVERRUN),
        severity="warning",
        component="budget",
        summary="{{ $labels.instance }} may exceed its carbon budget for the {{ $labels.period }}",
        description=(
            "If it goes on like its usual week, {{ $labels.instance }} ends the {{ $labels.period }} at "
            "{{ $value | humanizePercentage }} or more of its budget of "
            f"{_grams('ecotrack_budget_limit_grams')}. "
            f"Every projection of the last {PROJECTION_WINDOW} was at least that high.{_early()} "
            f"Used so far: {_grams('ecotrack_budget_used_grams')}."
        ),
        advice="Reduce the load, or move work into the next {{ $labels.period }}.",
        hold=BUDGET_HOLD,
        keep_firing_for=KEEP_FIRING,
    )


def _mostly_used() -> Alert:
    return Alert(
        name="EcotrackBudgetMostlyUsed",
        expr=_unless_raised(MOSTLY_USED),
        severity="warning",
        component="budget",
        summary="{{ $labels.instance }} has already used most of its budget for the {{ $labels.period }}",
        description=(
            f"{{{{ $labels.instance }}}} has used {{{{ $value | humanizePercentage }}}} of its budget of "
            f"{_grams('ecotrack_budget_limit_grams')}, and less than {USED_WARNING_RATIO:.0%} of the "
            f"{{{{ $labels.period }}}} has passed."
        ),
        advice="Decide what the rest is for, and postpone other work.",
        hold=BUDGET_HOLD,
        keep_firing_for=KEEP_FIRING,
    )


def _grams(metric: str) -> str:
    """Return template text with the present value of a budget metric, for the alert's instance and period."""
    return looked_up(metric + _OF_BUDGET, ("job", "instance", "period"), GRAMS, otherwise="an unknown amount")


def _share() -> str:
    """Return template text with the used share of the budget, of the same moment as the grams beside it.

    The alert's value is that of a recording rule, and so up to a scrape older than they are.
    """
    shown = "{{ . | first | value | humanizePercentage }}"
    labels = ("job", "instance", "period")
    return looked_up(_USED_SHARE, (*labels, *labels), shown, otherwise="{{ $value | humanizePercentage }}")


def _until_when() -> str:
    """Return template text that says when the budget starts again; or, where it is not used up any more, why.

    What the alert reads is recorded once a minute, so that its text can be of a moment after it has ceased to hold.
    """
    again = "The budget starts again with the next {{ $labels.period }}. Postpone what can wait until then."
    ends = (
        "It was used up until its limit was raised or a new {{ $labels.period }} began, and this alert ends about "
        f"{MUTING_KEEP_FIRING} after that."
    )
    labels = ("job", "instance", "period")
    return looked_up(f"{_USED_SHARE} < 1", (*labels, *labels), ends, otherwise=again)


def _early() -> str:
    """Return template text with a sentence for a projection that does not know the device's week yet."""
    query = f"ecotrack_budget_projection_learned_ratio{_OF_BUDGET} < 1"
    share = "{{ . | first | value | humanizePercentage }}"
    shown = f" It is early: {share} of that week is known, and the mean so far stands in for it."
    return looked_up(query, ("job", "instance", "period"), shown)


def _money() -> str:
    """Return template text with a sentence on what the machine's electricity costs, where it has a price."""
    query = f"{SECONDS_PER_DAY:.0f} * {COST}{{job=%q, instance=%q}}"
    shown = (
        ' At this pace its electricity costs {{ . | first | value | printf "%.2f" }} '
        '{{ . | first | label "currency" }} a day.'
    )
    return looked_up(query, ("job", "instance"), shown)


def _minute_limit() -> str:
    query = "60 * ecotrack_ecoguard_limit_grams_per_second{job=%q, instance=%q}"
    return looked_up(query, ("job", "instance"), '; its limit is {{ . | first | value | printf "%.2f" }} g')


def _advice() -> str:
    """Return template text with one sentence for the activity that the device reports."""
    query = "ecotrack_activity_state{job=%q, instance=%q} == 1"
    found = looked_up(query, ("job", "instance"), '{{ $activity = . | first | label "activity" }}')
    cases = " else ".join(f'if eq $activity "{activity}" }}}}{advice}{{{{' for activity, advice in ADVICE.items())
    return f'{{{{ $activity := "" }}}}{found}{{{{ {cases} else }}}}{ADVICE_OTHERWISE}{{{{ end }}}}'
