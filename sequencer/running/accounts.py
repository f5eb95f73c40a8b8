"""Accounts of a development venue: funded at its mock L1, their keys in files for their owner only.

A key file is JSON, not encrypted: it is for money that is none. Keystores with a password come with
the client.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rollup.crypto.schnorr import SecretKey
from rollup.files import PRIVATE_MODE, make_private_folder, write_whole
from rollup.l1.mock import MockL1
from rollup.private import Private
from rollup.protocol.encoding import digest_bytes
from sequencer.demo.market.keys import KeySource

USDC: Final = 10**6
DOLLARS: Final = 1_000_000
"""What each account begins with."""

KEY_FILE_VERSION: Final = 1


@dataclass(frozen=True, slots=True, repr=False)
class KeyFile(Private):
    """One account's key, and where it is."""

    account: int
    owner: bytes
    secret: SecretKey
    path: Path


def fund(l1: MockL1, keys: KeySource, count: int, least: int, folder: Path) -> list[KeyFile]:
    """Register accounts, each with money in the queue, and write their key files."""
    make_private_folder(folder)
    amount = max(DOLLARS * USDC, least)
    found = []
    for place, secret in enumerate(keys.secrets(count) if count else ()):
        owner = keys.address(f"account-{place}")
        l1.mint(owner, amount)
        public = (*secret.public.x, *secret.public.y)
        entry = l1.register(owner, public, keys.viewing(f"account-{place}"), amount)
        path = folder / f"account-{entry.account}.json"
        file = KeyFile(entry.account, owner, secret, path)
        write_whole(path, _record(file), PRIVATE_MODE)
        found.append(file)
    return found


def _record(file: KeyFile) -> bytes:
    point = file.secret.public
    record = {
        "version": KEY_FILE_VERSION,
        "account": file.account,
        "owner": file.owner.hex(),
        "public_key": digest_bytes((*point.x, *point.y)).hex(),
        "secret_key": file.secret.to_bytes().hex(),
    }
    return (json.dumps(record, indent=2) + "\n").encode("ascii")
