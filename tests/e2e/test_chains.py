"""One book of two chains, as a user runs it: a devnet with an outpost, and client commands."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rollup.l1.evm.tools import anvil
from rollup.l1.remote import RemoteL1
from rollup.l1.remote_outpost import RemoteOutpost
from tests.helpers.devnet import WAIT_S, Devnet, Trader, devnet
from tests.helpers.program import Done, crypsis

DOLLAR = 10**6


@dataclass
class TwoChains:
    """A devnet with one outpost, and the commands of its first account."""

    running: Devnet

    @property
    def outpost(self) -> str:
        (found,) = self.running.banner["outposts"]
        return str(found["url"])

    @property
    def chain(self) -> int:
        (found,) = self.running.banner["outposts"]
        return int(found["chain"])

    def call(self, command: str, *arguments: object) -> Done:
        """A command of the first account, at home and at the outpost."""
        key = self.running.banner["accounts"][0]["key_file"]
        where = ("--l1", self.running.banner["l1"], "--outpost", self.outpost)
        return crypsis(command, "--account", key, *where, *arguments, "--json")

    def until(self, holds: Any) -> Any:
        """The first books of the outpost at home for which something holds."""
        end = time.monotonic() + WAIT_S
        with RemoteL1(self.running.banner["l1"]) as home:
            while not holds(book := home.outposts[self.chain]):
                assert time.monotonic() < end, book
                time.sleep(0.3)
        return book


@contextmanager
def two_chains(*options: object) -> Iterator[TwoChains]:
    """Batches that are proved, of two accounts."""
    with devnet("--chains", 2, "--accounts", 2, *options) as running:
        yield TwoChains(running)


def play(here: TwoChains) -> None:
    """A deposit there is credited in a batch that home proved; what the account withdraws is paid
    there as far as money is there, and no further; and the rest at home."""
    first = Trader(here.running, 0)
    before = int(first.ask()["cash"])
    poor = here.call("deposit", "--amount", "500")
    assert (poor.code, poor.json["reason"]) == (5, "balance-too-small")
    little = here.call("deposit", "--amount", "0.5", "--mint")
    assert (little.code, little.json["reason"]) == (5, "amount-too-small")
    done = here.call("deposit", "--amount", "500", "--mint")
    assert (done.code, done.json["index"], done.json["chain"]) == (0, 0, here.chain), done.stdout
    here.until(lambda book: (book.taken, book.elsewhere) == (1, {0: 500 * DOLLAR}))
    first.until(lambda answer: int(answer["cash"]) == before + 500 * DOLLAR)
    withdraw(here, "700")
    over = here.call("claim")
    assert (over.code, over.json["reason"]) == (5, "not-elsewhere"), over.stdout
    paid = here.call("claim", "--amount", "300")
    assert (paid.code, paid.json["amount"]) == (0, "300.000000"), paid.stdout
    require_paid(here)
    again = here.call("claim", "--amount", "201")
    assert again.json["reason"] == "not-elsewhere"
    status = crypsis("l1", "status", "--l1", here.running.banner["l1"], "--json")
    (row,) = status.json["outposts"]
    assert (row["taken"], row["outbox"], row["elsewhere"]) == (1, 1, {"USDC": str(200 * DOLLAR)})
    assert row["in_force"] and row["chain"] == here.chain


def withdraw(here: TwoChains, amount: str) -> None:
    """Out of the account, and proved."""
    banner = here.running.banner
    key = banner["accounts"][0]["key_file"]
    asked = crypsis("withdraw", amount, "--account", key, "--url", banner["url"], "--json")
    assert asked.code == 0, asked.stdout + asked.stderr
    batch = asked.json["batch"]
    here.running.until(lambda status: status["proved"] >= batch)


def require_paid(here: TwoChains) -> None:
    """Both chains hold what their books say, and the owner has it."""
    owner = bytes.fromhex(here.running.banner["accounts"][0]["owner"])
    with RemoteOutpost(here.outpost) as there, RemoteL1(here.running.banner["l1"]) as home:
        assert there.wallet(owner) == 300 * DOLLAR + DOLLAR // 2
        assert (there.custody(), there.funds(), there.pending(owner)) == (
            200 * DOLLAR,
            200 * DOLLAR,
            0,
        )
        number, sent, taken, closed = there.standing
        assert (sent, taken, closed) == (1, 1, 0)
        assert 1 <= number <= home.proved_number
        assert home.pending[owner] == 400 * DOLLAR
        book = home.outposts[here.chain]
        assert home.owed <= home.funds + book.elsewhere[0]


def test_money_comes_in_and_goes_out_on_the_second_chain(tmp_path: Path) -> None:
    """And after a kill the same folder goes on where it was, with its outpost."""
    state = tmp_path / "venue"
    with two_chains("--interval", 10_000, "--state", state) as here:
        play(here)
        here.running.kill()
        said = here.running.process.stderr.read()  # type: ignore[union-attr]
    assert "relay: chain 31338: 1 deposits taken in at home" in said
    assert "1 payouts let out" in said
    with devnet("--state", state, "--accounts", 2, "--no-proofs") as again:
        (outpost,) = again.banner["outposts"]
        with RemoteOutpost(outpost["url"]) as there:
            assert (there.custody(), len(there.inbox)) == (200 * DOLLAR, 1)
    refused = crypsis("devnet", "--state", state, "--chains", 2, "--port", 0)
    assert refused.code == 2 and "--chains is for a new one" in refused.stderr


@pytest.mark.skipif(anvil() is None, reason="anvil is not installed: make contracts-tools")
def test_money_comes_in_and_goes_out_on_a_second_anvil() -> None:
    with two_chains("--interval", 20_000, "--l1", "anvil") as here:
        play(here)
