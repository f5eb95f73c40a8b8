"""What commands about receipts read, and what a judge refuses as messages with exit codes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from rollup.files import read_bounded
from rollup.program.cli import CommandError, ExitCode, file_type, input_file

if TYPE_CHECKING:  # the curve is loaded when a command is called
    from rollup.protocol.misconduct import Signer
    from rollup.protocol.public import PublicInput
    from rollup.protocol.receipt import Receipt, SignedReceipt

T = TypeVar("T")

genesis_option = click.option(
    "--genesis",
    type=file_type,
    required=True,
    help="The venue's genesis.json: it names the address that signs.",
)


def read_signer(path: Path) -> "Signer":
    """Whose receipts a genesis file says are judged."""
    from rollup.protocol.genesis import GENESIS_BYTES_MAX, genesis_from_json
    from rollup.protocol.misconduct import Signer

    return Signer.of(_read(path, GENESIS_BYTES_MAX, genesis_from_json))


def read_signed(path: Path) -> "SignedReceipt":
    """A signed receipt, unchecked."""
    from rollup.protocol.receipt_json import RECEIPT_BYTES_MAX, signed_from_json

    return _read(path, RECEIPT_BYTES_MAX, signed_from_json)


def read_public(path: Path) -> "PublicInput":
    """A batch's public input."""
    from rollup.protocol.public_json import PUBLIC_BYTES_MAX, public_from_json

    return _read(path, PUBLIC_BYTES_MAX, public_from_json)


def read_list(path: Path) -> "list[Receipt]":
    """An operator's list of receipts."""
    from rollup.protocol.receipt_json import RECEIPTS_BYTES_MAX, list_from_ndjson

    return _read(path, RECEIPTS_BYTES_MAX, list_from_ndjson)


def _read(path: Path, limit: int, reader: Callable[[bytes], T]) -> T:
    """What a file holds; whatever is wrong with it is said with its path."""
    with input_file(path):
        return reader(read_bounded(path, limit))


@contextmanager
def judged(unsigned: ExitCode = ExitCode.BAD_INPUT) -> Iterator[None]:
    """What a judge refuses to judge, as messages with exit codes. A receipt that anybody can make
    must not look like one that proves something."""
    from rollup.protocol.misconduct import NoAnswer, NotSigned

    try:
        yield
    except NotSigned as error:
        raise CommandError(unsigned, f"this receipt binds nobody: {error}") from error
    except NoAnswer as error:
        raise CommandError(ExitCode.BAD_INPUT, str(error)) from error
