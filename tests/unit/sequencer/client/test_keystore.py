"""Key files: under a password, for their owner only, and refused where they were changed."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rollup.crypto.schnorr import SecretKey, generate_secret
from rollup.field.koalabear import P
from rollup.hash.many import compress_many
from rollup.protocol.availability import viewing_commitment
from rollup.protocol.viewing_key import viewing_key_to_bytes
from sequencer.client.errors import KeyFileError, PasswordTooShort
from sequencer.client.keystore import (
    WORK_LEAST,
    Keystore,
    create,
    describe,
    public_bytes,
    register,
)

PASSWORD = "correct horse ß"
OWNER = bytes(range(20))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A registered key file under PASSWORD, with little work."""
    path = tmp_path_factory.mktemp("keys") / "a.json"
    create(path, OWNER, PASSWORD, WORK_LEAST)
    register(path, 7)
    return path.read_bytes()


@pytest.fixture
def file(tmp_path: Path, whole: bytes) -> Path:
    path = tmp_path / "a.json"
    path.write_bytes(whole)
    return path


def test_a_key_comes_back_with_its_password_and_is_that_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    made = create(path, OWNER, PASSWORD, WORK_LEAST)
    assert (made.account, made.owner, made.insecure) == (None, OWNER, False)
    assert path.stat().st_mode & 0o777 == 0o600
    register(path, 7)
    keystore = Keystore.open(path, PASSWORD)
    assert keystore.account == 7 and not keystore.insecure
    assert public_bytes(keystore.secret) == made.public_key
    assert keystore.viewing_key is not None
    assert viewing_commitment(keystore.viewing_key, compress_many) == made.viewing
    assert keystore.trading_key.viewing_key == keystore.viewing_key
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_shows_neither_key_nor_an_address_that_is_nobodys(file: Path) -> None:
    text, keystore = file.read_text(), Keystore.open(file, PASSWORD)
    secret, viewing_key = keystore.secret, keystore.viewing_key
    assert viewing_key is not None
    assert viewing_key_to_bytes(viewing_key).hex() not in text
    assert secret.to_bytes().hex() not in text and secret.to_bytes()[::-1].hex() not in text
    assert "address" not in text and PASSWORD not in text


def test_a_keystore_shows_itself_in_no_repr(file: Path) -> None:
    keystore = Keystore.open(file, PASSWORD)
    assert [repr(keystore), repr(keystore.trading_key)] == [
        "Keystore(private)",
        "TradingKey(private)",
    ]


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD + " ", PASSWORD.upper()])
def test_a_wrong_password_opens_nothing(file: Path, password: str) -> None:
    with pytest.raises(KeyFileError, match="wrong password"):
        Keystore.open(file, password)


def test_a_password_is_asked_for_only_where_there_is_one(file: Path, tmp_path: Path) -> None:
    asked: list[int] = []

    def ask() -> str:
        asked.append(1)
        return PASSWORD

    Keystore.open(file, ask)
    assert asked == [1]
    Keystore.open(development(tmp_path), ask)
    assert asked == [1]
    with pytest.raises(KeyFileError, match="none was given"):
        Keystore.open(file)


def development(folder: Path, **changes: Any) -> Path:
    secret = generate_secret()
    record = {
        "version": 3,
        "account": 3,
        "owner": OWNER.hex(),
        "public_key": public_bytes(secret).hex(),
        "secret_key": secret.to_bytes().hex(),
        "viewing_key": bytes(range(32)).hex(),
        **changes,
    }
    path = folder / "account-3.json"
    path.write_text(json.dumps(record))
    return path


def test_a_development_key_is_read_and_called_insecure(tmp_path: Path) -> None:
    path = development(tmp_path)
    made, opened = describe(path), Keystore.open(path)
    assert made.insecure and opened.insecure and opened.viewing_key is not None
    assert viewing_key_to_bytes(opened.viewing_key) == bytes(range(32))
    assert made.viewing == viewing_commitment(opened.viewing_key, compress_many)


def test_no_two_files_have_one_viewing_key(tmp_path: Path) -> None:
    made = [create(tmp_path / f"{n}.json", OWNER, PASSWORD, WORK_LEAST).viewing for n in range(3)]
    assert len(set(made)) == 3 and None not in made


def without_viewing_key(file: Path) -> Path:
    """A file of version 2, as an older client made it."""
    record = json.loads(file.read_bytes())
    del record["viewing"], record["viewing_keystore"]
    file.write_text(json.dumps({**record, "version": 2}))
    return file


def test_a_file_without_a_viewing_key_opens_and_keeps_its_trading_key(file: Path) -> None:
    before = Keystore.open(file, PASSWORD).secret
    opened = Keystore.open(without_viewing_key(file), PASSWORD)
    assert opened.secret.to_bytes() == before.to_bytes() and opened.account == 7
    assert opened.viewing_key is opened.trading_key.viewing_key is describe(file).viewing is None


@pytest.mark.parametrize(
    "changes",
    [
        {"secret_key": "00" * 28},
        {"secret_key": "ff" * 28},
        {"secret_key": "00"},
        {"secret_key": 5},
        {"secret_key": SecretKey(5).to_bytes().hex()},
        {"viewing_key": "00" * 31},
        {"viewing_key": P.to_bytes(4, "little").hex() * 8},
        {"viewing_key": None},
        {"version": 1},
        {"version": 2},
        {"version": 4},
        {"version": True},
        {"account": -1},
        {"account": 2**30},
        {"account": None},
        {"owner": "0x"},
        {"more": 1},
    ],
    ids=str,
)
def test_a_development_key_file_that_is_changed_is_refused(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    with pytest.raises(KeyFileError, match=r"account-3\.json"):
        Keystore.open(development(tmp_path, **changes))


Change = Callable[[dict[str, Any]], object]
CHANGES: dict[str, Change] = {
    "another account's key": lambda r: r.update(public_key="00" * 56),
    "no work": lambda r: r["keystore"]["crypto"]["kdfparams"].update(n=2),
    "work without end": lambda r: r["keystore"]["crypto"]["kdfparams"].update(n=2**30),
    "memory without end": lambda r: r["keystore"]["crypto"]["kdfparams"].update(r=2**20),
    "another derivation": lambda r: r["keystore"]["crypto"].update(kdf="pbkdf2"),
    "another cipher": lambda r: r["keystore"]["crypto"].update(cipher="none"),
    "a changed key": lambda r: r["keystore"]["crypto"].update(ciphertext="00" * 32),
    "no check": lambda r: r["keystore"]["crypto"].update(mac=""),
    "another version": lambda r: r["keystore"].update(version=4),
    "no keystore": lambda r: r.update(keystore=None),
    "an address": lambda r: r["keystore"].update(address="00" * 20),
    "another viewing key": lambda r: r.update(viewing="00" * 32),
    "no field elements": lambda r: r.update(viewing="ff" * 32),
    "a changed viewing key": lambda r: r["viewing_keystore"]["crypto"].update(ciphertext="00" * 32),
    "a viewing key that takes work": lambda r: r["viewing_keystore"]["crypto"]["kdfparams"].update(
        n=WORK_LEAST
    ),
    "the trading key twice": lambda r: r.update(viewing_keystore=r["keystore"]),
    "no viewing key": lambda r: r.pop("viewing_keystore"),
    "an older version": lambda r: r.update(version=2),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_keystore_that_is_changed_is_refused(file: Path, change: Change) -> None:
    record = json.loads(file.read_bytes())
    change(record)
    file.write_text(json.dumps(record))
    with pytest.raises(KeyFileError):
        Keystore.open(file, PASSWORD)


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"[" * 10_000, b"\xff", b"5"])
def test_what_is_no_key_file_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(data)
    with pytest.raises(KeyFileError):
        Keystore.open(path, PASSWORD)


def test_a_file_is_not_overwritten_and_a_short_password_is_none(file: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="already"):
        create(file, OWNER, PASSWORD, WORK_LEAST)
    with pytest.raises(PasswordTooShort, match="8 characters"):
        create(tmp_path / "b.json", OWNER, "short", WORK_LEAST)
    assert not (tmp_path / "b.json").exists()


def test_the_library_does_not_lift_the_recursion_limit_of_this_process(file: Path) -> None:
    before = sys.getrecursionlimit()
    Keystore.open(file, PASSWORD)
    assert sys.getrecursionlimit() == before
