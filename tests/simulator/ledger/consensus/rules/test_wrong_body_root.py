"""The header binds the body: nothing can be added, left out, changed or moved."""

import pytest

from simulator.ledger.record.rules import Rule
from simulator.ledger.record.types import Body
from tests.simulator.ledger.consensus.chain import altered, extend, propose, refused_by, votes, with_body
from tests.simulator.ledger.consensus.cluster import first_state
from tests.simulator.ledger.consensus.messages import retirement

STATE = extend(first_state((100, 100, 100, 100)), 1)
VOTES = votes(STATE, 2, [0, 1])
MESSAGES = (retirement(STATE, 1), retirement(STATE, 2))
BODY = Body(attestations=VOTES, messages=MESSAGES)


@pytest.mark.parametrize(
    "body",
    [
        Body(),
        Body(attestations=VOTES, messages=MESSAGES[:1]),
        Body(attestations=VOTES, messages=(*MESSAGES, MESSAGES[1])),
        Body(attestations=VOTES[::-1], messages=MESSAGES),
        Body(attestations=VOTES, messages=MESSAGES[::-1]),
        Body(attestations=VOTES[:1], messages=MESSAGES),
    ],
)
def test_invalid_body_of_another_block(body: Body) -> None:
    assert refused_by(STATE, with_body(propose(STATE, 3, BODY), body)) is Rule.WRONG_BODY_ROOT


def test_invalid_root() -> None:
    assert refused_by(STATE, altered(propose(STATE, 3, BODY), STATE, body_root=bytes(32))) is Rule.WRONG_BODY_ROOT
