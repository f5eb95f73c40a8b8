"""What commands that send to a node share: where it is, whose key signs, how long to wait."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from rollup.program.cli import CommandError, ExitCode, Output

if TYPE_CHECKING:
    from rollup.harness.contract_file import ContractFile
    from rollup.l1.evm.chain import Receipt
    from rollup.l1.evm.rpc import HttpNode
    from rollup.l1.evm.signed_chain import SignedChain
    from rollup.protocol.public import PublicInput

KEY_FILE_BYTES_MAX: Final = 256
_KEY = re.compile(r"(?:0x)?([0-9a-fA-F]{64})\s*")

Command = TypeVar("Command", bound=Callable[..., Any])
file_type = click.Path(path_type=Path)
node_option = click.option("--node", required=True, help="URL of an execution node's JSON-RPC.")
contract_option = click.option(
    "--contract", type=file_type, required=True, help="What `crypsis l1 deploy` has written."
)
bundle_argument = click.argument("bundle", type=click.Path(path_type=Path, file_okay=False))


def signed(command: Command) -> Command:
    """The options of every command that signs."""
    for option in (
        click.option(
            "--confirmations",
            type=click.IntRange(1, 100),
            default=2,
            show_default=True,
            help="Blocks that hold a transaction, its own included, before it counts.",
        ),
        click.option(
            "--key", type=file_type, required=True, help="File with the private key that signs."
        ),
        node_option,
    ):
        command = option(command)
    return command


@contextmanager
def signed_chain(
    node: str, key: Path, confirmations: int, first: int = 0
) -> "Iterator[tuple[SignedChain, HttpNode]]":
    """The chain of a node, with a key that sends, and the node."""
    from eth_account import Account

    from rollup.l1.evm.poster import Patience, Poster
    from rollup.l1.evm.rpc import HttpNode
    from rollup.l1.evm.signed_chain import SignedChain

    account = Account.from_key(_secret(key))
    with chain_errors(), HttpNode(node) as found:
        poster = Poster(found, account, Patience(confirmations=confirmations))
        yield SignedChain(found, poster, first), found


def _secret(path: Path) -> bytes:
    """A private key from its file; nothing of it is ever in a message."""
    from rollup.files import read_bounded

    try:
        found = _KEY.fullmatch(read_bounded(path, KEY_FILE_BYTES_MAX).decode("ascii"))
    except UnicodeDecodeError:
        found = None
    if found is None:
        raise CommandError(ExitCode.BAD_INPUT, f"{path}: wanted 32 bytes in hex, and no more")
    return bytes.fromhex(found[1])


@contextmanager
def chain_errors() -> Iterator[None]:
    """What a chain and its contracts refuse, as messages with exit codes."""
    from rollup.harness.l1_cli import known_errors
    from rollup.l1.evm.chain import CallReverted, ChainError
    from rollup.l1.evm.contract import NotProved

    try:
        with known_errors():
            yield
    except NotProved as error:
        raise CommandError(ExitCode.INVALID, f"the proof is refused: {error}") from error
    except (CallReverted, ChainError) as error:
        raise CommandError(ExitCode.REFUSED_BY_PEER, str(error)) from error


def require_chain(node: "HttpNode", chain: int) -> None:
    """Refuse a node of another chain than what is meant."""
    from rollup.l1.evm.rpc import number

    found = number(node.ask("eth_chainId"))
    if found != chain:
        raise CommandError(ExitCode.BAD_INPUT, f"the node is of chain {found}, wanted {chain}")


def read_bundle(folder: Path) -> "tuple[PublicInput, bytes]":
    """Public input and proof of a bundle. FileNotFoundError or CodecError where it is none."""
    from rollup.files import read_bounded
    from rollup.l1.forms import PROOF_BYTES_MAX
    from rollup.protocol.public_json import PUBLIC_BYTES_MAX, public_from_json

    public = public_from_json(read_bounded(folder / "public.json", PUBLIC_BYTES_MAX))
    return public, read_bounded(folder / "proof.bin", PROOF_BYTES_MAX)


def contract_of(path: Path) -> "ContractFile":
    """The contract in a file."""
    from rollup.harness.contract_file import read_contract

    return read_contract(path)


class Costs:
    """Gas of the transactions of a command, said as they are settled and summed in the end."""

    def __init__(self, console: Output) -> None:
        self._console = console
        self.entries: list[dict[str, object]] = []
        self.total = 0

    def __call__(self, name: str, receipt: "Receipt") -> None:
        self._console.say(line(name, receipt.gas))
        self.entries.append({"transaction": name, "gas": receipt.gas})
        self.total += receipt.gas


def line(name: str, gas: int) -> str:
    """A transaction and what it cost, for people."""
    return f"{name:<24} {gas:>11,} gas"
