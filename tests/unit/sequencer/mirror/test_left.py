"""A venue that lived, was mirrored, and whose operator and files are gone: everybody leaves with
what the mirror has and a key of the own, and takes what the operator owed."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from rollup.availability.fault import DataRefused
from rollup.availability.holder import Holder
from rollup.availability.rebuild import rebuild
from rollup.crypto.bls import aggregate, is_signed_by_all
from rollup.crypto.envelope import ViewingKeyAction
from rollup.harness.committee import member
from rollup.hash.poseidon import Digest
from rollup.l1.escape import payout
from rollup.l1.interface import Revert, Reverted
from rollup.l1.remote import RemoteL1
from rollup.protocol.account import Account
from rollup.protocol.availability import viewing_commitment
from rollup.protocol.committee import availability_message
from rollup.protocol.genesis import BACKSTOP_ACCOUNT, FEE_ACCOUNT
from rollup.protocol.public_json import public_from_json
from rollup.protocol.viewing_key import viewing_key_to_bytes
from sequencer.api.app import make_app
from sequencer.api.door import Door
from sequencer.batches.replay import state_after
from sequencer.mirror import following
from sequencer.mirror.between import Between
from sequencer.mirror.fetching import Source, fetch
from sequencer.mirror.folder import Mirror
from sequencer.mirror.following import follow
from sequencer.mirror.member import Member
from sequencer.mirror.member_app import make_member_app
from tests.helpers import venue as small
from tests.helpers.daemon import INTERVAL_MS, Simulation
from tests.helpers.l1 import STRANGER
from tests.helpers.published import viewing_key
from tests.helpers.running import HERE, SETUP

AMOUNTS = {1: 10**6 * small.USDC, 2: 2 * 10**6 * small.USDC, 3: 77 * small.USDC}
READ: dict[int, Digest | None] = {
    FEE_ACCOUNT: None,
    **{each: viewing_key(each) for each in AMOUNTS},
}


@pytest.fixture
def simulation(tmp_path: Path) -> Simulation:
    """Three accounts, of which the third does nothing after its deposit; all tell their keys."""
    found = Simulation(tmp_path / "target")
    for account, amount in AMOUNTS.items():
        shown = viewing_commitment(viewing_key(account), small.toy_compress_many)
        found.world.register(account, amount, viewing_words=shown)
    found.pass_time(INTERVAL_MS + 300)
    venue = found.running.venue
    told = [ViewingKeyAction(each, viewing_key_to_bytes(viewing_key(each))) for each in AMOUNTS]
    sealed = [venue.sealing_key.seal(each, HERE, venue.core.clock) for each in told]
    assert [each.reason for each in venue.submit(sealed)] == [None] * len(AMOUNTS)
    return found


@pytest.fixture
def source(simulation: Simulation) -> Iterator[Source]:
    """The venue as whoever mirrors it reaches it."""
    door = Door(simulation.daemon)
    client = TestClient(make_app(door, publishes=True))

    def relayed(request: httpx.Request) -> httpx.Response:
        answer = client.get(request.url.path)
        kept = {"content-type": answer.headers["content-type"]}
        return httpx.Response(answer.status_code, content=answer.content, headers=kept)

    with Source("http://venue.test", httpx.MockTransport(relayed)) as found:
        yield found
    door.close()


def traded(simulation: Simulation, lots: int, slot: int) -> None:
    """Account 2 buys of account 1, and the batch is proved."""
    simulation.running.submit(small.sell(1, lots, slot=slot), small.buy(2, lots, slot=slot))
    simulation.pass_time(2 * INTERVAL_MS)


def holder() -> Holder:
    return Holder(SETUP.genesis, small.toy_compress_many)


def mirrored(source: Source, root: Path) -> int:
    """Go on with a mirror, as `crypsis da fetch` does; its last batch."""
    mirror, held = Mirror(root), holder()
    list(follow(mirror, held))
    mirror.begin(SETUP.genesis)
    list(fetch(source, mirror, held))
    return held.number


def owed(simulation: Simulation, number: int) -> dict[int, Account]:
    """The accounts as the operator has them after the last proved batch, which is its last."""
    simulation.running.crash()
    accounts = state_after(simulation.running.folder.journal, SETUP, number).accounts
    return {index: each for index, each in accounts.items() if index != BACKSTOP_ACCOUNT}


def all_leave(simulation: Simulation, mirror: Path, due: dict[int, Account]) -> None:
    """Everybody freezes, rebuilds and escapes with what a mirror has, and gets what was owed."""
    l1 = simulation.world.l1
    owner = small.owner(3)
    l1.mint(owner, 10 * small.USDC)
    l1.credit(owner, 3, 10 * small.USDC)
    simulation.world.pass_time(l1._deployment.freeze_after_ms + INTERVAL_MS)
    l1.freeze(STRANGER)

    held = holder()
    list(follow(Mirror(mirror), held))
    assert (held.root, held.number) == (l1.root, l1.proved_number)
    assert held.last(3).number == held.last(1).number == held.number, "who rests is a decoy"
    assert [due[index].positions[small.BTC] for index in AMOUNTS] == [-55, 55, 0]
    for index in AMOUNTS:
        with pytest.raises(DataRefused):
            rebuild(held, index, held.header(index), None, small.toy_compress_many)
    total = 0
    for index, key in READ.items():
        leaf = rebuild(held, index, held.header(index), key, small.toy_compress_many)
        assert leaf.account == due[index]
        wanted = payout(due[index], held.book, l1.governance).amount
        sender = leaf.account.header.owner
        assert l1.escape(sender, leaf, held.book).amount == wanted
        assert l1.withdraw(sender) == wanted
        total += wanted
    assert due.keys() == READ.keys() and total == sum(AMOUNTS.values())
    assert (l1.custody, l1.exits.debts) == (0, 0)
    assert l1.reclaim(owner, len(l1.queue) - 1) == 10 * small.USDC


def test_all_leave_with_a_mirror_and_their_keys(
    simulation: Simulation, source: Source, tmp_path: Path
) -> None:
    mirror, l1 = tmp_path / "mirror", simulation.world.l1
    traded(simulation, 40, slot=1)
    early = mirrored(source, mirror)
    traded(simulation, 15, slot=2)
    assert mirrored(source, mirror) == l1.proved_number > early > 1
    due = owed(simulation, l1.proved_number)
    shutil.rmtree(simulation.running.root)
    all_leave(simulation, mirror, due)


def test_a_mirror_that_stopped_early_is_of_no_use(
    simulation: Simulation, source: Source, tmp_path: Path
) -> None:
    mirror, l1 = tmp_path / "mirror", simulation.world.l1
    traded(simulation, 40, slot=1)
    mirrored(source, mirror)
    traded(simulation, 15, slot=2)
    simulation.running.crash()
    simulation.world.register(4, 10 * small.USDC)
    simulation.world.pass_time(l1._deployment.freeze_after_ms + INTERVAL_MS)
    l1.freeze(STRANGER)
    held = holder()
    list(follow(Mirror(mirror), held))
    leaf = rebuild(held, 3, held.header(3), READ[3], small.toy_compress_many)
    with pytest.raises(Reverted) as caught:
        l1.escape(small.owner(3), leaf, held.book)
    assert caught.value.reason in (Revert.WRONG_LEAF, Revert.BOOK_BEFORE)


def test_all_leave_with_a_member_that_is_left(
    simulation: Simulation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator is gone with all it had, and so is one member of two; the other serves."""
    monkeypatch.setattr(following, "fast_hashing", lambda: small.toy_compress_many)
    l1 = simulation.world.l1
    members = [
        Member(Mirror(tmp_path / name), SETUP.genesis, member(name), l1) for name in ("ann", "ben")
    ]
    traded(simulation, 40, slot=1)
    traded(simulation, 15, slot=2)
    for number in range(1, l1.head_number + 1):
        folder = simulation.running.venue.batch_folder(number).public
        files = [(folder / name).read_bytes() for name in ("public.json", "data.bin")]
        message = availability_message(public_from_json(files[0]).digest())
        signed = [each.attest(*files) for each in members]
        keys = [each.key for each in members]
        assert is_signed_by_all(keys, message, aggregate(signed))
    due = owed(simulation, l1.proved_number)
    shutil.rmtree(simulation.running.root)
    shutil.rmtree(tmp_path / "ann")

    nowhere = Between(member("ben"), SETUP.genesis, RemoteL1("http://127.0.0.1:1/"), [])
    client = TestClient(make_member_app(members[1], nowhere, lambda _: None))

    def relayed(request: httpx.Request) -> httpx.Response:
        answer = client.get(request.url.path)
        kept = {"content-type": answer.headers["content-type"]}
        return httpx.Response(answer.status_code, content=answer.content, headers=kept)

    mirror = tmp_path / "mirror"
    with Source("http://member.test", httpx.MockTransport(relayed)) as source:
        assert mirrored(source, mirror) == l1.proved_number
    all_leave(simulation, mirror, due)
