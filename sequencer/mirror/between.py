"""What a member says between chains: of home and of the outposts that it follows, each of which it
reads by a connection of its own, and nothing that it did not read there.

What is read counts as final: whoever runs a member gives it nodes that tell only of what is.
Spec: docs/spec/25-chains.md.
"""

from collections.abc import Sequence
from threading import Lock

from rollup.crypto.bls import BlsSecret
from rollup.l1.connection import RemoteError
from rollup.l1.relay import Member, ReadOutpost, Said, Sight
from rollup.l1.remote import RemoteL1
from rollup.l1.remote_home import SeenHome
from rollup.l1.remote_outpost import RemoteOutpost
from rollup.protocol.checkpoint import Link
from rollup.protocol.genesis import Genesis


class NotSaid(Exception):
    """A member does not sign what it is asked to."""


class NotFollowed(NotSaid):
    """It is of an outpost, or of a venue, that the member does not follow."""


class NotRead(NotSaid):
    """The member reads something else, as yet or for good."""


class NotReached(NotSaid):
    """One of the two chains does not answer the member."""


class Between:
    """A member between chains. One call at a time reads anything."""

    def __init__(
        self, secret: BlsSecret, genesis: Genesis, home: RemoteL1, outposts: Sequence[RemoteOutpost]
    ) -> None:
        """Of the venue of a genesis. Both connections are this object's alone to use."""
        self._secret = secret
        self._genesis = genesis
        self._home = home
        self._outposts = outposts
        self._links: dict[str, Link] = {}
        self._is_known = False
        self._turn = Lock()

    @property
    def key(self) -> bytes:
        """The public key that it signs by."""
        return self._secret.key

    def follows(self) -> list[Link]:
        """The outposts that it follows, as far as they ever answered."""
        with self._turn:
            return [link for link in map(self._link, self._outposts) if link is not None]

    def sign(self, said: Said) -> bytes:
        """Its signature of what it reads itself. NotFollowed, NotRead or NotReached otherwise."""
        with self._turn:
            outpost = self._followed(said.link)
            try:
                self._require_home()
                signature = self._signed(said, outpost)
            except RemoteError as error:
                raise NotReached(str(error)) from error
        if signature is None:
            raise NotRead("the member reads something else of the two chains")
        return signature

    def _signed(self, said: Said, outpost: ReadOutpost) -> bytes | None:
        return Member(self._secret, Sight(SeenHome(self._home), outpost)).sign(said)

    def _followed(self, link: Link) -> RemoteOutpost:
        """Lie: an outpost of another venue, whose words would bear this member's name."""
        here = self._genesis
        if (link.home, link.venue) != (here.chain, here.venue):
            raise NotFollowed(f"the member is of venue {here.venue} of chain {here.chain}")
        for outpost in self._outposts:
            if self._link(outpost) == link:
                return outpost
        if len(self._links) < len(self._outposts):
            raise NotReached("an outpost that the member follows does not answer")
        raise NotFollowed(f"the member follows no such outpost on chain {link.chain}")

    def _link(self, outpost: RemoteOutpost) -> Link | None:
        """Which outpost it is, which never changes; None where it never answered."""
        if outpost.url not in self._links:
            try:
                self._links[outpost.url] = outpost.link
            except RemoteError:
                return None
        return self._links[outpost.url]

    def _require_home(self) -> None:
        """Lie: another venue's contract in home's place, which took other deposits."""
        if not self._is_known:
            if self._home.deployment.genesis != self._genesis:
                raise NotFollowed(f"{self._home.url} has the contract of another venue")
            self._is_known = True
