"""Home as it was at one moment, read over a socket: a number and a root that are of two moments
would be a checkpoint of nothing that ever was."""

from collections.abc import Mapping, Sequence

from rollup.l1.elsewhere import OutpostBook
from rollup.l1.remote import RemoteL1
from rollup.protocol.checkpoint import InboxEntry
from rollup.protocol.committee import Attestation

_READ = ("proved_number", "root", "exits", "outposts")


class SeenHome:
    """Implements `rollup.l1.relay.ReadHome`: what is read is of the moment when it was made, and
    calls go to L1."""

    def __init__(self, l1: RemoteL1) -> None:
        """RemoteError where L1 does not answer."""
        number, root, exits, outposts = l1.read_all([(name, {}) for name in _READ])
        self.proved_number: int = number
        self.root = root
        self.is_frozen: bool = exits.is_frozen
        self.outposts: Mapping[int, OutpostBook] = outposts
        self._l1 = l1

    def take_in_from(
        self, sender: bytes, chain: int, entries: Sequence[InboxEntry], attestation: Attestation
    ) -> int:
        """Take the next deposits of an outpost; returns how many were taken in all."""
        return self._l1.take_in_from(sender, chain, entries, attestation)
