"""One place among the validators: whoever acts there, on what disk, and what becomes of it when that fails."""

from functools import partial

from simulator.ledger.application import Application
from simulator.ledger.consensus.peer import Letter, Peer, Sent
from simulator.ledger.consensus.state import get_genesis_state
from simulator.ledger.file.contents import check_contents
from simulator.ledger.file.faults import DamagedError, StoreError
from simulator.ledger.file.reading import Head, open_reader
from simulator.ledger.node.node import Node, Role
from tests.simulator.ledger.by_seed.disk import Disk
from tests.simulator.ledger.by_seed.laws import Law, need
from tests.simulator.ledger.by_seed.world import World


class Seat:
    """An honest validator on its disk. While it is down, nobody acts there; once it is `gone`, nobody will."""

    def __init__(self, world: World, index: int, disk: Disk) -> None:
        self.world, self.index, self.disk = world, index, disk
        self.node: Node | None = None
        self.is_gone = False
        self.is_damaged = self.is_old = False
        self.down_until = 0
        self.acted = (-1, -1)

    @property
    def peers(self) -> list[Peer]:
        """Whoever acts here now."""
        return [] if self.node is None else [self.node.peer]

    def begin(self) -> None:
        """Begin for the first time."""
        self.node = Node(self._role(), self.disk.begin(), self.disk.memory())

    def act(self, slot: int, phase: int) -> list[tuple[int, Sent]]:
        """Act by its own clock: at the beginning of a slot, or when its block should have arrived."""
        if self.node is None or (slot, phase) == self.acted:
            return []
        self.acted = (slot, phase)
        with self.disk.working():
            return [(0, one) for one in (self.node.on_slot(slot) if phase == 0 else self.node.on_vote_time(slot))]

    def hear(self, sender: int, letter: Letter, slot: int) -> list[tuple[int, Sent]]:
        """Take a letter."""
        if self.node is None:
            return []
        with self.disk.working():
            return [(0, one) for one in self.node.on_letter(sender, letter, slot)]

    def go_down(self, until: int, *, is_closed: bool = False) -> None:
        """End the process: closed in good order, or killed with its files as they are."""
        node, self.node = self.node, None
        self.down_until = until
        if node is None:
            return
        if is_closed:
            node.close()
        else:
            self.disk.leave(node.store)

    def lose_power(self, until: int) -> None:
        """Note that the power has failed: the disk has already been left as it is."""
        self.node = None
        self.down_until = until

    def come_up(self) -> str:
        """Start again from the disk, and say how that went."""
        self.acted = (-1, -1)
        try:
            store = self.disk.open()
        except (DamagedError, StoreError) as error:
            return self._begin_anew(f"refuses its file ({_words(error)})")
        head = store.head()
        self._check_opened(head, store.finalized)
        try:
            self.node = Node(self._role(), store, self.disk.memory())
        except DamagedError as error:
            store.close()
            return self._begin_anew(f"refuses its file ({_words(error)})")
        self.is_damaged = self.is_old = False
        self.disk.note(head, store.finalized)
        return f"goes on from block {head.blocks}"

    def _check_opened(self, head: Head, final: int) -> None:
        """Check that a file has what its writer was promised, or as much as its damage explains."""
        disk = self.disk
        what = (
            f"{disk.acknowledged.blocks} blocks until {disk.final} were promised, {head.blocks} until {final} are there"
        )
        if self.is_old:
            need(head in disk.ever | set(disk.possible), Law.BELIEVED, what)
        elif self.is_damaged:
            need(head in set(disk.possible) | {disk.earlier}, Law.BELIEVED, what)
        else:
            need(disk.possible.get(head) == final, Law.DURABLE, what)

    def _begin_anew(self, why: str) -> str:
        need(self.is_damaged, Law.REFUSED, why)
        self.is_damaged = self.is_old = False
        self.node = Node(self._role(), self.disk.begin(), self.disk.memory())
        return f"{why} and begins another one"

    def lose_disk(self) -> None:
        """Lose all files: nobody knows what was signed, so this validator signs no more."""
        self.go_down(1 << 30)
        self.is_gone = True
        self.disk.signed_path.unlink()
        try:
            self.disk.memory()
        except (StoreError, DamagedError):
            return
        need(False, Law.SIGNS_TWICE, "a memory that was lost is begun anew")

    def check_file(self) -> None:
        """Check all rows of the closed file."""
        with open_reader(self.disk.path) as reader:
            check_contents(reader)

    def _role(self) -> Role:
        return Role(
            identity=self.world.identity(self.index),
            execute=self.world.execute,
            choose=partial(self.world.choose, self.index),
            told=self.world.told,
        )


class Twins(Seat):
    """A validator that acts as two, without memory: each of them talks to half of the others."""

    def begin(self) -> None:
        """Begin both of them."""
        self._twins = [self._twin() for _ in range(2)]

    @property
    def peers(self) -> list[Peer]:
        """Nobody whose word counts."""
        return []

    def act(self, slot: int, phase: int) -> list[tuple[int, Sent]]:
        """Act once for each."""
        if (slot, phase) == self.acted:
            return []
        self.acted = (slot, phase)
        return [
            (half, sent)
            for half, one in enumerate(self._twins, 1)
            for sent in (one.on_slot(slot) if phase == 0 else one.on_vote_time(slot))
        ]

    def hear(self, sender: int, letter: Letter, slot: int) -> list[tuple[int, Sent]]:
        """Take a letter twice."""
        return [(half, sent) for half, one in enumerate(self._twins, 1) for sent in one.on_letter(sender, letter, slot)]

    def _twin(self) -> Peer:
        application = Application(self.world.genesis, self.world.execute)
        return Peer(
            self.world.identity(self.index),
            get_genesis_state(self.world.genesis, application.root),
            application.process_messages,
            partial(self.world.choose, self.index, application),
        )


def _words(error: Exception) -> str:
    return str(error).partition(": ")[2]
