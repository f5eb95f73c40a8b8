"""Commands for accounts: key files, deposits, other keys, and what the venue is told of them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rollup.program.cli import Output, conventions, file_type
from rollup.protocol.constants import OWNER_BYTES
from sequencer.client.options import (
    AHEAD_S,
    DEFAULT_L1,
    PASSWORD_LEAST,
    account_option,
    asset_option,
    outpost_option,
    password_option,
    url_option,
)

if TYPE_CHECKING:  # libraries are loaded when a command is called
    from sequencer.client.depositing import Telling

ACCOUNT_COLUMNS = ("account", "owner", "insecure", "file")

l1_option = click.option("--l1", default=DEFAULT_L1, show_default=True, help="Of the L1.")
amount_option = click.option("--amount", required=True, help="USDC.")
mint_option = click.option(
    "--mint", is_flag=True, help="Give the owner the money first: of a test L1."
)


within_option = click.option(
    "--tell-within",
    type=click.FloatRange(0),
    default=AHEAD_S,
    show_default=True,
    metavar="SECONDS",
    help="Tell the venue the new viewing key, as soon as it has seen the entry; 0: do not.",
)
"""Of what brings an account a viewing key."""


@click.group()
def account() -> None:
    """Accounts: key files, which trade, and withdraw to their owner alone.

    \b
    crypsis account new trader.json --owner 00112233445566778899aabbccddeeff00112233
    crypsis deposit --account trader.json --amount 1000 --mint
    """


@account.command()
@click.argument("file", type=file_type)
@click.option("--owner", required=True, help="L1 address that the account belongs to, as hex.")
@click.option(
    "--password-file",
    type=file_type,
    envvar="CRYPSIS_PASSWORD_FILE",
    help=f"Holds the new password, {PASSWORD_LEAST} characters or more; else it is asked for.",
)
@conventions
def new(console: Output, file: Path, owner: str, password_file: Path | None) -> None:
    """Make a trading key and a viewing key and write both to FILE, under a password.

    The trading key trades, and takes money out to the owner alone, or to another account of the
    venue; it comes in and is claimed by the L1 key of the owner, which crypsis never asks for. The
    viewing key reads what batches publish of the account: it needs FILE alone, and no venue.
    Keep FILE and FILE.generations together: the second says which numbers were signed already.
    """
    from sequencer.client.command import known_errors, password_of
    from sequencer.client.keystore import create
    from sequencer.client.rows import account_record

    address = owner.removeprefix("0x").lower()
    if len(address) != 2 * OWNER_BYTES or any(digit not in "0123456789abcdef" for digit in address):
        raise click.UsageError(f"--owner: {2 * OWNER_BYTES} hex digits are wanted")
    with known_errors():
        made = create(file, bytes.fromhex(address), password_of(password_file, is_new=True))
    console.result(account_record(made), f"wrote {file}: not registered yet (crypsis deposit)")


@account.command()
@click.argument("file", type=file_type)
@conventions
def show(console: Output, file: Path) -> None:
    """What a key file says without its password."""
    from sequencer.client.command import known_errors
    from sequencer.client.keystore import describe
    from sequencer.client.rows import account_record

    with known_errors():
        record = account_record(describe(file))
    console.result(record, "\n".join(f"{name:<12} {value}" for name, value in record.items()))


@account.command(name="list")
@click.argument("folder", type=file_type, default=Path())
@conventions
def list_accounts(console: Output, folder: Path) -> None:
    """The key files in a folder; those that are none are left out."""
    from sequencer.client.errors import KeyFileError
    from sequencer.client.keystore import describe
    from sequencer.client.rows import account_record, table

    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(account_record(describe(path)))
        except (KeyFileError, ValueError, OSError):
            console.detail(f"{path}: no key file")
    console.result({"accounts": found}, table(found, ACCOUNT_COLUMNS))


@account.command()
@click.argument("file", type=file_type)
@click.argument("new", type=file_type)
@l1_option
@amount_option
@mint_option
@within_option
@url_option
@password_option
@conventions
def rotate(
    console: Output,
    file: Path,
    new: Path,
    l1: str,
    amount: str,
    mint: bool,
    tell_within: float,
    url: str,
    password_file: Path | None,
) -> None:
    """Give the account of FILE the key of NEW, in the owner's name at L1.

    NEW is a key file of the same owner (crypsis account new). The old key signs no more from the
    batch on that consumes the entry, and its orders end; FILE's password is not needed, NEW's is,
    to tell the venue its viewing key at once: untold, the batch that takes the entry publishes the
    account for everybody to read. An entry brings a deposit, of which L1 wants a least amount.
    Never go back to a key that was given up: orders that it signed would count again.

    \b
    crypsis account new next.json --owner 00112233445566778899aabbccddeeff00112233
    crypsis account rotate trader.json next.json --amount 5 --mint
    """
    from sequencer.client.depositing import rotate as queue

    telling = _telling(url, tell_within, password_file)
    record = queue(file, new, l1, amount, mint, telling)
    text = f"queued as entry {record['index']}: from then on {new} is for account"
    console.result(record, f"{text} {record['account']}")
    _warn_untold(console, new, record)


def _telling(url: str, seconds: float, password_file: Path | None) -> "Telling | None":
    """How to tell what is queued; None where it is not to be told."""
    from sequencer.client.command import password_of
    from sequencer.client.depositing import Telling

    return Telling(url, seconds, lambda: password_of(password_file)) if seconds else None


def _warn_untold(console: Output, file: Path, record: "dict[str, object]") -> None:
    if record.get("told") is False:
        console.say(
            f"{file}: the venue was not told its viewing key ({record['reason']}). Tell it before "
            "the batch that takes the entry closes, or that batch publishes what the account "
            f"holds for everybody to read: crypsis account tell {file}"
        )


@account.command()
@click.argument("file", type=file_type)
@click.option(
    "--within",
    type=click.FloatRange(0),
    default=0.0,
    metavar="SECONDS",
    help="Ask again for so long, where the venue has not seen the entry; else once.",
)
@url_option
@password_option
@conventions
def tell(console: Output, file: Path, within: float, url: str, password_file: Path | None) -> None:
    """Tell the venue the viewing key of FILE, which every other command does where it lacks it.

    A batch publishes what it leaves of each account that it touches, encrypted: whoever has the
    account's viewing key reads it, whatever becomes of the venue. As long as the venue was not told
    that key, everybody can. It sees what accounts hold in any case. A key that was registered at
    L1, and that no batch has taken yet, is told as well.

    \b
    crypsis account tell trader.json --url http://127.0.0.1:8550
    """
    from sequencer.client.command import known_errors, password_of
    from sequencer.client.keystore import registered_account, viewing_key_in
    from sequencer.client.venue import Venue

    with known_errors():
        number = registered_account(file)
        key = viewing_key_in(file, lambda: password_of(password_file))
        with Venue.connect(url) as venue:
            venue.tell_viewing_key_ahead(number, key, within)
    text = (
        "the venue has the viewing key: while the account has it, no other reads what is published"
    )
    console.result({"file": str(file), "told": True}, text)


@click.command()
@account_option
@l1_option
@click.option("--amount", required=True, help="Of USDC, or of the asset.")
@asset_option
@outpost_option
@mint_option
@within_option
@url_option
@password_option
@conventions
def deposit(
    console: Output,
    account: Path,
    l1: str,
    amount: str,
    asset: str,
    outpost: str | None,
    mint: bool,
    tell_within: float,
    url: str,
    password_file: Path | None,
) -> None:
    """Queue a deposit at L1, in the owner's name; the first one registers the account.

    Then the venue is told its viewing key, for which the file's password is needed. With --outpost
    the money is paid in on the outpost's chain, into an account that is registered at --l1 already:
    it is credited once the committee attested to it at home.

    \b
    crypsis deposit --account trader.json --amount 1000 --l1 http://127.0.0.1:8645/ --mint
    crypsis deposit --account trader.json --amount 0.5 --asset WETH --mint
    crypsis deposit --account trader.json --amount 1000 --outpost http://127.0.0.1:8655/ --mint
    """
    if outpost is not None:
        _deposit_there(console, account, l1, outpost, amount, mint, asset)
        return
    from sequencer.client.depositing import deposit as queue

    telling = _telling(url, tell_within, password_file)
    record = queue(account, l1, amount, mint, asset, telling)
    text = f"queued as entry {record['index']}, for account {record['account']}"
    console.result(record, text)
    _warn_untold(console, account, record)


def _deposit_there(console: Output, account: Path, *call: Any) -> None:
    from sequencer.client.elsewhere import deposit_there

    record = deposit_there(account, *call)
    text = f"deposit {record['index']} of chain {record['chain']}, for account {record['account']}"
    console.result(record, f"{text}: home takes it in once its committee attests to it")
