"""Strategies for hypothesis that draw any record of the ledger, within the bounds of its fields' types."""

from typing import TypeVar

import msgspec
import msgspec.inspect as shape
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

LOWEST, HIGHEST = -(2**63), 2**64 - 1
"""The integers that can be encoded."""


R = TypeVar("R")


def records(kind: type[R]) -> SearchStrategy[R]:
    """Return a strategy that draws records of a kind."""
    return _drawn(shape.type_info(kind))


def _drawn(one: shape.Type) -> SearchStrategy:
    drawn: SearchStrategy
    match one:
        case shape.IntType(ge=low, le=high):
            drawn = st.integers(LOWEST if low is None else low, HIGHEST if high is None else high)
        case shape.BytesType(min_length=low, max_length=high):
            drawn = st.binary(min_size=low or 0, max_size=high or 40)
        case shape.BoolType():
            drawn = st.booleans()
        case shape.EnumType(cls=members):
            drawn = st.sampled_from(members)
        case shape.VarTupleType(item_type=item):
            drawn = st.lists(_drawn(item), max_size=3).map(tuple)
        case shape.UnionType(types=kinds):
            drawn = st.one_of(*(_drawn(kind) for kind in kinds))
        case shape.StructType(cls=struct, fields=fields):
            drawn = st.builds(struct, **{field.name: _drawn(field.type) for field in fields})
        case _:
            raise AssertionError(one)
    return drawn


@st.composite
def mutants(draw: st.DrawFn, good: R) -> R:
    """Draw a record in which up to two fields hold anything that their types allow, and those within them likewise."""
    kind = shape.type_info(type(good))
    assert isinstance(kind, shape.StructType)
    assert isinstance(good, msgspec.Struct)
    changed: dict[str, object] = {}
    for field in draw(st.lists(st.sampled_from(kind.fields), max_size=2, unique_by=lambda one: one.name)):
        now = getattr(good, field.name)
        inner = isinstance(now, msgspec.Struct) and draw(st.booleans())
        changed[field.name] = draw(mutants(now) if inner else _drawn(field.type))
    return msgspec.structs.replace(good, **changed)
