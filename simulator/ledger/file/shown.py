"""Records of the ledger as people read them: JSON with the names of the fields, bytes in hexadecimal."""

from pathlib import Path

import msgspec

from simulator.ledger.record.types import Genesis, Record

RUN_NAME_BYTES = 32
"""Bytes of the name of a chain that `ecochain serve` begins: the SHA-256 of its scenario, seed and step
(`simulator.live.ledger.setting`). Names that people choose are texts."""

SIMULATED = (
    "its name is the digest of a run of `ecochain serve`: the cluster is simulated, whoever has scenario and seed has "
    "all its keys, and every run of them earns the same credits"
)


def shown(value: object) -> object:
    """Return a record, or a part of one, as what JSON knows."""
    match value:
        case Record():
            fields = {name: shown(getattr(value, name)) for name in value.__struct_fields__}
            return {"kind": type(value).__name__, **fields}
        case bytes():
            return value.hex()
        case tuple():
            return [shown(one) for one in value]
        case _:
            return value


def as_json(value: object, indent: int = 2) -> str:
    """Return the JSON of a record, on one line where `indent` is negative."""
    return msgspec.json.format(msgspec.json.encode(shown(value)), indent=indent).decode()


def chain_name(genesis: Genesis) -> str:
    """Return the name of a chain: its text, or its bytes in hexadecimal where they are none that can be printed."""
    name = genesis.config.name
    try:
        text = name.decode()
    except UnicodeDecodeError:
        return name.hex()
    return text if text.isprintable() else name.hex()


def is_simulated(genesis: Genesis) -> bool:
    """Tell whether a chain has the name of a run of `ecochain serve`."""
    name = genesis.config.name
    return len(name) == RUN_NAME_BYTES and chain_name(genesis) == name.hex()


def told_if_simulated(path: Path, genesis: Genesis) -> str:
    """Return the line that says so of a ledger of a simulated cluster; nothing of any other."""
    return f"{path}: {SIMULATED}\n" if is_simulated(genesis) else ""


def counted(number: int, what: str) -> str:
    """Return a number of things in words."""
    return f"{number} {what}{'' if number == 1 else 's'}"
