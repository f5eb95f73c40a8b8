"""Accounts of a devnet: a key is on disk before L1 hears of it, and none is lost or made twice."""

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rollup.codec.strict import CodecError
from rollup.hash.many import compress_many
from rollup.l1.development import LocalL1, ManualClock
from rollup.protocol.availability import viewing_commitment
from rollup.protocol.genesis import BACKSTOP_ACCOUNT
from sequencer.client.keystore import Keystore
from sequencer.demo.market.keys import KeySource
from sequencer.running import accounts
from sequencer.running.accounts import funded, read_key_file
from tests.helpers import venue as small
from tests.helpers.l1 import OPERATOR, StubVerifier, deployment
from tests.helpers.receipts import chain, sign

LEAST = 5


@pytest.fixture
def l1() -> LocalL1:
    clock = ManualClock(lambda: small.START)
    return LocalL1(deployment(), [StubVerifier()], clock, small.toy_compress_many)


def fund(l1: Any, folder: Path, count: int, kind: str = "account") -> list[accounts.KeyFile]:
    return funded(l1, KeySource(), kind, count, LEAST, folder)


def test_accounts_are_funded_once_and_read_back(l1: LocalL1, tmp_path: Path) -> None:
    first = fund(l1, tmp_path, 2)
    more = fund(l1, tmp_path, 3)
    assert [each.account for each in more] == [1, 2, 3] and len(l1.queue) == 3
    assert [each.secret.to_bytes() for each in more[:2]] == [e.secret.to_bytes() for e in first]
    assert [entry.owner for entry in l1.queue] == [each.owner for each in more]
    assert all(entry.amount == 10**12 for entry in l1.queue)
    crowd = fund(l1, tmp_path, 1, "crowd")
    assert crowd[0].account == 4 and crowd[0].path.name == "crowd-00.json"
    for each in (*more, *crowd):
        assert stat.S_IMODE(each.path.stat().st_mode) == 0o600


def test_who_dares_has_little_and_the_backstop_much_once(l1: LocalL1, tmp_path: Path) -> None:
    (daring,) = funded(l1, KeySource(), "daring", 1, LEAST, tmp_path, accounts.DARING_DOLLARS)
    for _ in range(2):
        accounts.fund_backstop(l1, KeySource(), BACKSTOP_ACCOUNT, tmp_path)  # type: ignore[arg-type]
    registered, deposited = l1.queue
    assert registered.account == daring.account and registered.amount == 2_000 * 10**6
    assert deposited.account == BACKSTOP_ACCOUNT and deposited.amount == 20_000_000 * 10**6
    assert stat.S_IMODE((tmp_path / "backstop.json").stat().st_mode) == 0o600


def test_a_bond_is_posted_once_and_not_for_a_venue_that_ended(l1: LocalL1) -> None:
    least = l1.deployment.bond_least
    for _ in range(2):
        accounts.bonded(l1, OPERATOR)  # type: ignore[arg-type]
    assert (l1.bond.stands, l1.wallets[OPERATOR], l1.funds) == (least, 0, 0)
    l1.challenge_pair(OPERATOR, sign(chain("a")[0]), sign(chain("b")[0]))
    l1.withdraw_bond(OPERATOR)
    accounts.bonded(l1, OPERATOR)  # type: ignore[arg-type]
    assert l1.bond.held == 0


class Cut(Exception):
    """The process is gone."""


@pytest.mark.parametrize("at", ["mint", "register", "second write", "remove"])
def test_whatever_cuts_a_registration_off_no_money_is_without_its_key(
    l1: LocalL1, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    def cut(*_: object) -> None:
        raise Cut

    writes: list[Path] = []
    real: Callable[..., None] = accounts.write_whole

    def write(path: Path, *parts: Any) -> None:
        writes.append(path)
        if at == "second write" and len(writes) == 2:
            raise Cut
        real(path, *parts)

    with monkeypatch.context() as patch:
        patch.setattr(accounts, "write_whole", write)
        if at in ("mint", "register"):
            patch.setattr(l1, at, cut)
        if at == "remove":
            patch.setattr(accounts, "remove", cut)
        with pytest.raises(Cut):
            fund(l1, tmp_path, 1)
    (found,) = fund(l1, tmp_path, 1)
    (entry,) = l1.queue
    assert entry.owner == found.owner and entry.account == found.account
    assert entry.key_words == (*found.secret.public.x, *found.secret.public.y)
    assert entry.viewing_words == viewing_commitment(found.viewing_key, compress_many)
    opened = Keystore.open(found.path)
    assert opened.insecure and opened.viewing_key == found.viewing_key
    assert opened.secret.to_bytes() == found.secret.to_bytes(), "a client reads the same file"


def test_a_file_that_is_no_key_is_named_and_shows_nothing(tmp_path: Path) -> None:
    path = tmp_path / "account-00.json"
    path.write_bytes(b'{"version":3,"secret_key":"5ec4e7"}')
    with pytest.raises(CodecError, match="account-00") as caught:
        read_key_file(path)
    assert "5ec4e7" not in str(caught.value)
