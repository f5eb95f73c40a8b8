"""What is signed in a batch: so many actions, under so many signatures.

A bundle is one signature, however much of it a batch takes, and the nodes of its tree above what is
taken are rows of the proof like those of any tree (rollup.protocol.bundle).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from rollup.private import Private
from rollup.protocol.bundle import Bundled, bundle_of
from rollup.protocol.cancel import SignedCancel
from rollup.protocol.order import SignedOrder

Action = SignedOrder | SignedCancel

_Node = tuple[Bundled, int, int]
"""A node of a bundle: its height, and its place there."""


@dataclass(slots=True, repr=False)
class Carried(Private):
    """The actions that a batch carries so far."""

    actions: int = 0
    _alone: int = 0
    _nodes: set[_Node] = field(default_factory=set)
    _bundles: set[Bundled] = field(default_factory=set)

    @property
    def signatures(self) -> int:
        """How many signatures they have."""
        return self._alone + len(self._bundles)

    @property
    def nodes(self) -> int:
        """How many nodes of bundles are above them."""
        return len(self._nodes)

    def take(self, signed: Action) -> None:
        """Count one more."""
        self.actions += 1
        self._alone += signed.path is None
        self._nodes.update(_above(signed))
        self._bundles.update(_of([signed]))

    def more_signatures(self, signed: Iterable[Action]) -> int:
        """How many signatures some more of them would add: one for two of one bundle."""
        asked = list(signed)
        alone = sum(each.path is None for each in asked)
        return alone + len(_of(asked) - self._bundles)

    def more_nodes(self, signed: Iterable[Action]) -> int:
        """How many nodes these would add."""
        above = {node for each in signed for node in _above(each)}
        return len(above - self._nodes)


def _of(signed: Iterable[Action]) -> set[Bundled]:
    return {_bundle(each) for each in signed if each.path is not None}


def _bundle(signed: Action) -> Bundled:
    what = signed.order if isinstance(signed, SignedOrder) else signed.cancel
    return bundle_of((what.account, signed.signature, signed.path))


def _above(signed: Action) -> Iterator[_Node]:
    path = signed.path
    if path is not None:
        bundle = _bundle(signed)
        for height in range(1, path.depth + 1):
            yield bundle, height, path.place >> height
