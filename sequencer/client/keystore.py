"""Key files: a trading key and a viewing key under a password, as Web3 keystores (version 3) have
it, by eth-keyfile.

    {"version": 4, "account", "owner", "public_key", "viewing",
     "keystore": {Web3 version 3}, "viewing_keystore": {Web3 version 3}}

What is encrypted are the 28 bytes of the trading key after four zero bytes. The library puts the
address of that number as a key of L1's curve into the keystore; it is taken out, since it is
nobody's and money sent there would be lost. The viewing key is encrypted in the same way, its
password being the trading key in hexadecimal: whoever has the one has the other, and no guess at
it is worth slowing down. `viewing` is what L1 registers of it, its commitment.

A file of version 2, which has no viewing key, is read: it trades, and registers no account. The key
files of a development venue (version 3, no password) are read as well; such a key is `insecure`.

A trading key trades and cannot withdraw: that takes the L1 key of `owner`, which no client needs.
But in a frozen venue that takes private exits it takes what the account has in USDC to any address
(docs/spec/23-private-exit.md).
"""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Self

from rollup.codec import shallow_json
from rollup.codec.fields import Node
from rollup.codec.strict import CodecError
from rollup.crypto import curve, fresh
from rollup.crypto.schnorr import SecretKey, generate_secret
from rollup.files import PRIVATE_MODE, read_bounded, write_whole
from rollup.hash.many import compress_many
from rollup.hash.poseidon import Digest
from rollup.private import Private
from rollup.protocol.availability import viewing_commitment
from rollup.protocol.constants import ACCOUNT_BITS, OWNER_BYTES
from rollup.protocol.encoding import digest_bytes
from rollup.protocol.rejection import Rejected
from rollup.protocol.viewing_key import (
    VIEWING_KEY_BYTES,
    viewing_key_from_bytes,
    viewing_key_to_bytes,
)
from sequencer.client.errors import KeyFileError, PasswordTooShort
from sequencer.client.generations import FileStore
from sequencer.client.options import PASSWORD_LEAST
from sequencer.client.signing import TradingKey

UNVIEWED_VERSION: Final = 2
PLAIN_VERSION: Final = 3
SEALED_VERSION: Final = 4
FILE_BYTES_MAX: Final = 1 << 14
KEY_BYTES: Final = 56
SECRET_BYTES: Final = 32
"""What a keystore holds: the trading key's number, big-endian, or a viewing key."""

KDF: Final = "scrypt"
WORK_FACTOR: Final = 1 << 18
"""N of scrypt: 256 MiB and about a second for each guess at a password."""

VIEWING_WORK: Final = 2
"""N where the password is a key: as little as there is."""

WORK_LEAST: Final = 1 << 14
WORK_MOST: Final = 1 << 20
"""A file that asks for less is weak, one that asks for more is made to hurt whoever opens it."""

_INSIDE: Final = {
    UNVIEWED_VERSION: ("keystore",),
    PLAIN_VERSION: ("secret_key", "viewing_key"),
    SEALED_VERSION: ("viewing", "keystore", "viewing_keystore"),
}
"""By version: what a file has beside its account, owner and public key."""

AskPassword = Callable[[], str]


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The public part of a key file: what `crypsis account` shows. `viewing` is the commitment to
    the viewing key, None in a file that has none."""

    path: Path
    account: int | None
    owner: bytes
    public_key: bytes
    viewing: Digest | None
    insecure: bool


class Keystore(Private):
    """An account's trading key and viewing key, opened, and the generations that it has used."""

    __slots__ = ("account", "generations", "insecure", "path", "secret", "viewing_key")

    def __init__(
        self,
        path: Path,
        account: int,
        secret: SecretKey,
        insecure: bool,
        viewing_key: Digest | None = None,
    ) -> None:
        self.path = path
        self.account = account
        self.secret = secret
        self.viewing_key = viewing_key
        self.insecure = insecure
        self.generations = FileStore(path)

    @classmethod
    def open(cls, path: Path | str, password: AskPassword | str | None = None) -> Self:
        """The key in a file. `password` is asked for only where the file has one. KeyFileError for
        a wrong one, a damaged file, or an account that is not registered yet."""
        path = Path(path)
        node = _node(path)
        file = _described(path, node)
        account = _registered(file)
        secret, viewing_key = _keys(file, node, password)
        return cls(path, account, secret, file.insecure, viewing_key)

    @property
    def trading_key(self) -> TradingKey:
        """What signs, and what the account is published under."""
        return TradingKey(self.account, self.secret, self.viewing_key)

    def close(self) -> None:
        """Let another program trade with it."""
        self.generations.close()


def create(path: Path, owner: bytes, password: str, work_factor: int = WORK_FACTOR) -> KeyFile:
    """Fresh keys in a new file, for an account that `owner` will register. KeyFileError where the
    file exists, PasswordTooShort below PASSWORD_LEAST characters."""
    if path.exists():
        raise KeyFileError(f"{path}: there is a file already, and it is not overwritten")
    if len(password) < PASSWORD_LEAST:
        raise PasswordTooShort(f"a password of at least {PASSWORD_LEAST} characters is wanted")
    secret, viewing_key = generate_secret(), fresh.viewing_key()
    data = int.from_bytes(secret.to_bytes(), "little").to_bytes(SECRET_BYTES, "big")
    record = {
        "version": SEALED_VERSION,
        "account": None,
        "owner": owner.hex(),
        "public_key": public_bytes(secret).hex(),
        "viewing": digest_bytes(commitment(viewing_key)).hex(),
        "keystore": _sealed(data, password, work_factor),
        "viewing_keystore": _sealed(
            viewing_key_to_bytes(viewing_key), _word_of(secret), VIEWING_WORK
        ),
    }
    _write(path, record)
    return describe(path)


def register(path: Path, account: int) -> KeyFile:
    """Write down which account L1 gave the key."""
    record = _node(path).value
    if not isinstance(record, dict):
        raise KeyFileError(f"{path}: a record is wanted")
    _write(path, {**record, "account": account})
    return describe(path)


def describe(path: Path) -> KeyFile:
    """What a key file says without a password. KeyFileError."""
    return _described(path, _node(path))


def public_bytes(secret: SecretKey) -> bytes:
    """A trading key as L1 registers it: x and y, 28 bytes each."""
    return digest_bytes((*secret.public.x, *secret.public.y))


def commitment(viewing_key: Digest) -> Digest:
    """A viewing key as L1 registers it."""
    return viewing_commitment(viewing_key, compress_many)


def registered_account(path: Path) -> int:
    """The account of a file, as it says without a password. KeyFileError where L1 has not given it
    one."""
    return _registered(describe(path))


def _registered(file: KeyFile) -> int:
    if file.account is None:
        raise KeyFileError(f"{file.path}: the account is not registered yet: crypsis deposit")
    return file.account


def viewing_key_in(path: Path, password: AskPassword | str | None = None) -> Digest:
    """The viewing key in a file, whether or not its account is registered. KeyFileError as of
    `Keystore.open`, and where the file has none."""
    node = _node(path)
    _, viewing_key = _keys(_described(path, node), node, password)
    if viewing_key is None:
        detail = "give the account the key of a new file (crypsis account rotate)"
        raise KeyFileError(f"{path}: the key file has no viewing key: {detail}")
    return viewing_key


def _keys(
    file: KeyFile, node: Node, password: AskPassword | str | None
) -> tuple[SecretKey, Digest | None]:
    """Trading key and viewing key, each the one that the file names."""
    path = file.path

    def sealed() -> SecretKey:
        return _unsealed(path, node, _word(path, password))

    secret = _plain(path, node) if file.insecure else sealed()
    if public_bytes(secret) != file.public_key:
        raise KeyFileError(f"{path}: the key is not the one that the file names")
    viewing_key = None if file.viewing is None else _viewing_key(path, node, secret)
    if viewing_key is not None and commitment(viewing_key) != file.viewing:
        raise KeyFileError(f"{path}: the viewing key is not the one that the file names")
    return secret, viewing_key


def _sealed(data: bytes, password: str, work_factor: int) -> dict[str, Any]:
    """A keystore around 32 bytes."""
    made: dict[str, Any] = _library().create_keyfile_json(
        data, password.encode("utf-8"), version=3, kdf=KDF, iterations=work_factor
    )
    del made["address"]
    return made


def _word_of(secret: SecretKey) -> str:
    """What a viewing key is encrypted under: the trading key."""
    return secret.to_bytes().hex()


def _described(path: Path, node: Node) -> KeyFile:
    try:
        version = node.value.get("version") if isinstance(node.value, dict) else None
        inside = _INSIDE.get(version) if type(version) is int else None
        if inside is None:
            node.require_version(SEALED_VERSION)
        names = ("version", "account", "owner", "public_key", *(inside or ()))
        record = node.record(names)
        account = None if record["account"].value is None else record["account"].integer()
        if account is not None and not 0 <= account < 1 << ACCOUNT_BITS:
            raise record["account"].wrong("an account's number")
        return KeyFile(
            path,
            account,
            record["owner"].hexadecimal(OWNER_BYTES),
            record["public_key"].hexadecimal(KEY_BYTES),
            _commitment_of(record),
            version == PLAIN_VERSION,
        )
    except (CodecError, Rejected) as error:
        raise KeyFileError(f"{path}: {error}") from None


def _commitment_of(record: Mapping[str, Node]) -> Digest | None:
    """What a file says of its viewing key. One without a password has the key itself."""
    if "viewing_key" in record:
        key = record["viewing_key"].hexadecimal(VIEWING_KEY_BYTES)
        return commitment(viewing_key_from_bytes(key))
    if "viewing" in record:
        return viewing_key_from_bytes(record["viewing"].hexadecimal(VIEWING_KEY_BYTES))
    return None


def _node(path: Path) -> Node:
    data = read_bounded(path, FILE_BYTES_MAX)
    try:
        return Node(shallow_json.loads(data.decode("utf-8")), "key file")
    except (ValueError, RecursionError):
        raise KeyFileError(f"{path}: a key file in JSON is wanted") from None


def _plain(path: Path, node: Node) -> SecretKey:
    value = node.value["secret_key"] if isinstance(node.value, dict) else None
    try:
        return SecretKey.from_bytes(Node(value, "secret_key").hexadecimal(curve.BYTES))
    except (CodecError, ValueError) as error:
        raise KeyFileError(f"{path}: {error}") from None


def _unsealed(path: Path, node: Node, password: str) -> SecretKey:
    data = _opened(path, node, "keystore", password, (WORK_LEAST, WORK_MOST))
    try:
        return SecretKey(int.from_bytes(data, "big"))
    except ValueError:
        raise KeyFileError(f"{path}: what is inside is no trading key") from None


def _viewing_key(path: Path, node: Node, secret: SecretKey) -> Digest:
    try:
        if isinstance(node.value, dict) and "viewing_key" in node.value:
            text = Node(node.value["viewing_key"], "viewing_key")
            return viewing_key_from_bytes(text.hexadecimal(VIEWING_KEY_BYTES))
        work = (VIEWING_WORK, VIEWING_WORK)
        return viewing_key_from_bytes(
            _opened(path, node, "viewing_keystore", _word_of(secret), work)
        )
    except (CodecError, Rejected) as error:
        raise KeyFileError(f"{path}: {error}") from None


def _opened(path: Path, node: Node, name: str, password: str, work: tuple[int, int]) -> bytes:
    """What is in a keystore that takes work within bounds."""
    sealed = node.value[name] if isinstance(node.value, dict) else None
    _require_bounded_work(path, Node(sealed, name), *work)
    try:
        data: bytes = _library().decode_keyfile_json(sealed, password.encode("utf-8"))
    except ValueError:
        raise KeyFileError(f"{path}: wrong password, or a damaged file") from None
    return data


def _require_bounded_work(path: Path, node: Node, least: int, most: int) -> None:
    """A file says how much work it is to open: it is believed within bounds."""
    try:
        record = node.record(("crypto", "id", "version"))
        if record["version"].integer() != 3:
            raise record["version"].wrong("version 3")
        names = ("cipher", "cipherparams", "ciphertext", "kdf", "kdfparams", "mac")
        crypto = record["crypto"].record(names)
        if (crypto["kdf"].value, crypto["cipher"].value) != (KDF, "aes-128-ctr"):
            raise crypto["kdf"].wrong(f"{KDF} and aes-128-ctr")
        work = crypto["kdfparams"].record(("dklen", "n", "p", "r", "salt"))
        numbers = [work[name].integer() for name in ("dklen", "p", "r")]
        if numbers != [32, 1, 8] or not least <= work["n"].integer() <= most:
            raise work["n"].wrong(f"scrypt with n from {least} to {most}, r 8, p 1")
        work["salt"].hexadecimal(16)
        crypto["cipherparams"].record(("iv",))["iv"].hexadecimal(16)
        crypto["ciphertext"].hexadecimal(SECRET_BYTES)
        crypto["mac"].hexadecimal(32)
    except CodecError as error:
        raise KeyFileError(f"{path}: {error}") from None


def _word(path: Path, password: AskPassword | str | None) -> str:
    if password is None:
        raise KeyFileError(f"{path}: it has a password, and none was given")
    return password if isinstance(password, str) else password()


def _write(path: Path, record: dict[str, Any]) -> None:
    write_whole(path, (json.dumps(record, indent=2) + "\n").encode("ascii"), PRIVATE_MODE)


def _library() -> Any:
    """eth-keyfile, which imports py_ecc, which lifts the recursion limit of the whole process: that
    is taken back, since it turns deep recursion into a crash."""
    before = sys.getrecursionlimit()
    try:
        return import_module("eth_keyfile")
    finally:
        sys.setrecursionlimit(before)
