"""The energy of ledger operations, measured once and stored with the host it was measured on."""

import hashlib
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from exporter.core.config import ConfigError

SHIPPED = Path(__file__).with_name("cost_profile.json")

Cost = Annotated[float, Meta(ge=0)]


class CostProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Joules per operation, and the method and the host of their measurement.

    A signature is made; a claim, a vote (`attestation`) and a block are checked, each with its signature, and an opened
    task record with its part of one; a task record is encoded and hashed into a tree; a block is appended to the store.
    """

    joules_per_signature: Cost
    joules_per_claim: Cost
    joules_per_record: Cost
    joules_per_opening: Cost
    joules_per_attestation: Cost
    joules_per_block: Cost
    joules_per_append: Cost
    method: str
    host: str

    def digest(self) -> str:
        """Return SHA-256 over the canonical JSON, which results state as their profile."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()


def shipped_profile() -> CostProfile:
    """Return the profile that comes with the simulator, which users may replace.

    Raises ConfigError where the file cannot be read or is not a profile.
    """
    return read_profile(SHIPPED)


def read_profile(path: Path) -> CostProfile:
    """Return the profile in a file. Raises ConfigError where it cannot be read or is not a profile."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=CostProfile)
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        told = f"is not a profile of ledger costs, as `ecochain measure-ledger` writes it: {error}"
        raise ConfigError([f"{path}: {told}"]) from error
