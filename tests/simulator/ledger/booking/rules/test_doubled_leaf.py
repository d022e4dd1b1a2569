"""A record has one place in its claim's tree: an odd leaf is not its own neighbour."""

from simulator.ledger.record.codec import encode
from simulator.ledger.record.merkle import StoredNodes, inclusion_path, root_of
from simulator.ledger.record.rules import Rule
from simulator.ledger.record.types import ModelRecord, Opening
from tests.simulator.ledger.cases import DRAWN, VALIDATORS, Served, broken, included, serve, signed

SERVED = serve(3, 2)
"""Five tasks: the last leaf of their tree has no neighbour."""


def test_invalid_duplicated_odd_leaf() -> None:
    # Where an odd leaf is doubled, a claim of one task more has the same root, and the last record two places.
    doubled = (*SERVED.records, SERVED.records[-1])
    leaves = [encode(one) for one in doubled]
    assert root_of(leaves) != SERVED.nodes.tree.root()
    nodes = StoredNodes()
    nodes.extend(leaves)
    more = Served(tasks=(3, 3), records=doubled, nodes=SERVED.nodes)
    state = included(more)
    place = next(one for one in (5, 4) if one in state.pending[0, 1].drawn)
    path = tuple(inclusion_path(place, 6, nodes.node))
    opening = Opening(sequence=1, index=place, record=doubled[place], path=path)
    forged = ModelRecord(validator=0, device=0, openings=(opening,))
    assert broken(state, signed(state, forged, VALIDATORS[0]), slot=DRAWN) is Rule.DOUBLED_LEAF
