"""What ledger operations cost in energy, measured once and stored with the host it was measured on."""

import hashlib
from importlib import resources

import msgspec


class CostProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Joules per operation, and on what they were measured."""

    joules_per_signature: float
    joules_per_verification: float
    joules_per_record: float
    joules_per_block: float
    method: str
    host: str

    def digest(self) -> str:
        """SHA-256 over the canonical JSON: results say with which profile they were made."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()


def shipped_profile() -> CostProfile:
    """The profile that comes with the simulator."""
    data = resources.files("simulator.ledger").joinpath("cost_profile.json").read_bytes()
    return msgspec.json.decode(data, type=CostProfile)
