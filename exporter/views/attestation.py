"""The last attested hour as the summary tells it, and its proof."""

import msgspec

from exporter.core.units import to_kwh
from exporter.core.web.site import Response, text
from exporter.snapshot import Snapshot
from exporter.sources.reading import SourceState

PATH = "/attestation"
"""Path at which the proof is served."""

FILE_NAME = "proof.json"
"""Name that the proof gets where it is saved."""


class AttestationView(msgspec.Struct, frozen=True, kw_only=True):
    """Energy and emissions of the last attested hour, of the target that Prometheus calls `instance`, unchecked."""

    instance: str
    start: float
    end: float
    energy_kwh: float
    emissions_grams: float


def attestation_view(snapshot: Snapshot) -> AttestationView | None:
    """Return what the snapshot tells; None where no proof can be read."""
    found = snapshot.attestation
    if found is None:
        return None
    return AttestationView(
        instance=found.instance,
        start=found.start,
        end=found.end,
        energy_kwh=to_kwh(found.energy),
        emissions_grams=found.emissions,
    )


def proof_response(snapshot: Snapshot) -> Response:
    """Return the proof as its file has it; 404 and one line where none can be read."""
    if snapshot.attestation is not None:
        saved = ("Content-Disposition", f'attachment; filename="{FILE_NAME}"')
        return Response(content_type="application/json", body=snapshot.attestation.proof, headers=(saved,))
    states = {one.state for one in snapshot.outcomes if one.collector == "attestation"}
    if states & {SourceState.FAILS, SourceState.DENIED}:
        return text(404, "There is no proof that can be read: the exporter's log says why.")
    return text(404, "There is no proof here: attestation.proof in the configuration names its file.")
