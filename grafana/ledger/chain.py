"""The chain: its head, what is final, who has a stake, and what was refused."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.options import PER_HOUR
from grafana.panels import Facts, Target, events, lines, number
from grafana.promql import select, total
from grafana.simulated import NO_DATA, NO_RATE, SIMULATED, if_several
from prometheus.ledger_alerts import MOST_SLOTS_BEHIND
from prometheus.simulator_recording import LEDGER_BLOCKS, LEDGER_RECORDS, LEDGER_REJECTED

TOP = 5

NO_REFUSALS = "no message has been refused"
SLOTS = "suffix: slots"
# After a restart the clock is behind the blocks in the file.
BEHIND = f"clamp_min({select('ecochain_ledger_clock_slot')} - {select('ecochain_ledger_finalized_slot')}, 0)"


def now() -> Row:
    """Build the row of the head, finality, validators, and units held."""
    return Row(title="Now", panels=(_head(), _behind(), _validators(), _credits(), _balance(), _certificates()))


def row() -> Row:
    """Build the row of finality over time, blocks, refusals, and stakes."""
    return Row(title="Chain", panels=(_lag(), _blocks(), _refused(), _stakes()))


def _head() -> dashboard.Panel:
    facts = Facts(
        title="Head",
        description="Slot of the last block; of several simulators the least. A slot is 300 simulated seconds.",
        unit="none",
        no_value=NO_DATA,
        targets=(Target(expr=f"min({select('ecochain_ledger_head_slot')})", legend="slot"),),
        width=4,
        height=TOP,
        decimals=0,
    )
    return number(facts)


def _behind() -> dashboard.Panel:
    facts = Facts(
        title="Final",
        description=(
            "Slots that have passed since the last final one; of several simulators the most. Five are usual, and more "
            f"than {MOST_SLOTS_BEHIND} raise an alert: then validators with a third of the stake do not vote, or no "
            "block is made."
        ),
        unit=SLOTS,
        no_value=NO_DATA,
        targets=(Target(expr=f"max({BEHIND})", legend="behind"),),
        width=4,
        height=TOP,
        limit=MOST_SLOTS_BEHIND + 1,
        decimals=0,
    )
    return number(facts)


def _validators() -> dashboard.Panel:
    facts = Facts(
        title="Validators",
        description="Validators that have something at stake, all chosen simulators together.",
        unit="none",
        no_value=NO_DATA,
        targets=(Target(expr=total(select("ecochain_ledger_validators")), legend="validators"),),
        width=4,
        height=TOP,
        decimals=0,
    )
    return number(facts)


def _credits() -> dashboard.Panel:
    held = select("ecochain_ledger_credits_grams", state="held")
    facts = Facts(
        title="Credits held",
        description=(
            "Grams below the benchmark that were credited and are held, all chosen simulators together. Settled once "
            "in a simulated day. They do not lower any emissions."
        ),
        unit="massg",
        no_value=NO_DATA,
        targets=(Target(expr=total(held), legend="credits"),),
        width=4,
        height=TOP,
        decimals=1,
    )
    return number(facts)


def _balance() -> dashboard.Panel:
    facts = Facts(
        title="Balance",
        description=(
            "Emissions that the benchmark allows for the tasks on time so far, less the emissions of the electricity. "
            "Below 0 it is a deficit, which the next credits repay first."
        ),
        unit="massg",
        no_value=NO_DATA,
        targets=(Target(expr=total(select("ecochain_ledger_balance_grams")), legend="balance"),),
        width=4,
        height=TOP,
        decimals=1,
    )
    return number(facts)


def _certificates() -> dashboard.Panel:
    held = select("ecochain_ledger_certificates_watthours", state="held")
    facts = Facts(
        title="Certificates held",
        description=(
            "Certificates of generation that are held, one for each whole Wh that was used, exported, or came out of a "
            "battery again. They say where a Wh came from, and nothing of emissions."
        ),
        unit="watth",
        no_value=NO_DATA,
        targets=(Target(expr=total(held), legend="certificates"),),
        width=4,
        height=TOP,
        decimals=0,
    )
    return number(facts)


def _lag() -> dashboard.Panel:
    facts = Facts(
        title="Slots that are not final",
        description=(
            "Slots that have passed since the last final one. A block is final once two thirds of the stake have voted "
            "for it and for the next. The dashed line, where it shows, is the limit of the alert."
        ),
        unit=SLOTS,
        no_value=NO_DATA,
        targets=(Target(expr=if_several(BEHIND), legend="not final{{run}}"),),
        limit=MOST_SLOTS_BEHIND,
        width=12,
        minimum=0,
        decimals=0,
    )
    return lines(facts)


def _blocks() -> dashboard.Panel:
    facts = Facts(
        title="Blocks and messages",
        description=(
            "Blocks per simulated hour, of which twelve are possible, and the signed messages in them: claims, and "
            f"task records that were opened to be executed again. {SIMULATED}"
        ),
        unit=PER_HOUR,
        no_value=NO_RATE,
        targets=(
            Target(expr=f"3600 * {total(select(LEDGER_BLOCKS.rate))}", legend="blocks"),
            Target(expr=f"3600 * {total(select(LEDGER_RECORDS.rate))}", legend="messages"),
        ),
        width=12,
        minimum=0,
    )
    return lines(facts)


def _refused() -> dashboard.Panel:
    rate = f"3600 * {select(LEDGER_REJECTED.rate)}"
    none = f'label_replace(0 * sum({rate}), "reason", "none", "", "")'
    facts = Facts(
        title="Refused messages",
        description=(
            "Messages per simulated hour that broke a rule, by the rule. They are in no block, except for "
            "false_output: claims of earlier blocks that earn nothing, as a drawn output was false. unbalanced counts "
            f"blocks that were not made. An honest cluster has none of these. {SIMULATED}"
        ),
        unit=PER_HOUR,
        no_value=NO_REFUSALS,
        targets=(Target(expr=f"sum by (reason) ({rate} > 0) or on () {none}", legend="{{reason}}"),),
        width=12,
        minimum=0,
    )
    return events(facts)


def _stakes() -> dashboard.Panel:
    facts = Facts(
        title="Stake by validator",
        description="Stake of each validator. It falls to 0 where a validator is slashed.",
        unit="none",
        no_value=NO_DATA,
        targets=(Target(expr=if_several(select("ecochain_ledger_stake")), legend="{{validator}}{{run}}"),),
        width=12,
        minimum=0,
        decimals=0,
    )
    return lines(facts)
