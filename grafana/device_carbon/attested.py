"""The last hour of a device whose consumption was signed, with a link to its proof."""

from grafana_foundation_sdk.models import dashboard

from grafana.colours import PLAIN
from grafana.panels import Facts, Series, Target, number
from grafana.promql import select

NO_PROOF = "no proof: ecochain ledger attest makes one, and attestation.proof shows it"

PROOF = dashboard.DashboardLink(
    title="Proof of ${__field.labels.instance}", url="http://${__field.labels.instance}/attestation", target_blank=True
)
"""Link to the proof that the exporter serves, where the browser reaches it at the address that Prometheus scrapes."""


def proof() -> dashboard.Panel:
    """Show the age of the last proof, of the device where it is oldest, and that hour's energy; both link to it."""
    oldest = f"topk(1, time() - {select('ecotrack_attestation_timestamp_seconds')})"
    energy = f"{select('ecotrack_attestation_energy_joules')} / 3600"
    facts = Facts(
        title="Last proof",
        description=(
            "Time since the end of the last hour whose electricity somebody has signed, and what the machine used in "
            "it: joules / 3600. A click opens the proof, where the browser reaches the exporter. Nobody has checked it "
            "here: ecochain ledger check does. Several devices: the one whose proof is oldest."
        ),
        unit="watth",
        no_value=NO_PROOF,
        targets=(
            Target(expr=oldest, legend="ago"),
            Target(expr=f"{energy} and on (job, instance) {oldest}", legend="in that hour"),
        ),
        series=(Series(name="ago", unit="dtdhms", colour=PLAIN),),
        links=(PROOF,),
        width=6,
        height=5,
        decimals=1,
    )
    return number(facts, shown="value_and_name")
