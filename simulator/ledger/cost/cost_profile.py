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
    """Joules per operation, and the method and the host of their measurement."""

    joules_per_signature: Cost
    joules_per_verification: Cost
    joules_per_record: Cost
    joules_per_block: Cost
    method: str
    host: str

    def digest(self) -> str:
        """Return SHA-256 over the canonical JSON, which results state as their profile."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()


def shipped_profile() -> CostProfile:
    """Return the profile that comes with the simulator, which users may replace.

    Raises ConfigError where the file cannot be read or is not a profile.
    """
    try:
        return msgspec.json.decode(SHIPPED.read_bytes(), type=CostProfile)
    except OSError as error:
        raise ConfigError([f"{SHIPPED}: cannot be read: {error.strerror}"]) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError([f"{SHIPPED}: is not a profile of ledger costs: {error}"]) from error
