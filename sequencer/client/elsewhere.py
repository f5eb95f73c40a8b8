"""What a trader asks of an outpost, in its owner's name: a deposit there, and what was withdrawn
from the venue paid out there. Spec: docs/spec/25-chains.md."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rollup.l1.interface import Address
from rollup.l1.reasons import Revert
from rollup.l1.remote import RemoteL1
from rollup.l1.remote_outpost import RemoteOutpost
from rollup.program.cli import CommandError, ExitCode
from rollup.protocol.checkpoint import Link
from sequencer.client.assets import CASH
from sequencer.client.command import known_errors
from sequencer.client.depositing import l1_errors, listed, steps_of
from sequencer.client.errors import KeyFileError
from sequencer.client.keystore import describe

POLL_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Places:
    """Where home and an outpost of it are asked, and which outpost it is."""

    home: RemoteL1
    outpost: RemoteOutpost
    link: Link


def deposit_there(
    path: Path, l1: str, outpost: str, amount: str, mint: bool, asset: str = CASH
) -> dict[str, object]:
    """Deposit at an outpost into the account of a key file, which home registered. Home credits it
    once the committee attests to it. KeyFileError for a file without an account."""
    with known_errors():
        file, what = describe(path), listed(l1, asset)
        steps = steps_of(amount, what)
        if file.account is None:
            detail = "the account is not registered yet, which is done at home: crypsis deposit"
            raise KeyFileError(f"{path}: {detail}")
        account = file.account
    with _places(l1, outpost) as places:
        if mint:
            places.outpost.mint(file.owner, steps, what.mark)
        entry = places.outpost.deposit(file.owner, account, steps, what.mark)
    chain = places.link.chain
    named = {"index": entry.index, "account": account, "chain": chain}
    return named | {"asset": asset, "amount": amount}


def claim_there(
    path: Path, l1: str, outpost: str, amount: str | None, seconds: float, asset: str = CASH
) -> dict[str, object]:
    """Have home let an amount out through an outpost, all that is pending where none is given, wait
    until the outpost heard of it, and have it paid there with all else that is the owner's.

    What was let out earlier is waited for as well, so that it can be asked again after a timeout.
    """
    with known_errors():
        file, what = describe(path), listed(l1, asset)
        asked = None if amount is None else steps_of(amount, what)
    with _places(l1, outpost) as places:
        steps = pending_at_home(places.home, file.owner, what.mark) if asked is None else asked
        if steps:
            places.home.send(file.owner, places.link.chain, what.mark, steps)
        _await(places, _last(places, file.owner, what.mark), seconds)
        paid = places.outpost.withdraw(file.owner, what.mark)
    return {
        "owner": file.owner.hex(),
        "chain": places.link.chain,
        "asset": asset,
        "amount": str(what.amount(paid)),
        "let_out": str(what.amount(steps)),
    }


def pending_at_home(home: RemoteL1, owner: Address, mark: int) -> int:
    """What an owner can withdraw at home, or have let out, in quanta or lots."""
    if mark:
        ledger = home.assets.get(mark)
        return 0 if ledger is None else ledger.pending.get(owner, 0)
    return home.pending.get(owner, 0)


def _last(places: Places, owner: Address, mark: int) -> int:
    """How much of the outbox an outpost must have heard of for all that is an owner's."""
    outbox = places.home.outposts[places.link.chain].outbox
    own = [each.index + 1 for each in outbox if (each.owner, each.asset) == (owner, mark)]
    return max(own, default=0)


def _await(places: Places, sent: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    while places.outpost.standing[1] < sent:
        if time.monotonic() > end:
            detail = f"the outpost of chain {places.link.chain} did not hear of it in {seconds:g} s"
            raise CommandError(
                ExitCode.TIMEOUT, f"{detail}: it is let out, and can be claimed there once it does"
            )
        time.sleep(POLL_S)


@contextmanager
def _places(l1: str, outpost: str) -> Iterator[Places]:
    """Home and its outpost, whose errors are exit codes."""
    with ExitStack() as stack:
        stack.enter_context(l1_errors())
        home = stack.enter_context(RemoteL1(l1))
        there = stack.enter_context(RemoteOutpost(outpost))
        places = Places(home, there, there.link)
        _require_announced(places)
        yield places


def _require_announced(places: Places) -> None:
    """Lie: a contract that home does not know, and that keeps what is deposited there."""
    link, books = places.link, places.home.outposts
    if link.chain not in books or books[link.chain].outpost.address != link.address:
        text = f"{places.outpost.url} is no outpost that home knows: nothing was asked of it"
        record = {"error": text, "reason": Revert.UNKNOWN_CHAIN.value}
        raise CommandError(ExitCode.REFUSED_BY_PEER, text, record)
