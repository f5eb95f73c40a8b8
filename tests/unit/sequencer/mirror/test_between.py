"""A member signs between chains what it reads there itself, over sockets of its own, and nothing
else; and it says why not."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from rollup.crypto.bls import aggregate
from rollup.l1.outpost import MockOutpost
from rollup.l1.outpost_methods import BY_ATTRIBUTE
from rollup.l1.relay import Said, Sight
from rollup.l1.remote_home import SeenHome
from rollup.l1.remote_outpost import RemoteOutpost
from rollup.l1.words import WORDS_PATH, follows_from_json, said_to_json, signed_from_json
from sequencer.mirror.between import Between, NotFollowed, NotReached, NotRead
from sequencer.mirror.member_app import make_member_app
from tests.helpers import chains, venue
from tests.helpers.chains import FAR_CHAIN, SECRETS, Pair
from tests.helpers.far_chains import FarPair, far

BOB = venue.owner(2)
SECRET = SECRETS[0]
NOWHERE = "http://127.0.0.1:1/"


@pytest.fixture
def here() -> Iterator[FarPair]:
    """A deposit that home took, a payout, and a deposit that home has not taken."""
    pair = Pair(chains.really, aggregate)
    pair.world.register(1, 100)
    pair.world.batch()
    pair.deposit(BOB, 2, 40)
    pair.take_in()
    pair.home.send(BOB, FAR_CHAIN, 0, 30)
    pair.deposit(BOB, 2, 50)
    with far(pair) as found:
        yield found


def member(here: FarPair, *outposts: RemoteOutpost) -> Between:
    return Between(SECRET, here.pair.world.genesis, here.home, outposts or (here.outpost,))


def true_words(here: FarPair) -> list[Said]:
    """What is true of the two chains."""
    sight = Sight(here.pair.home, here.pair.outpost)
    words = [sight.inbox_head(2), sight.inbox_head(1), sight.checkpoint(1), sight.checkpoint(0)]
    return [each for each in words if each is not None]


def test_what_is_true_of_both_chains_is_signed(here: FarPair) -> None:
    between = member(here)
    assert between.follows() == [chains.LINK]
    words = true_words(here)
    assert len(words) == 4
    for said in words:
        assert between.sign(said) == SECRET.sign(said.encode())


def test_what_the_member_does_not_read_is_not_signed(here: FarPair) -> None:
    """Lies: a deposit nobody made, another one in its place, a batch that home has not proved,
    another root, a payout that home did not let out, an end that has not come."""
    head, _, checkpoint, _ = true_words(here)
    between = member(here)
    lies: list[Any] = [
        replace(head, count=3),  # type: ignore[call-arg]
        replace(head, count=1),  # type: ignore[call-arg]
        replace(head, head=bytes(32)),
        replace(checkpoint, number=checkpoint.number + 1),  # type: ignore[call-arg, union-attr]
        replace(checkpoint, root=(1,) * 8),  # type: ignore[call-arg]
        replace(checkpoint, sent=2),  # type: ignore[call-arg]
        replace(checkpoint, head=bytes(32)),
        replace(checkpoint, taken=2),  # type: ignore[call-arg]
        replace(checkpoint, closed=True),  # type: ignore[call-arg]
    ]
    for lie in lies:
        with pytest.raises(NotRead):
            between.sign(lie)


def test_a_member_signs_for_no_other_outpost_venue_or_home(here: FarPair) -> None:
    """Lies: another address, chain or venue; an outpost that home was not told of; and another
    venue's contract where the member reads home."""
    head = true_words(here)[0]
    for changed in ({"address": b"\2" * 20}, {"chain": 77}, {"venue": 9}, {"home": 5}):
        other = replace(head, link=replace(head.link, **changed))
        with pytest.raises(NotFollowed):
            member(here).sign(other)
    unknown = replace(here.pair.outpost.deployment, link=replace(head.link, address=b"\3" * 20))
    with far(here.pair) as again:
        pass
    assert again.outpost.url != here.outpost.url
    here.pair.outpost = MockOutpost(unknown)
    with far(here.pair) as untold:
        said = Sight(here.pair.home, here.pair.outpost).inbox_head(0)
        assert said is not None
        with pytest.raises(NotRead):
            member(untold).sign(said)
    genesis = replace(here.pair.world.genesis, time=here.pair.world.genesis.time + 1)
    here.served.deployment = replace(here.served.deployment, genesis=genesis)
    with pytest.raises(NotFollowed, match="another venue"):
        member(here).sign(head)


def test_a_chain_that_does_not_answer_is_not_signed_for_and_stops_no_other(here: FarPair) -> None:
    words = true_words(here)
    with RemoteOutpost(NOWHERE) as away:
        with pytest.raises(NotReached):
            member(here, away).sign(words[0])
        between = member(here, away, here.outpost)
        assert between.sign(words[0]) == SECRET.sign(words[0].encode())
        assert between.follows() == [chains.LINK]


def test_home_is_read_at_one_moment(here: FarPair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lie: a checkpoint of one batch's number and another's root, which were read one after the
    other while home went on."""
    asked: list[int] = []
    exchange = type(here.home)._exchange

    def counted(self: Any, message: Any, is_read: bool) -> object:
        asked.append(len(message) if isinstance(message, list) else 1)
        return exchange(self, message, is_read)

    monkeypatch.setattr(type(here.home), "_exchange", counted)
    seen = SeenHome(here.home)
    assert asked == [4]
    root, number = seen.root, seen.proved_number
    here.pair.world.batch()
    assert here.pair.home.root != root
    assert (seen.root, seen.proved_number) == (root, number) and asked == [4]


@pytest.fixture
def client(here: FarPair) -> Iterator[TestClient]:
    class Idle:
        """Of batches nothing is asked here."""

    app = make_member_app(Idle(), member(here), lambda _: None)  # type: ignore[arg-type]
    with TestClient(app) as found:
        yield found


def test_a_relay_asks_by_post_and_hears_why_not(client: TestClient, here: FarPair) -> None:
    json = {"content-type": "application/json"}
    follows = follows_from_json(client.get(WORDS_PATH).content)
    assert (follows.key, list(follows.outposts)) == (SECRET.key, [chains.LINK])
    head = true_words(here)[0]

    def asked(body: bytes, headers: dict[str, str] = json) -> Any:
        return client.post(WORDS_PATH, content=body, headers=headers)

    signed = signed_from_json(asked(said_to_json(head)).content)
    assert (signed.key, signed.signature) == (SECRET.key, SECRET.sign(head.encode()))
    assert asked(said_to_json(replace(head, head=bytes(32)))).status_code == 409
    strange = replace(head, link=replace(head.link, chain=77))
    assert asked(said_to_json(strange)).status_code == 404
    assert asked(said_to_json(head), {"content-type": "text/plain"}).status_code == 415
    assert asked(b"[" * 5_000).status_code == 413
    for body in (b"", b"{}", b'["inbox", {}]', said_to_json(head)[:-1], b"\xff"):
        assert asked(body).status_code == 400


def test_every_method_of_an_outpost_has_one_attribute() -> None:
    assert len({method.attribute for method in BY_ATTRIBUTE.values()}) == len(BY_ATTRIBUTE)
