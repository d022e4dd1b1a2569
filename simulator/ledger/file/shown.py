"""Records of the ledger as people read them: JSON with the names of the fields, bytes in hexadecimal."""

import msgspec

from simulator.ledger.record.types import Record


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


def counted(number: int, what: str) -> str:
    """Return a number of things in words."""
    return f"{number} {what}{'' if number == 1 else 's'}"
