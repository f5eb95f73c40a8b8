"""An outpost over a socket, and in its file: the mock's answers, and its refusals with reasons."""

from pathlib import Path

import pytest

from rollup.codec.strict import CodecError
from rollup.harness.outpost_cli import books_text
from rollup.harness.outpost_up import OutpostOptions, outpost_deployment
from rollup.harness.served_outpost import ServedOutpost
from rollup.l1.connection import Unreachable
from rollup.l1.interface import Revert, Reverted
from rollup.l1.outpost import MockOutpost
from rollup.l1.remote_outpost import RemoteOutpost
from rollup.l1.stored_outpost import StoredOutpost, outpost_from_bytes, outpost_to_bytes
from tests.helpers import chains, venue
from tests.helpers.chains import Pair
from tests.helpers.l1 import STRANGER
from tests.helpers.serving import serving_outpost

BOB = venue.owner(2)
READ = ("link", "deployment", "standing", "root", "committee", "serial", "inbox", "events")


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Pair:
    chains.make_quick(monkeypatch)
    found = Pair()
    found.world.register(1, 100)
    return found


def lived(pair: Pair) -> MockOutpost:
    """An outpost with a deposit that is taken, one that is not, a payout, another committee, and a
    deposit that went back after the end."""
    pair.deposit(BOB, 2, 40)
    pair.take_in()
    pair.home.send(BOB, chains.FAR_CHAIN, 0, 30)
    pair.hear()
    pair.outpost.withdraw(BOB)
    pair.deposit(BOB, 2, 50)
    pair.deposit(STRANGER, 3, 60)
    pair.world.credit(STRANGER, 1, 10)
    pair.world.pass_time(pair.home._deployment.freeze_after_ms + 1)
    pair.home.freeze(STRANGER)
    pair.hear()
    pair.outpost.reclaim(BOB, 1)
    return pair.outpost


def test_all_that_is_read_over_a_socket_is_what_the_mock_says(pair: Pair) -> None:
    mock = lived(pair)
    with serving_outpost(ServedOutpost(mock)) as url, RemoteOutpost(url) as remote:
        for name in READ:
            assert getattr(remote, name) == getattr(mock, name), name
        assert remote.inbox_from(1, 1) == mock.inbox[1:2]
        assert remote.inbox_from(-1, 2) == mock.inbox[:2] and remote.inbox_from(3, 9) == ()
        heads = [remote.inbox_head(count) for count in range(5)]
        assert heads == [mock.inbox_head(count) for count in range(5)] and heads[4] is None
        for name in ("pending", "wallet"):
            assert getattr(remote, name)(BOB) == getattr(mock, name)(BOB)
        assert (remote.custody(), remote.funds()) == (mock.custody(), mock.funds()) == (70, 70)


def test_calls_over_a_socket_change_the_mock_or_say_why_not(pair: Pair) -> None:
    with serving_outpost(ServedOutpost(pair.outpost)) as url, RemoteOutpost(url) as remote:
        for refused, reason in (
            (lambda: remote.deposit(BOB, 2, 40), Revert.BALANCE_TOO_SMALL),
            (lambda: remote.deposit(BOB, 2, chains.LEAST - 1), Revert.AMOUNT_TOO_SMALL),
            (lambda: remote.deposit(BOB, 2, chains.CAP + 1), Revert.CAP_PASSED),
            (lambda: remote.deposit(BOB, 2, 40, 7), Revert.UNKNOWN_ASSET),
            (lambda: remote.deposit(b"", 2, 40), Revert.BAD_ADDRESS),
            (lambda: remote.withdraw(BOB), Revert.NOTHING_TO_WITHDRAW),
            (lambda: remote.reclaim(BOB, 0), Revert.NOT_FROZEN),
            (lambda: remote.custody(7), Revert.UNKNOWN_ASSET),
        ):
            with pytest.raises(Reverted) as caught:
                refused()
            assert caught.value.reason is reason
        remote.mint(BOB, 40)
        entry = remote.deposit(BOB, 2, 40)
        assert pair.outpost.inbox == (entry,)
        pair.take_in()
        pair.home.send(BOB, chains.FAR_CHAIN, 0, 30)
        said = pair.checkpoint()
        entries, word = pair.home.outposts[chains.FAR_CHAIN].outbox, pair.attest(said.encode())
        few = pair.attest(said.encode(), members=[1])
        with pytest.raises(Reverted) as caught:
            remote.hear(STRANGER, said, entries, few)
        assert caught.value.reason is Revert.ATTESTATION
        remote.hear(STRANGER, said, entries, word)
        assert remote.withdraw(BOB) == 30
    with pytest.raises(Unreachable), RemoteOutpost(url) as gone:
        _ = gone.link


def test_the_file_has_all_of_it_in_one_encoding(pair: Pair, tmp_path: Path) -> None:
    mock = lived(pair)
    path = tmp_path / "outpost.json"
    path.write_bytes(outpost_to_bytes(StoredOutpost(mock.deployment, mock.view())))
    again = ServedOutpost.started(path, lambda: pytest.fail("it is not created anew")).outpost
    assert again.view() == mock.view() and again.deployment == mock.deployment
    data = path.read_bytes()
    assert outpost_to_bytes(outpost_from_bytes(data)) == data
    for damaged in (data[:-1], data + b" ", data.replace(b'"serial":0', b'"serial":0.0')):
        with pytest.raises(CodecError):
            outpost_from_bytes(damaged)


def test_a_call_is_in_the_file_or_has_not_happened(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "outpost.json"
    served = ServedOutpost.started(path, lambda: pair.outpost.deployment)
    served.outpost.mint(BOB, 100)
    with serving_outpost(served) as url, RemoteOutpost(url) as remote:
        remote.deposit(BOB, 2, 40)
        before = path.read_bytes()
        assert outpost_from_bytes(before).state.inbox == list(served.outpost.inbox)

        def full(*_: object) -> None:
            raise OSError(28, "no space")

        monkeypatch.setattr("rollup.harness.served.write_whole", full)
        with pytest.raises(Exception, match="nothing has changed"):
            remote.deposit(BOB, 2, 40)
        assert len(remote.inbox) == 1 and remote.wallet(BOB) == 60
    assert path.read_bytes() == before


def options(**changed: object) -> OutpostOptions:
    given = {"number": chains.FAR_CHAIN, "caps": {}, "least_deposit": 10, **changed}
    return OutpostOptions(0, None, Path("genesis.json"), **given)  # type: ignore[arg-type]


def test_an_outpost_of_a_genesis_hears_its_committee_and_keeps_what_it_lists(pair: Pair) -> None:
    genesis = pair.world.genesis
    made = outpost_deployment(options(), genesis)
    assert (made.link.home, made.link.venue) == (genesis.chain, genesis.venue)
    assert made.committee == chains.COMMITTEE and made.proofs == chains.possession()
    assert dict(made.leasts)[0] == 10
    assert dict(outpost_deployment(options(caps={0: 77}), genesis).caps)[0] == 77
    assert MockOutpost(made).link.chain == chains.FAR_CHAIN
    with pytest.raises(CodecError, match="mark 9"):
        outpost_deployment(options(caps={9: 77}), genesis)
    with pytest.raises(CodecError, match="no committee"):
        outpost_deployment(options(), venue.genesis())


def test_outposts_are_told_in_a_line() -> None:
    row = {"chain": 7, "taken": 2, "outbox": 1, "in_force": True, "elsewhere": {"USDC": "500"}}
    assert books_text([]) == "none"
    assert books_text([row]) == "chain 7: 2 taken, 1 let out, 500 USDC elsewhere"
    waits = {**row, "in_force": False, "elsewhere": {}}
    assert books_text([waits]).endswith("nothing elsewhere, not yet")
