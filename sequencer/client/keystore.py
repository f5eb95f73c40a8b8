"""Key files: a trading key under a password, as Web3 keystores (version 3) have it, by eth-keyfile.

    {"version": 2, "account", "owner", "public_key", "keystore": {Web3 version 3}}

What is encrypted are the 28 bytes of the trading key after four zero bytes. The library puts the
address of that number as a key of L1's curve into the keystore; it is taken out, since it is
nobody's and money sent there would be lost. The key files of a development venue (version 1, no
password) are read as well; such a key is `insecure`.

A trading key trades and cannot withdraw: that takes the L1 key of `owner`, which no client needs.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Self

from rollup.codec import shallow_json
from rollup.codec.fields import Node
from rollup.codec.strict import CodecError
from rollup.crypto import curve
from rollup.crypto.schnorr import SecretKey, generate_secret
from rollup.files import PRIVATE_MODE, read_bounded, write_whole
from rollup.private import Private
from rollup.protocol.constants import ACCOUNT_BITS, OWNER_BYTES
from rollup.protocol.encoding import digest_bytes
from sequencer.client.errors import KeyFileError, PasswordTooShort
from sequencer.client.generations import FileStore
from sequencer.client.options import PASSWORD_LEAST
from sequencer.client.signing import TradingKey

PLAIN_VERSION: Final = 1
SEALED_VERSION: Final = 2
FILE_BYTES_MAX: Final = 1 << 14
KEY_BYTES: Final = 56
SECRET_BYTES: Final = 32
"""What a keystore holds: the trading key's number, big-endian."""

KDF: Final = "scrypt"
WORK_FACTOR: Final = 1 << 18
"""N of scrypt: 256 MiB and about a second for each guess at a password."""

WORK_LEAST: Final = 1 << 14
WORK_MOST: Final = 1 << 20
"""A file that asks for less is weak, one that asks for more is made to hurt whoever opens it."""

AskPassword = Callable[[], str]


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The public part of a key file: what `crypsis account` shows."""

    path: Path
    account: int | None
    owner: bytes
    public_key: bytes
    insecure: bool


class Keystore(Private):
    """An account's trading key, opened, and the generations that it has used."""

    __slots__ = ("account", "generations", "insecure", "path", "secret")

    def __init__(self, path: Path, account: int, secret: SecretKey, insecure: bool) -> None:
        self.path = path
        self.account = account
        self.secret = secret
        self.insecure = insecure
        self.generations = FileStore(path)

    @classmethod
    def open(cls, path: Path | str, password: AskPassword | str | None = None) -> Self:
        """The key in a file. `password` is asked for only where the file has one. KeyFileError for
        a wrong one, a damaged file, or an account that is not registered yet."""
        path = Path(path)
        node = _node(path)
        file = _described(path, node)
        if file.account is None:
            raise KeyFileError(f"{path}: the account is not registered yet: crypsis deposit")
        if file.insecure:
            secret = _plain(path, node)
        else:
            secret = _unsealed(path, node, _word(path, password))
        if public_bytes(secret) != file.public_key:
            raise KeyFileError(f"{path}: the key is not the one that the file names")
        return cls(path, file.account, secret, file.insecure)

    @property
    def trading_key(self) -> TradingKey:
        """What signs."""
        return TradingKey(self.account, self.secret)

    def close(self) -> None:
        """Let another program trade with it."""
        self.generations.close()


def create(path: Path, owner: bytes, password: str, work_factor: int = WORK_FACTOR) -> KeyFile:
    """A fresh key in a new file, for an account that `owner` will register. KeyFileError where the
    file exists, PasswordTooShort below PASSWORD_LEAST characters."""
    if path.exists():
        raise KeyFileError(f"{path}: there is a file already, and it is not overwritten")
    if len(password) < PASSWORD_LEAST:
        raise PasswordTooShort(f"a password of at least {PASSWORD_LEAST} characters is wanted")
    secret = generate_secret()
    data = int.from_bytes(secret.to_bytes(), "little").to_bytes(SECRET_BYTES, "big")
    sealed = _library().create_keyfile_json(
        data, password.encode("utf-8"), version=3, kdf=KDF, iterations=work_factor
    )
    del sealed["address"]
    record = {
        "version": SEALED_VERSION,
        "account": None,
        "owner": owner.hex(),
        "public_key": public_bytes(secret).hex(),
        "keystore": sealed,
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


def _described(path: Path, node: Node) -> KeyFile:
    try:
        version = node.value.get("version") if isinstance(node.value, dict) else None
        insecure = version == PLAIN_VERSION and type(version) is int
        if not insecure:
            node.require_version(SEALED_VERSION)
        inside = "secret_key" if insecure else "keystore"
        record = node.record(("version", "account", "owner", "public_key", inside))
        account = None if record["account"].value is None else record["account"].integer()
        if account is not None and not 0 <= account < 1 << ACCOUNT_BITS:
            raise record["account"].wrong("an account's number")
        return KeyFile(
            path,
            account,
            record["owner"].hexadecimal(OWNER_BYTES),
            record["public_key"].hexadecimal(KEY_BYTES),
            insecure,
        )
    except CodecError as error:
        raise KeyFileError(f"{path}: {error}") from None


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
    sealed = node.value["keystore"] if isinstance(node.value, dict) else None
    _require_bounded_work(path, Node(sealed, "keystore"))
    try:
        data: bytes = _library().decode_keyfile_json(sealed, password.encode("utf-8"))
    except ValueError:
        raise KeyFileError(f"{path}: wrong password, or a damaged file") from None
    try:
        return SecretKey(int.from_bytes(data, "big"))
    except ValueError:
        raise KeyFileError(f"{path}: what is inside is no trading key") from None


def _require_bounded_work(path: Path, node: Node) -> None:
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
        if numbers != [32, 1, 8] or not WORK_LEAST <= work["n"].integer() <= WORK_MOST:
            raise work["n"].wrong(f"scrypt with n from {WORK_LEAST} to {WORK_MOST}, r 8, p 1")
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
