"""Accounts of a development venue: funded at its mock L1, their keys in files for their owner only.

A key file is JSON, not encrypted: it is for money that is none. Keystores with a password come with
the client. A key is on disk before L1 hears of it, so that a crash leaves no money without a key.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rollup.codec.fields import Node
from rollup.codec.shallow_json import loads
from rollup.codec.strict import CodecError
from rollup.crypto.schnorr import SecretKey
from rollup.files import PRIVATE_MODE, make_private_folder, read_bounded, remove, write_whole
from rollup.hash.many import compress_many
from rollup.hash.poseidon import Digest
from rollup.l1.interface import Address
from rollup.l1.remote import RemoteL1
from rollup.private import Private
from rollup.protocol.availability import viewing_commitment
from rollup.protocol.constants import OWNER_BYTES
from rollup.protocol.encoding import digest_bytes
from rollup.protocol.rejection import Rejected
from rollup.protocol.viewing_key import (
    VIEWING_KEY_BYTES,
    viewing_key_from_bytes,
    viewing_key_to_bytes,
)
from sequencer.demo.market.keys import KeySource

USDC: Final = 10**6
DOLLARS: Final = 1_000_000
"""What each account begins with."""

DARING_DOLLARS: Final = 2_000
"""What those of a crowd have who take as much leverage as they get: a few orders are all of it."""

BACKSTOP_DOLLARS: Final = 20_000_000
"""What a devnet's backstop begins with: it can take over everything that its crowd holds."""

BACKSTOP_FILE: Final = "backstop.json"
KEY_FILE_VERSION: Final = 3
KEY_FILE_BYTES_MAX: Final = 4096
SECRET_BYTES_MAX: Final = 64


@dataclass(frozen=True, slots=True, repr=False)
class KeyFile(Private):
    """One account's trading key and viewing key, and where they are."""

    account: int
    owner: Address
    secret: SecretKey
    viewing_key: Digest
    path: Path


def fund_backstop(l1: RemoteL1, keys: KeySource, account: int, folder: Path) -> None:
    """Money for the backstop in L1's queue, once: after a crash in between a second time, which
    does no harm."""
    make_private_folder(folder)
    noted = folder / BACKSTOP_FILE
    if noted.exists():
        return
    owner, amount = keys.address("backstop-funds"), BACKSTOP_DOLLARS * USDC
    l1.mint(owner, amount)
    l1.credit(owner, account, amount)
    record = {"account": account, "owner": owner.hex(), "deposited": amount}
    write_whole(noted, (json.dumps(record, indent=2) + "\n").encode("ascii"), PRIVATE_MODE)


def bonded(l1: RemoteL1, operator: Address) -> None:
    """The least bond for the operator's receipts, of test money, where none stands and the venue
    lives. After a crash in between there is money of the operator's at L1 and no bond, until the
    next start."""
    bond, least = l1.bond, l1.deployment.bond_least
    if bond.held or l1.is_frozen:
        return
    l1.mint(operator, least)
    l1.post_bond(operator, least)


def funded(
    l1: RemoteL1,
    keys: KeySource,
    kind: str,
    count: int,
    least: int,
    folder: Path,
    dollars: int = DOLLARS,
) -> list[KeyFile]:
    """The first `count` accounts of a kind: those of the folder, and new ones with money in L1's
    queue. `keys` are asked for new ones only."""
    make_private_folder(folder)
    lacking = [place for place in range(count) if not _path(folder, kind, place).exists()]
    assigned = l1.accounts if lacking else {}
    secrets = dict(zip(lacking, keys.secrets(len(lacking)) if lacking else (), strict=True))
    for place, secret in secrets.items():
        _register(l1, keys, kind, place, secret, assigned, max(dollars * USDC, least), folder)
    return [read_key_file(_path(folder, kind, place)) for place in range(count)]


def _register(
    l1: RemoteL1,
    keys: KeySource,
    kind: str,
    place: int,
    secret: SecretKey,
    assigned: Mapping[Address, int],
    amount: int,
    folder: Path,
) -> None:
    """Key file first, without its account; then L1; then the file as it stays."""
    label, begun = f"{kind}-{place}", folder / f".{kind}-{place}.new"
    if begun.exists():
        owner, secret, viewing_key = _inside(_node(begun))
    else:
        owner, viewing_key = keys.address(label), keys.viewing_key(label)
        write_whole(begun, _record(None, owner, secret, viewing_key), PRIVATE_MODE)
    account = assigned.get(owner)
    if account is None:
        l1.mint(owner, amount)
        public = (*secret.public.x, *secret.public.y)
        viewing = viewing_commitment(viewing_key, compress_many)
        account = l1.register(owner, public, viewing, amount).account
    record = _record(account, owner, secret, viewing_key)
    write_whole(_path(folder, kind, place), record, PRIVATE_MODE)
    remove(begun)


def read_key_file(path: Path) -> KeyFile:
    """The keys of an account. CodecError if the file is not one."""
    try:
        node = _node(path)
        return KeyFile(node["account"].integer(), *_inside(node), path)
    except (ValueError, Rejected) as error:
        raise CodecError(f"{path}: a key file is wanted") from error


def _node(path: Path) -> Mapping[str, Node]:
    names = ("version", "account", "owner", "public_key", "secret_key", "viewing_key")
    node = Node(loads(read_bounded(path, KEY_FILE_BYTES_MAX).decode("ascii")), "key file")
    node.require_version(KEY_FILE_VERSION)
    return node.record(names)


def _inside(node: Mapping[str, Node]) -> tuple[Address, SecretKey, Digest]:
    """Owner, trading key and viewing key."""
    owner = node["owner"].hexadecimal(OWNER_BYTES)
    text = node["secret_key"].text(2 * SECRET_BYTES_MAX)
    viewing_key = viewing_key_from_bytes(node["viewing_key"].hexadecimal(VIEWING_KEY_BYTES))
    return owner, SecretKey.from_bytes(bytes.fromhex(text)), viewing_key


def _path(folder: Path, kind: str, place: int) -> Path:
    return folder / f"{kind}-{place:02d}.json"


def _record(account: int | None, owner: Address, secret: SecretKey, viewing_key: Digest) -> bytes:
    point = secret.public
    record = {
        "version": KEY_FILE_VERSION,
        "account": account,
        "owner": owner.hex(),
        "public_key": digest_bytes((*point.x, *point.y)).hex(),
        "secret_key": secret.to_bytes().hex(),
        "viewing_key": viewing_key_to_bytes(viewing_key).hex(),
    }
    return (json.dumps(record, indent=2) + "\n").encode("ascii")
