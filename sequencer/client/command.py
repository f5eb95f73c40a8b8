"""What the client's commands share: where the venue is, whose account it is, and errors as exit
codes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from rollup.files import PRIVATE_MODE, make_private_folder, read_bounded, write_whole
from rollup.program.cli import CommandError, ExitCode, Output
from rollup.protocol.receipt import SignedReceipt
from sequencer.client.amounts import exact
from sequencer.client.errors import (
    AccountBusy,
    ClientError,
    ConnectionBroken,
    KeyFileError,
    Misbehaviour,
    OrderRefused,
    Refusal,
    TimedOut,
    Unreachable,
)
from sequencer.client.keystore import Keystore
from sequencer.client.options import PASSWORD_LEAST
from sequencer.client.rows import receipt_text
from sequencer.client.venue import Venue

PASSWORD_BYTES_MAX: Final = 1024

UNTOLD: Final = (
    "the venue does not have its viewing key: what batches publish of it, everybody can read "
    "(crypsis account tell)"
)
EXIT_CODES: Final[tuple[tuple[type[ClientError], ExitCode], ...]] = (
    (Misbehaviour, ExitCode.INVALID),
    (AccountBusy, ExitCode.BAD_INPUT),
    (KeyFileError, ExitCode.BAD_INPUT),
    (Refusal, ExitCode.USAGE),
    (Unreachable, ExitCode.UNREACHABLE),
    (ConnectionBroken, ExitCode.UNREACHABLE),
    (TimedOut, ExitCode.TIMEOUT),
    (ClientError, ExitCode.REFUSED_BY_PEER),
)
"""The first that fits."""


@contextmanager
def known_errors() -> Iterator[None]:
    """The client's errors as messages with exit codes."""
    try:
        yield
    except ClientError as error:
        record: dict[str, object] = {"error": str(error), "code": error.code}
        if isinstance(error, OrderRefused):
            record["reason"] = error.reason
        if isinstance(error, Misbehaviour):
            record["evidence"] = [receipt_text(each) for each in error.evidence]
        code = next(code for kind, code in EXIT_CODES if isinstance(error, kind))
        raise CommandError(code, f"{error.code}: {error}", record) from None


@contextmanager
def trading(
    console: Output, url: str, account: Path, password_file: Path | None, *, warns: bool = True
) -> Iterator[Venue]:
    """A venue with an account, for as long as the block runs. Says so where the venue does not have
    the account's viewing key, if it `warns`."""
    with known_errors():
        keystore = Keystore.open(account, lambda: password_of(password_file))
        if keystore.insecure:
            console.say(f"{account}: its key has no password: for test money alone")
        with Venue.connect(url, keystore) as venue:
            if warns and not venue.is_told:
                console.say(f"{account}: {UNTOLD}")
            yield venue


def number(name: str, text: str, *, signed: bool = False) -> str:
    """A number as it was typed, below zero only if `signed`; no number is wrong usage."""
    try:
        exact(text, signed=signed)
    except ValueError as error:
        raise click.UsageError(f"{name}: {error}") from None
    return text


def password_of(path: Path | None, is_new: bool = False) -> str:
    """From a file, without its end of line, or asked for on the terminal. Never from arguments,
    which everybody on the machine can read."""
    if path is None:
        text = f"Password, of at least {PASSWORD_LEAST} characters" if is_new else "Password"
        return str(click.prompt(text, hide_input=True, err=True, confirmation_prompt=is_new))
    try:
        text = read_bounded(path, PASSWORD_BYTES_MAX).decode("utf-8")
    except UnicodeDecodeError:
        raise CommandError(ExitCode.BAD_INPUT, f"{path}: a password in UTF-8 is wanted") from None
    return text.removesuffix("\n").removesuffix("\r")


def keep_receipts(folder: Path, receipts: Sequence[SignedReceipt]) -> None:
    """A file for each, as `crypsis receipt` reads it."""
    make_private_folder(folder)
    for signed in receipts:
        path = folder / f"receipt-{signed.receipt.sequence}.json"
        write_whole(path, receipt_text(signed).encode("ascii") + b"\n", PRIVATE_MODE)
