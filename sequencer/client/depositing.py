"""What a trader asks of L1, in its owner's name: deposits, another key, an exit, and what was
withdrawn."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rollup.hash.poseidon import Digest
from rollup.l1.connection import NoAnswerInTime, RemoteError, Unreachable
from rollup.l1.interface import Reverted
from rollup.l1.remote import RemoteL1
from rollup.program.cli import CommandError, ExitCode
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.encoding import words_of
from sequencer.client.amounts import exact
from sequencer.client.assets import CASH, Asset, asset_named
from sequencer.client.command import known_errors
from sequencer.client.errors import ClientError, KeyFileError, OrderRefused, OutOfRange
from sequencer.client.keystore import AskPassword, KeyFile, describe, register, viewing_key_in
from sequencer.client.venue import Venue

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Telling:
    """How a venue is told the viewing key of what was queued: where it is, for how many seconds at
    most it is asked again, and how to come by the key file's password."""

    url: str
    seconds: float
    password: AskPassword


def deposit(
    path: Path,
    url: str,
    amount: str,
    mint: bool,
    asset: str = CASH,
    telling: Telling | None = None,
) -> dict[str, object]:
    """Queue it. The first deposit of a key file registers its key, and the file learns its account;
    the venue is told its viewing key. `told` in the record says whether it was, `reason` why
    not."""
    with known_errors():
        file, what = describe(path), listed(url, asset)
        steps = steps_of(amount, what)
        key = None
        if file.account is None:
            _viewing(file)
            key = _opened(path, telling)
    entry = _queued(file, url, what, steps, mint)
    if file.account is None:
        register(path, entry.account)
    record = {"index": entry.index, "account": entry.account, "asset": asset, "amount": amount}
    return record | _told(entry.account, key, telling)


def rotate(
    path: Path, new: Path, url: str, amount: str, mint: bool, telling: Telling | None = None
) -> dict[str, object]:
    """Queue another key for an account, with a deposit of USDC: that of the file `new`, which has
    the same owner, and learns its account; the venue is told its viewing key, as of a deposit.
    KeyFileError where it is another account's."""
    with known_errors():
        file, other = describe(path), describe(new)
        quanta = steps_of(amount, listed(url, CASH))
        account, viewing = _account_to_rotate(file, other), _viewing(other)
        key = _opened(new, telling)

    def queue(l1: RemoteL1) -> QueueEntry:
        if mint:
            l1.mint(file.owner, quanta)
        return l1.rotate(file.owner, account, words_of(other.public_key), viewing, quanta)

    entry = _asked(url, queue)
    register(new, account)
    record = {"index": entry.index, "account": account, "amount": amount}
    return record | _told(account, key, telling)


def _opened(path: Path, telling: Telling | None) -> Digest | None:
    """The viewing key that is told. A wrong password is heard of before anything is queued."""
    return None if telling is None else viewing_key_in(path, telling.password)


def _told(account: int, key: Digest | None, telling: Telling | None) -> dict[str, object]:
    """Tell the key of what was queued. What keeps it from being told is no error: the entry is
    queued, and is not to be queued again."""
    if key is None or telling is None:
        return {}
    try:
        with Venue.connect(telling.url) as venue:
            venue.tell_viewing_key_ahead(account, key, telling.seconds)
    except OrderRefused as refusal:
        return {"told": False, "reason": refusal.reason}
    except ClientError as error:
        return {"told": False, "reason": error.code}
    return {"told": True}


def _account_to_rotate(file: KeyFile, other: KeyFile) -> int:
    if file.account is None:
        raise KeyFileError(f"{file.path}: the account is not registered yet: crypsis deposit")
    if other.owner != file.owner or other.account not in (None, file.account):
        raise KeyFileError(f"{other.path}: it belongs to another account")
    if other.public_key == file.public_key:
        raise KeyFileError(f"{other.path}: it holds the key that the account has")
    return file.account


def claim(path: Path, url: str, asset: str = CASH) -> dict[str, object]:
    """Have L1 pay the owner what batches granted of an asset and what was refunded, all at once."""
    with known_errors():
        file, what = describe(path), listed(url, asset)
    steps = _asked(url, lambda l1: l1.withdraw(file.owner, what.mark))
    return {"owner": file.owner.hex(), "asset": asset, "amount": str(what.amount(steps))}


def request_exit(path: Path, url: str, amount: str, mint: bool) -> dict[str, object]:
    """Queue what the owner wants out of the account, of USDC. KeyFileError where it has none."""
    with known_errors():
        file = describe(path)
        quanta = steps_of(amount, listed(url, CASH))
        if file.account is None:
            raise KeyFileError(f"{file.path}: the account is not registered yet: crypsis deposit")
        account = file.account

    def queue(l1: RemoteL1) -> QueueEntry:
        if mint:
            l1.mint(file.owner, l1.deployment.least_deposit)
        return l1.request_exit(file.owner, account, quanta)

    entry = _asked(url, queue)
    return {"index": entry.index, "account": account, "amount": amount}


def listed(url: str, asset: str) -> Asset:
    """USDC, or the asset of this symbol that L1's parameters list. OutOfRange for another."""
    if asset == CASH:
        return asset_named(asset, ())
    return asset_named(asset, _asked(url, lambda l1: l1.governance.markets))


def _queued(file: KeyFile, url: str, what: Asset, steps: int, mint: bool) -> QueueEntry:
    def queue(l1: RemoteL1) -> QueueEntry:
        if mint:
            l1.mint(file.owner, steps, what.mark)
        if file.account is not None:
            return l1.credit(file.owner, file.account, steps, what.mark)
        key = words_of(file.public_key)
        return l1.register(file.owner, key, _viewing(file), steps, what.mark)

    return _asked(url, queue)


def _asked(url: str, ask: Callable[[RemoteL1], T]) -> T:
    """What L1 answers; its errors as exit codes."""
    with l1_errors(), RemoteL1(url) as l1:
        return ask(l1)


@contextmanager
def l1_errors() -> Iterator[None]:
    """What a contract or the way to it answers, as messages with exit codes."""
    try:
        yield
    except Reverted as error:
        record = {"error": str(error), "reason": error.reason.value}
        raise CommandError(ExitCode.REFUSED_BY_PEER, f"L1 reverts: {error}", record) from None
    except Unreachable as error:
        raise CommandError(ExitCode.UNREACHABLE, str(error)) from None
    except NoAnswerInTime as error:
        raise CommandError(ExitCode.TIMEOUT, str(error)) from None
    except RemoteError as error:
        raise CommandError(ExitCode.REFUSED_BY_PEER, str(error)) from None


def _viewing(file: KeyFile) -> Digest:
    """What L1 stores of the viewing key of a file. KeyFileError where it has none: an account
    without one would be published for everybody to read, for good."""
    if file.viewing is None:
        detail = "it has no viewing key, since an older version made it: crypsis account new"
        raise KeyFileError(f"{file.path}: {detail}")
    return file.viewing


def steps_of(amount: str, what: Asset) -> int:
    """An amount on the grid of what it is of. ValueError for no number is wrong usage as well."""
    try:
        number = exact(amount)
    except ValueError as error:
        raise OutOfRange(f"amount: {error}") from None
    scaled = number.scaleb(what.decimals)
    if scaled != scaled.to_integral_value() or scaled <= 0:
        step = what.amount(1)
        raise OutOfRange(f"amount: a multiple of {step} above zero is wanted, not {amount}")
    return int(scaled)
