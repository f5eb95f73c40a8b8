"""`crypsis da`: a mirror that is checked as it grows, and an account out of it and a key alone."""

import json
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from rollup.files import write_whole
from rollup.l1.exit_file import exit_from_bytes
from rollup.l1.leaf_of import leaf_of
from rollup.protocol.encoding import digest_bytes, hex_digest
from rollup.protocol.genesis import genesis_to_json
from rollup.protocol.public_json import public_to_json
from sequencer.mirror import cli, fetching
from tests.helpers import venue as small
from tests.helpers.blocked import BASE, BLOCKED, OWN, ROOT
from tests.helpers.published import (
    MAKER,
    RESTING,
    SILENT,
    TRADER,
    PublishedVenue,
    traded,
    viewing_key,
)

URL = "http://venue.test"


@pytest.fixture(scope="module")
def place() -> PublishedVenue:
    """With the hash of production, as the command has it."""
    return traded(small.real())


@pytest.fixture(scope="module")
def kept(place: PublishedVenue, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that the venue published."""
    root = tmp_path_factory.mktemp("published")
    (root / "genesis.json").write_text(genesis_to_json(place.venue.genesis))
    for public, data in place.batches:
        folder = root / "batches" / f"{public.number:06d}" / "public"
        folder.mkdir(parents=True)
        (folder / "public.json").write_bytes(public_to_json(public))
        (folder / "data.bin").write_bytes(data.encode())
    return root


@pytest.fixture
def mirror(kept: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    return Path(shutil.copytree(kept, tmp_path / "mirror"))


def call(*arguments: object) -> Result:
    return CliRunner().invoke(cli.da, [str(each) for each in arguments])


def record(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def data_file(root: Path, number: int) -> Path:
    return root / "batches" / f"{number:06d}" / "public" / "data.bin"


def key_file(folder: Path, account: int, *, views: bool = True) -> Path:
    """The development key file of a test account."""
    secret, number = small.trader_key(account), account
    public = digest_bytes((*secret.public.x, *secret.public.y)).hex()
    value = {
        "version": 3,
        "account": number,
        "owner": small.owner(account).hex(),
        "public_key": public,
        "secret_key": secret.to_bytes().hex(),
        "viewing_key": digest_bytes(viewing_key(account) if views else (1,) * 8).hex(),
    }
    path = folder / f"key-{account}.json"
    path.write_text(json.dumps(value))
    return path


def test_all_is_checked_from_genesis_on(kept: Path, place: PublishedVenue) -> None:
    result = call("check", kept)
    assert result.exit_code == 0, result.output
    sizes = [len(data.encode()) for _, data in place.batches]
    assert result.stdout == (
        f"{kept}: 5 batches with 14 leaves in {sum(sizes):,} bytes; 5 accounts after batch 5\n"
    )
    found = record(call("check", kept, "--json"))
    root = hex_digest(place.venue.state.root)
    assert found == {
        "batch": 5,
        "root": root,
        "batches": 5,
        "leaves": 14,
        "bytes": sum(sizes),
    }


def _flip(data: bytes) -> bytes:
    return data[:-2] + bytes((data[-2] ^ 1,)) + data[-1:]


@pytest.mark.parametrize(
    ("damage", "code", "said"),
    [
        (_flip, 1, "batch 2 does not commit to this data"),
        (lambda data: data[:-1], 3, "data: wanted"),
        (lambda _: b"", 3, "bytes of the tag at 0, got 0"),
    ],
)
def test_wrong_data_is_named(
    mirror: Path, damage: Callable[[bytes], bytes], code: int, said: str
) -> None:
    file = data_file(mirror, 2)
    file.write_bytes(damage(file.read_bytes()))
    result = call("check", mirror)
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr and "000002" in result.stderr


def test_data_of_another_batch_a_missing_file_and_a_gap_are_named(mirror: Path) -> None:
    file = data_file(mirror, 3)
    file.write_bytes(data_file(mirror, 4).read_bytes())
    result = call("check", mirror, "--json")
    assert (result.exit_code, record(result)["reason"]) == (1, "number")
    file.unlink()
    assert call("check", mirror).exit_code == 3
    shutil.rmtree(file.parent)
    result = call("check", mirror)
    assert result.exit_code == 1 and "batch 3 with its data is next" in result.stderr


def test_another_genesis_is_refused(mirror: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    genesis = json.loads((mirror / "genesis.json").read_text())
    other.write_text(json.dumps({**genesis, "time": genesis["time"] + 1}))
    assert call("check", mirror, "--genesis", other).exit_code == 7
    (mirror / "genesis.json").unlink()
    result = call("check", mirror)
    assert result.exit_code == 3 and "genesis.json" in result.stderr


def rebuilt(mirror: Path, output: Path, *arguments: object) -> Result:
    return call("rebuild", mirror, *arguments, "-o", output)


@pytest.mark.parametrize("account", [MAKER, RESTING])
def test_an_account_is_rebuilt_from_files_and_its_key(
    kept: Path, tmp_path: Path, place: PublishedVenue, account: int
) -> None:
    output, keys = tmp_path / "exit.json", key_file(tmp_path, account)
    result = rebuilt(kept, output, "--keys", keys)
    assert result.exit_code == 0, result.output
    number = {MAKER: 4, RESTING: 1}[account]
    assert result.stdout == (
        f"{output}: account {account}, as batch {number} published it, "
        "good for the root after batch 5\n"
    )
    state = place.venue.state
    assert exit_from_bytes(output.read_bytes()) == (leaf_of(state, account), state.book)
    assert stat.S_IMODE(output.stat().st_mode) == 0o600


def test_a_viewing_key_in_hex_does_too_and_who_told_none_needs_none(
    kept: Path, tmp_path: Path, place: PublishedVenue
) -> None:
    key = tmp_path / "viewing.hex"
    key.write_text(digest_bytes(viewing_key(small.OTHER_KEY + TRADER)).hex() + "\n")
    state = place.venue.state
    for account, more in ((TRADER, ("--viewing-key-file", key)), (SILENT, ())):
        output = tmp_path / f"{account}.json"
        result = rebuilt(kept, output, "--account", account, *more)
        assert result.exit_code == 0, result.output
        assert exit_from_bytes(output.read_bytes()) == (leaf_of(state, account), state.book)


def test_what_reads_nothing_writes_nothing(kept: Path, tmp_path: Path) -> None:
    output, maker = tmp_path / "exit.json", key_file(tmp_path, MAKER)
    wrong, short = tmp_path / "wrong.hex", tmp_path / "short.hex"
    wrong.write_text(digest_bytes(viewing_key(MAKER)).hex())
    short.write_text("00" * 31)
    for arguments, code, said in (
        (("--account", RESTING, "--viewing-key-file", wrong), 1, "viewing-key: account 4"),
        (("--account", RESTING), 1, "by its viewing key only"),
        (("--account", 9), 1, "account: no batch up to 5"),
        (("--keys", key_file(tmp_path, RESTING, views=False)), 1, "another viewing key"),
        (("--account", RESTING, "--viewing-key-file", short), 3, "32 bytes"),
        (("--account", RESTING, "--viewing-key-file", maker), 3, "32 bytes in hex"),
        ((), 2, "--account is wanted"),
        (("--account", RESTING, "--keys", maker), 2, "is of account 2, not of 4"),
        (("--keys", maker, "--viewing-key-file", wrong), 2, "not both"),
    ):
        result = rebuilt(kept, output, *arguments)
        assert (result.exit_code, result.stdout) == (code, ""), result.output
        assert said in result.stderr
        assert wrong.read_text() not in result.stderr
        assert not output.exists()


def test_an_owner_needs_no_more_than_a_verifier(
    kept: Path, tmp_path: Path, place: PublishedVenue
) -> None:
    """No extra is installed here, and no kernel."""
    key, output = tmp_path / "viewing.hex", tmp_path / "exit.json"
    key.write_text(digest_bytes(viewing_key(MAKER)).hex())
    arguments = ["rebuild", kept, "--account", MAKER, "--viewing-key-file", key, "-o", output]
    code = BLOCKED.format(allowed=BASE | OWN, arguments=[str(each) for each in arguments])
    code = code.replace("rollup.program.cli import main", "sequencer.mirror.cli import da as main")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    state = place.venue.state
    assert exit_from_bytes(output.read_bytes()) == (leaf_of(state, MAKER), state.book)


def test_l1_says_how_far_and_which_root(
    kept: Path, tmp_path: Path, place: PublishedVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    output, keys = tmp_path / "exit.json", key_file(tmp_path, MAKER)
    root_after = {public.number: public.new_root for public, _ in place.batches}

    def with_l1(number: int, root: small.Digest) -> Result:
        monkeypatch.setattr(cli, "_proved", lambda _: (number, root))
        return rebuilt(kept, output, "--keys", keys, "--l1", "http://l1.test", "--json")

    found = record(with_l1(3, root_after[3]))
    assert (found["batch"], found["root"]) == (3, hex_digest(root_after[3]))
    assert (found["account"], found["published"]) == (MAKER, 2)
    leaf, _ = exit_from_bytes(output.read_bytes())
    assert leaf.root(place.suite.compress_many) == root_after[3]
    assert with_l1(5, root_after[4]).exit_code == 7
    further = with_l1(6, root_after[5])
    assert further.exit_code == 3
    assert record(further)["error"] == "L1 has proved batch 6, and the folder ends at batch 5"


class Answering:
    """A venue that answers with the files of a folder; `lies` are by path."""

    def __init__(self, root: Path, proved: int) -> None:
        self.root, self.proved = root, proved
        self.asked: list[str] = []
        self.lies: dict[str, bytes] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked.append(path)
        if path == "/v1/status":
            return httpx.Response(200, json=self._status())
        _, _, _, number, name = path.split("/")
        kept = self.root / "batches" / f"{int(number):06d}" / "public" / name
        return httpx.Response(200, content=self.lies.get(path) or kept.read_bytes())

    def _status(self) -> dict[str, object]:
        numbers = {name: self.proved for name in ("opened", "closed", "held", "proved")}
        ids = {"chain": small.CHAIN, "venue": small.VENUE}
        times = {"now": 1, "interval_ms": 1000, "closes_at": None}
        return {"mode": "running", **numbers, **ids, **times, "warnings": []}


@pytest.fixture
def venue(kept: Path, monkeypatch: pytest.MonkeyPatch) -> Answering:
    answering = Answering(kept, 3)
    real = fetching.Source

    def source(url: str) -> fetching.Source:
        return real(url, httpx.MockTransport(answering))

    monkeypatch.setattr(fetching, "Source", source)
    return answering


def test_a_mirror_grows_with_the_venue_and_asks_for_nothing_twice(
    venue: Answering, kept: Path, tmp_path: Path
) -> None:
    mirror = tmp_path / "deep" / "mirror"
    first = call("fetch", URL, "-o", mirror, "--genesis", kept / "genesis.json", "--json")
    assert first.exit_code == 0, first.output
    found = record(first)
    assert (found["batch"], found["batches"], found["kept"]) == (3, 3, 0)
    venue.proved, venue.asked = 5, []
    found = record(call("fetch", URL, "-o", mirror, "--json"))
    assert (found["batch"], found["batches"], found["kept"]) == (5, 2, 3)
    assert venue.asked == [
        "/v1/status",
        "/v1/batches/4/public.json",
        "/v1/batches/4/data.bin",
        "/v1/batches/5/public.json",
        "/v1/batches/5/data.bin",
    ]
    files = {path.relative_to(mirror) for path in mirror.rglob("*") if path.is_file()}
    assert files == {path.relative_to(kept) for path in kept.rglob("*") if path.is_file()}
    assert all((mirror / each).read_bytes() == (kept / each).read_bytes() for each in files)
    assert call("check", mirror).exit_code == 0


def test_a_wrong_file_is_not_written_and_a_right_one_is_taken_after_it(
    venue: Answering, kept: Path, tmp_path: Path
) -> None:
    mirror, path = tmp_path / "mirror", "/v1/batches/2/data.bin"
    right = data_file(kept, 2).read_bytes()
    for lie, code in ((_flip(right), 1), (right[:-1], 5), (data_file(kept, 1).read_bytes(), 1)):
        venue.lies[path] = lie
        result = call("fetch", URL, "-o", mirror, "--genesis", kept / "genesis.json")
        assert (result.exit_code, result.stdout) == (code, ""), result.output
        assert [each.name for each in (mirror / "batches").iterdir()] == ["000001"]
    venue.lies.clear()
    assert record(call("fetch", URL, "-o", mirror, "--json"))["batch"] == 3


def test_a_mirror_that_was_damaged_is_not_built_on(
    venue: Answering, mirror: Path, kept: Path
) -> None:
    write_whole(data_file(mirror, 1), _flip(data_file(kept, 1).read_bytes()))
    result = call("fetch", URL, "-o", mirror)
    assert result.exit_code == 1 and venue.asked == []
