"""Alerts on the ledger of a simulated cluster: information, as all alerts on simulated clusters are."""

from prometheus.alert import Alert
from prometheus.simulator_recording import LEDGER_REJECTED, LEDGER_SLASHINGS, LONG_WINDOW

MOST_SLOTS_BEHIND = 12
"""Slots that may pass after the last final block, an hour of simulated time. Five are usual."""

FAILED_CHECKS = (
    ("bad_signature", "malleable_signature"),
    ("small_order_key", "bad_proof"),
    ("doubled_leaf", "second_preimage"),
    ("wrong_history", "non_canonical"),
    ("wrong_chain", "unknown_model"),
    ("wrong_body_root", "wrong_state_root"),
    ("forged_evidence",),
)
"""Rules whose breach means that something is not what it says that it is, in place of a claim that is out of bounds. A
selector has at most two of them: YAML breaks no line within it."""


def ledger_alerts() -> tuple[Alert, ...]:
    """Return the alerts from the chain itself to what it records."""
    return (_stalled(), _equivocation(), _unbalanced(), _unverified())


def _alert(*, name: str, expr: str, summary: str, description: str, advice: str, hold: str = "") -> Alert:
    return Alert(
        name=name,
        expr=expr,
        severity="info",
        component="simulator",
        scope="cluster",
        summary=summary,
        description=description,
        advice=advice,
        hold=hold,
        board="ledger",
    )


def _seen(*series: str, by: str = "job, instance") -> str:
    means = "\nor\n".join(f"avg_over_time({one}[{LONG_WINDOW}])" for one in series)
    return f"sum by ({by}) (\n{means}\n) > 0"


def _stalled() -> Alert:
    return _alert(
        name="EcochainLedgerFinalityStalled",
        # Slots are counted by the clock: where no blocks are made at all, the head stands still as well.
        expr=f"ecochain_ledger_clock_slot - ecochain_ledger_finalized_slot > {MOST_SLOTS_BEHIND}",
        summary="The ledger of {{ $labels.instance }} makes nothing final",
        description=(
            "For 2 minutes of wall time the last final block of {{ $labels.instance }} has been more than "
            f"{MOST_SLOTS_BEHIND} slots behind the clock, now {{{{ $value }}}}."
        ),
        advice="Validators with more than a third of the stake do not vote, or no block is made: look at the head.",
        hold="2m",
    )


def _equivocation() -> Alert:
    twice = _seen(f'{LEDGER_REJECTED.rate}{{reason="equivocation"}}')
    return _alert(
        name="EcochainLedgerEquivocation",
        expr=f"{_seen(LEDGER_SLASHINGS.rate)}\nor\n{twice}",
        summary="A validator of {{ $labels.instance }} acted against the rules",
        description=(
            f"Within the last {LONG_WINDOW} of wall time a validator of {{{{ $labels.instance }}}} proposed or voted "
            "twice, or answered for a device with false outputs."
        ),
        advice="Its stake is gone; the board shows whose.",
    )


def _unbalanced() -> Alert:
    return _alert(
        name="EcochainLedgerUnbalanced",
        expr=_seen(f'{LEDGER_REJECTED.rate}{{reason="unbalanced"}}'),
        summary="Credits of {{ $labels.instance }} do not balance",
        description=(
            f"Within the last {LONG_WINDOW} of wall time a block of {{{{ $labels.instance }}}} was refused after which "
            "the units issued were not those held, retired and cancelled."
        ),
        advice="That is a fault of the program: keep the ledger's file, and report it.",
    )


def _unverified() -> Alert:
    return _alert(
        name="EcochainLedgerVerificationFailed",
        expr=_seen(
            *(f'{LEDGER_REJECTED.rate}{{reason=~"{"|".join(rules)}"}}' for rules in FAILED_CHECKS),
            by="job, instance, reason",
        ),
        summary="A check of the ledger of {{ $labels.instance }} failed",
        description=(
            f"Within the last {LONG_WINDOW} of wall time messages of {{{{ $labels.instance }}}} were refused as "
            "{{ $labels.reason }}."
        ),
        advice="The message is in no block. Verify the ledger's file, and look for who signed it.",
    )
