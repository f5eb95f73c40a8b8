"""`crypsis receipt challenge`: what a trader holds, brought to the L1 of a venue that ran."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from rollup.crypto.address_key import AddressKey
from rollup.harness.served import Served
from rollup.hash.keccak import keccak256
from rollup.l1.development import LocalL1, ManualClock
from rollup.program.cli import root
from rollup.protocol.genesis import genesis_to_json
from rollup.protocol.public_json import public_to_json
from rollup.protocol.receipt import Receipt, SignedReceipt
from rollup.protocol.receipt_json import list_to_ndjson, signed_to_json
from tests.helpers import venue as small
from tests.helpers.l1 import OPERATOR, StubVerifier, deployment
from tests.helpers.receipts import sign
from tests.helpers.running import Running
from tests.helpers.serving import serving

LEAST = deployment().bond_least
SENDER = "ab" * 20
PROVED, BAD_INPUT, REFUSED, USAGE = 0, 3, 5, 2


@dataclass(frozen=True)
class World:
    """A folder with public files of a venue of two batches, its receipts, and its L1."""

    folder: Path
    receipts: list[Receipt]
    l1: LocalL1
    url: str

    def write(self, name: str, data: bytes) -> Path:
        (self.folder / name).write_bytes(data)
        return self.folder / name

    def signed(self, name: str, receipt: Receipt, key: AddressKey = small.RECEIPT_KEY) -> Path:
        return self.write(name, signed_to_json(sign(receipt, key)))

    def listed(self, receipts: list[Receipt]) -> Path:
        return self.write("list", list_to_ndjson(receipts))

    def call(self, *given: object) -> Result:
        options = ("--genesis", self.folder / "genesis.json", "--l1", self.url)
        known = (*given, *options, "--sender", SENDER, "--json")
        return CliRunner().invoke(root, ["receipt", "challenge", *map(str, known)])

    def refused(self, code: int, *given: object) -> str:
        """Why the command ends with this exit code; L1 has heard nothing, or refused."""
        done = self.call(*given)
        assert done.exit_code == code, done.output
        assert self.l1.bond.conviction is None
        return done.output

    def proves(self, *given: object) -> Any:
        done = self.call(*given)
        assert done.exit_code == PROVED, done.output
        return json.loads(done.stdout)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    running = Running(tmp_path / "target")
    for account in (1, 2):
        running.world.register(account, 10**12)
    running.batch()
    running.open()
    answers = running.submit(small.sell(1, 10), small.buy(2, 10))
    held = running.close().outcome.public
    assert running.venue.commit_headers() is None
    running.stop()
    given: list[SignedReceipt | None] = [answer.receipt for answer in answers]
    clock = ManualClock(lambda: running.world.now)
    l1 = LocalL1(deployment(), [StubVerifier()], clock, small.toy_compress_many)
    l1.revert_to(running.world.l1.checkpoint())
    l1.mint(OPERATOR, LEAST)
    l1.post_bond(OPERATOR, LEAST)
    (tmp_path / "public.json").write_bytes(public_to_json(held))
    (tmp_path / "genesis.json").write_text(genesis_to_json(small.genesis()))
    with serving(Served(l1)) as url:
        yield World(tmp_path, [each.receipt for each in given if each is not None], l1, url)


def test_two_receipts_of_one_number_end_the_venue(world: World) -> None:
    one = world.receipts[0]
    files = (world.signed("a", one), world.signed("b", replace(one, envelope=keccak256(b"x"))))
    found = world.proves(*files)
    assert (found["misconduct"], found["last_batch"]) == ("fork", 1)
    assert (found["reward"], found["burned"]) == (str(LEAST // 8), str(LEAST - LEAST // 8))
    assert world.l1.is_frozen
    assert world.l1.bond.conviction is not None
    again = world.call(*files)
    assert (again.exit_code, json.loads(again.stdout)["reason"]) == (REFUSED, "convicted")


def test_a_receipt_beside_the_header_of_its_batch(world: World) -> None:
    public = ("--public", world.folder / "public.json")
    held = world.signed("a", world.receipts[0])
    assert "nothing" in world.refused(BAD_INPUT, held, *public)
    early = world.signed("b", replace(world.receipts[0], time=world.receipts[0].time - 1))
    assert world.proves(early, *public)["misconduct"] == "backdated"


def test_a_receipt_beside_the_list_that_leads_to_a_head(world: World) -> None:
    public = ("--public", world.folder / "public.json")
    chain = ("--chain", world.listed(world.receipts))
    honest = world.signed("a", world.receipts[1])
    assert "nothing" in world.refused(BAD_INPUT, honest, *public, *chain)
    dropped = world.signed("b", replace(world.receipts[1], envelope=keccak256(b"x")))
    short = ("--chain", world.write("short", list_to_ndjson(world.receipts[:1])))
    assert "head" in world.refused(BAD_INPUT, dropped, *public, *short)
    assert world.proves(dropped, *public, *chain)["misconduct"] == "dropped"


def test_what_binds_nobody_is_brought_nowhere(world: World) -> None:
    one = world.receipts[0]
    other, stranger = replace(one, envelope=keccak256(b"x")), AddressKey(b"\5" * 32)
    good = world.signed("a", one)
    assert "binds nobody" in world.refused(BAD_INPUT, good, world.signed("b", other, stranger))
    alien = world.signed("c", replace(other, venue=small.VENUE + 1))
    assert "binds nobody" in world.refused(BAD_INPUT, alien, good)
    assert "nothing" in world.refused(BAD_INPUT, good, good)
    world.write("d", b"{}")
    assert "d: " in world.refused(BAD_INPUT, good, world.folder / "d")


def test_a_public_input_that_l1_does_not_hold_is_said_before_l1_is_asked(world: World) -> None:
    from rollup.protocol.public_json import public_from_json

    held = public_from_json((world.folder / "public.json").read_bytes())
    early = world.signed("b", replace(world.receipts[0], time=world.receipts[0].time - 1))
    made_up = world.write("made-up", public_to_json(replace(held, receipts=bytes(32))))
    assert "another batch" in world.refused(BAD_INPUT, early, "--public", made_up)
    later = replace(held, number=9)
    of_nine = world.signed("c", replace(world.receipts[0], batch=9, time=1))
    coming = world.write("coming", public_to_json(later))
    assert "holds none" in world.refused(BAD_INPUT, of_nine, "--public", coming)


def test_an_l1_of_another_key_is_not_asked(world: World) -> None:
    other = replace(small.genesis(), receipt_signer=AddressKey(b"\6" * 32).address)
    (world.folder / "genesis.json").write_text(genesis_to_json(other))
    key, one = AddressKey(b"\6" * 32), world.receipts[0]
    files = (
        world.signed("a", one, key),
        world.signed("b", replace(one, envelope=keccak256(b"x")), key),
    )
    assert "another receipt key" in world.refused(BAD_INPUT, *files)


def test_more_than_l1_reads_is_said_here(world: World) -> None:
    receipts = list(world.receipts)
    assert len(receipts) == 2
    dropped = world.signed("b", replace(receipts[1], envelope=keccak256(b"x")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rollup.l1.bond.RECEIPTS_MAX", 1)
        chain = ("--chain", world.listed(receipts))
        public = ("--public", world.folder / "public.json")
        assert "at most" in world.refused(BAD_INPUT, dropped, *public, *chain)


@pytest.mark.parametrize("count", [1, 3])
def test_what_no_judge_is_asked_is_a_usage_error(world: World, count: int) -> None:
    files = [world.signed(str(place), world.receipts[0]) for place in range(count)]
    world.refused(USAGE, *files)


def test_two_receipts_take_no_public_input_and_a_list_wants_one(world: World) -> None:
    file = world.signed("a", world.receipts[0])
    world.refused(USAGE, file, file, "--public", world.folder / "public.json")
    world.refused(USAGE, file, file, "--chain", world.listed(world.receipts))
    world.refused(USAGE, file, "--chain", world.listed(world.receipts))
