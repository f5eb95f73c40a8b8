"""A relay brings what enough members sign, and is not stopped by one that lies or is away."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from rollup.codec.strict import CodecError
from rollup.crypto.bls import SIGNATURE_BYTES, aggregate
from rollup.harness.cli import l1 as l1_group
from rollup.harness.relay_cli import _telling
from rollup.harness.relaying import Carried, MemberWords, Relaying
from rollup.l1.relay import Member, Said, Sight, TooFewSigned, word_of
from rollup.l1.words import (
    Follows,
    Signed,
    follows_to_json,
    said_from_json,
    said_to_json,
    signed_to_json,
)
from rollup.program.cli import Output
from tests.helpers import chains, venue
from tests.helpers.chains import COMMITTEE, FAR_CHAIN, SECRETS, Pair
from tests.helpers.far_chains import FarPair, far
from tests.helpers.l1 import STRANGER

BOB = venue.owner(2)
Answer = Callable[[Said], bytes | None]


@pytest.fixture
def here() -> Iterator[FarPair]:
    pair = Pair(chains.really, aggregate)
    pair.world.register(1, 100)
    pair.world.batch()
    with far(pair) as found:
        yield found


def honest(here: FarPair, place: int) -> Answer:
    return Member(SECRETS[place], Sight(here.pair.home, here.pair.outpost)).sign


def links(key: bytes, answer: Answer) -> MemberWords:
    """A member that says it has this key, and answers so."""

    def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, content=follows_to_json(Follows(key, [chains.LINK])))
        signature = answer(said_from_json(request.content))
        if signature is None:
            return httpx.Response(409, content=b"{}")
        return httpx.Response(200, content=signed_to_json(Signed(key, signature)))

    return MemberWords("http://member/", httpx.MockTransport(handle))


def away() -> MemberWords:
    def handle(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody", request=request)

    return MemberWords("http://away/", httpx.MockTransport(handle))


def relaying(here: FarPair, *members: MemberWords) -> Relaying:
    return Relaying(here.home, [here.outpost], members, STRANGER)


def rounds(relay: Relaying) -> Carried:
    (found,) = relay.round()
    return found


def test_a_round_brings_deposits_home_and_payouts_there(here: FarPair) -> None:
    relay = relaying(here, *(links(SECRETS[n].key, honest(here, n)) for n in range(2)))
    first = rounds(relay)
    assert (first.taken, first.let_out, first.number, first.trouble) == (0, 0, 1, "")
    again = rounds(relay)
    assert (again.taken, again.let_out, again.number, again.trouble) == (0, 0, None, "")
    for amount in (40, 50):
        here.pair.deposit(BOB, 1, amount)
    second = rounds(relay)
    assert (second.chain, second.taken, second.let_out) == (FAR_CHAIN, 2, 0)
    assert here.pair.outpost.standing == (1, 0, 2, 0)
    here.pair.world.batch((venue.owner(1), 120))
    here.pair.home.send(venue.owner(1), FAR_CHAIN, 0, 30)
    third = rounds(relay)
    assert (third.taken, third.let_out, third.number) == (0, 1, 2)
    assert here.pair.outpost.withdraw(venue.owner(1)) == 30


def test_more_than_one_call_takes_is_brought_in_several(here: FarPair) -> None:
    relay = relaying(here, *(links(SECRETS[n].key, honest(here, n)) for n in range(2)))
    for _ in range(33):
        here.pair.deposit(BOB, 1, 5)
    assert rounds(relay).taken == 33
    assert here.pair.home.outposts[FAR_CHAIN].taken == 33


def wrong(said: Said) -> bytes:
    return SECRETS[0].sign(b"something else")


def no_point(said: Said) -> bytes:
    return b"\xff" * SIGNATURE_BYTES


@pytest.mark.parametrize("lie", [wrong, no_point])
def test_a_member_that_lies_does_not_stop_the_others(here: FarPair, lie: Answer) -> None:
    """Lies: a signature of something else, bytes that are none, and another member's key, of whom
    the true word comes later."""
    here.pair.deposit(BOB, 1, 40)
    others = [links(SECRETS[n].key, honest(here, n)) for n in (1, 2)]
    assert rounds(relaying(here, links(SECRETS[0].key, lie), *others)).taken == 1
    here.pair.deposit(BOB, 1, 40)
    assert rounds(relaying(here, links(SECRETS[1].key, lie), *others)).taken == 1
    here.pair.deposit(BOB, 1, 40)
    found = rounds(relaying(here, links(SECRETS[0].key, lie), others[0]))
    assert found.taken == 0 and "1 of 2 signed" in found.trouble


def test_a_members_word_counts_once(here: FarPair) -> None:
    here.pair.deposit(BOB, 1, 40)
    twice = [(SECRETS[0].key, honest(here, 0))] * 2
    said = Sight(here.pair.home, here.pair.outpost).inbox_head(1)
    assert said is not None
    with pytest.raises(TooFewSigned):
        word_of(COMMITTEE, twice, said)


def test_members_that_are_away_or_refuse_are_named(here: FarPair) -> None:
    here.pair.deposit(BOB, 1, 40)
    silent = links(SECRETS[1].key, lambda said: None)
    found = rounds(relaying(here, links(SECRETS[0].key, honest(here, 0)), silent, away()))
    assert found.taken == 0 and "1 of 2 signed" in found.trouble
    assert "it answered 409" in found.trouble and "http://away/" in found.trouble
    assert here.pair.home.outposts[FAR_CHAIN].taken == 0


def test_an_outpost_that_is_not_reached_or_not_announced_stops_no_other(here: FarPair) -> None:
    here.pair.deposit(BOB, 1, 40)
    members = [links(SECRETS[n].key, honest(here, n)) for n in range(2)]
    with ExitStack() as stack:
        gone = stack.enter_context(type(here.outpost)("http://127.0.0.1:1/"))
        relay = Relaying(here.home, [gone, here.outpost], members, STRANGER)
        first, second = relay.round()
        assert first.chain is None and first.trouble and second.taken == 1
    here.pair.home._state.elsewhere.books.clear()
    assert "announced first" in rounds(relaying(here, *members)).trouble


@pytest.mark.parametrize("url", ["member", "http://", "ftp://member/", "http://member:port/"])
def test_an_address_that_is_none_is_said(url: str) -> None:
    with pytest.raises(CodecError, match="an address"):
        MemberWords(url)


def test_the_command_makes_one_round_and_says_what_hindered_it(here: FarPair) -> None:
    """With a member that is not there nothing is brought, and the exit code is 5."""
    here.pair.deposit(BOB, 1, 40)
    where = ("--l1", here.home.url, "--outpost", here.outpost.url)
    command = ("relay", *where, "--member", "http://127.0.0.1:1", "--once", "--json")
    done = CliRunner().invoke(l1_group, command)
    assert done.exit_code == 5 and "0 of 2 signed" in done.stdout


def test_words_are_read_as_they_are_written(here: FarPair) -> None:
    sight = Sight(here.pair.home, here.pair.outpost)
    for said in (sight.inbox_head(0), sight.checkpoint(0)):
        assert said is not None and said_from_json(said_to_json(said)) == said


def refused(*arguments: object) -> Any:
    done = CliRunner().invoke(l1_group, [str(each) for each in arguments])
    return done.exit_code, done.stdout


def test_the_governor_announces_what_the_outpost_says_of_itself(here: FarPair) -> None:
    where = ("--l1", here.home.url, "--outpost", here.outpost.url, "--json")
    governor = here.served.deployment.governor.hex()
    books = here.pair.home._state.elsewhere.books
    code, said = refused("outpost", "announce", *where, "--sender", governor)
    assert code == 5 and "bad-outpost" in said, "there is one already"
    books.clear()
    code, said = refused("outpost", "announce", *where, "--sender", STRANGER.hex())
    assert code == 5 and "not-governor" in said and not books
    code, said = refused("outpost", "announce", *where, "--sender", governor)
    assert code == 0 and books[FAR_CHAIN].outpost.address == chains.ADDRESS
    assert books[FAR_CHAIN].outpost.caps == here.pair.outpost.deployment.caps
    code, said = refused("outpost", "status", "--outpost", here.outpost.url, "--json")
    assert code == 0 and '"deposits": 0' in said
    code, said = refused(
        *("outpost", "reclaim", "--outpost", here.outpost.url, "--json"),
        *("--sender", BOB.hex(), "--index", 0),
    )
    assert code == 5 and "not-frozen" in said


@pytest.mark.parametrize("verbosity", [-1, 0, 1])
def test_news_are_said_and_trouble_once(capsys: pytest.CaptureFixture[str], verbosity: int) -> None:
    """Lie: trouble that lasts, under which what was brought is not heard of."""
    tell = _telling(Output(as_json=True, verbosity=verbosity))
    lost = "1 of 2 signed"
    for carried in (
        Carried("u", 5, number=1),
        Carried("u", 5, trouble=lost),
        Carried("u", 5, trouble=lost),
        Carried("u", 5, taken=2, trouble=lost),
        Carried("u", 5, let_out=1, number=2),
        Carried("u", 5),
        Carried("u", 5, trouble=lost),
    ):
        tell(carried)
    loud = [
        f"chain 5: {lost}",
        f"chain 5: 2 deposits taken in at home, {lost}",
        "chain 5: 1 payouts let out, batch 2 heard",
        f"chain 5: {lost}",
    ]
    wanted = {-1: [], 0: loud, 1: ["chain 5: batch 1 heard", *loud]}
    assert capsys.readouterr().err.splitlines() == wanted[verbosity]
