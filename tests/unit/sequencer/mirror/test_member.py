"""A member of a committee: it signs what it has on disk, and nothing else, and keeps it all."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from rollup.availability.fault import DataRefused, Fault
from rollup.availability.holder import Holder
from rollup.codec.strict import CodecError
from rollup.crypto.bls import BlsSecret, is_possessed, is_signed_by_all
from rollup.files import WriteError
from rollup.l1.connection import Unreachable
from rollup.l1.remote import RemoteL1
from rollup.l1.words import signed_from_json
from rollup.protocol.committee import availability_message
from rollup.protocol.header import header_of
from rollup.protocol.public import PublicInput
from rollup.protocol.public_json import public_to_json
from sequencer.mirror import cli
from sequencer.mirror.attesting import (
    ATTESTATIONS_PATH,
    candidate_from_bytes,
    candidate_to_bytes,
    wanted_from_json,
)
from sequencer.mirror.between import Between
from sequencer.mirror.fetching import Source, fetch
from sequencer.mirror.folder import Mirror, MirrorError
from sequencer.mirror.following import follow
from sequencer.mirror.member import Member, NotCalled, NotNext
from sequencer.mirror.member_app import make_member_app
from tests.helpers import venue as small
from tests.helpers.published import Published, PublishedVenue, traded

HEAD = b"\5" * 32
SECRET = BlsSecret.from_number(77)
OCTETS = {"content-type": "application/octet-stream"}


class Held:
    """L1 as a member asks it: headers of these batches, whatever their queue."""

    def __init__(self, batches: list[Published]) -> None:
        self.digests = {public.number: digest(public) for public, _ in batches}
        self.proved_number = 0
        self.is_away = False

    def header_digest(self, number: int) -> bytes | None:
        if self.is_away:
            raise Unreachable("nobody")
        return self.digests.get(number)

    def queue_head(self, count: int) -> bytes | None:
        return HEAD


def digest(public: PublicInput) -> bytes:
    return header_of(public, HEAD).digest()


@pytest.fixture(scope="module")
def place() -> PublishedVenue:
    return traded(small.real())


@pytest.fixture(scope="module")
def other() -> PublishedVenue:
    """The same first batch, and then another second one."""
    found = PublishedVenue(small.real())
    place = traded(small.real())
    amounts = enumerate((5_000, 70_000, 9_000, 300))
    registered = [small.register(n, n + 1, amount * small.DOLLARS) for n, amount in amounts]
    found.batch(registered)
    assert found.batches[0] == place.batches[0]
    found.batch()
    found.batch()
    return found


@pytest.fixture
def l1(place: PublishedVenue) -> Held:
    return Held(place.batches)


def opened(root: Path, place: PublishedVenue, l1: Held) -> Member:
    return Member(Mirror(root), place.venue.genesis, SECRET, l1)


def sent(batch: Published) -> tuple[bytes, bytes]:
    public, data = batch
    return public_to_json(public), data.encode()


def signed(batch: Published, signature: bytes) -> bool:
    message = availability_message(batch[0].digest())
    return is_signed_by_all([SECRET.key], message, signature)


def files(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_what_is_signed_is_on_disk_and_served_from_there(
    place: PublishedVenue, l1: Held, tmp_path: Path
) -> None:
    member = opened(tmp_path, place, l1)
    for batch in place.batches[:3]:
        assert signed(batch, member.attest(*sent(batch)))
        read = Mirror(tmp_path)
        assert (read.public(batch[0].number), read.data(batch[0].number)) == batch
    again = opened(tmp_path, place, l1)
    assert again.number == 3 and signed(place.batches[1], again.attest(*sent(place.batches[1])))
    assert again.number == 3
    assert signed(place.batches[3], again.attest(*sent(place.batches[3])))


def test_nothing_is_signed_that_does_not_follow(
    place: PublishedVenue, l1: Held, tmp_path: Path
) -> None:
    member = opened(tmp_path, place, l1)
    first, second = map(sent, place.batches[:2])
    before = files(tmp_path)
    with pytest.raises(DataRefused) as refused:
        member.attest(first[0], second[1])
    assert refused.value.fault is Fault.NUMBER
    with pytest.raises(NotNext) as lacking:
        member.attest(*second)
    assert lacking.value.wanted == 1
    for wrong in ((first[0], first[1][:-1]), (first[0], b""), (b"{}", first[1])):
        with pytest.raises(CodecError):
            member.attest(*wrong)
    assert member.number == 0 and files(tmp_path) == before


def test_nothing_is_signed_whose_header_is_not_at_l1(
    place: PublishedVenue, other: PublishedVenue, l1: Held, tmp_path: Path
) -> None:
    member = opened(tmp_path, place, l1)
    member.attest(*sent(place.batches[0]))
    before = files(tmp_path)
    for batch in other.batches[1:2]:
        with pytest.raises(NotCalled):
            member.attest(*sent(batch))
    l1.digests.pop(2)
    with pytest.raises(NotCalled):
        member.attest(*sent(place.batches[1]))
    l1.is_away = True
    with pytest.raises(NotCalled):
        member.attest(*sent(place.batches[1]))
    assert files(tmp_path) == before and member.number == 1


def test_a_member_goes_back_with_l1_and_keeps_what_it_signed(
    place: PublishedVenue, other: PublishedVenue, l1: Held, tmp_path: Path
) -> None:
    member = opened(tmp_path, place, l1)
    for batch in place.batches[:3]:
        member.attest(*sent(batch))
    ours = {number: sent(place.batches[number - 1]) for number in (2, 3)}
    l1.digests.update(Held(other.batches).digests)
    assert signed(other.batches[1], member.attest(*sent(other.batches[1])))
    assert (member.number, Mirror(tmp_path).numbers()) == (2, [1, 2])
    for number, (public, data) in ours.items():
        name = f"{number:06d}-{place.batches[number - 1][0].digest().hex()}"
        kept = tmp_path / "aside" / name / "public"
        assert (kept / "public.json").read_bytes() == public
        assert (kept / "data.bin").read_bytes() == data
    assert signed(other.batches[2], member.attest(*sent(other.batches[2])))
    l1.digests.update(Held(place.batches).digests)
    for batch in place.batches[1:]:
        assert signed(batch, member.attest(*sent(batch)))
    assert member.number == 5 and opened(tmp_path, place, l1).number == 5


def test_nothing_is_signed_that_cannot_be_written(
    place: PublishedVenue, l1: Held, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = opened(tmp_path, place, l1)
    member.attest(*sent(place.batches[0]))

    def full(*_: object) -> None:
        raise WriteError(28, "no space", "data.bin")

    with monkeypatch.context() as patch:
        patch.setattr(Mirror, "keep", full)
        with pytest.raises(WriteError):
            member.attest(*sent(place.batches[1]))
    assert member.number == 1
    assert signed(place.batches[1], member.attest(*sent(place.batches[1])))


def test_a_folder_that_was_damaged_is_not_gone_on_with(
    place: PublishedVenue, l1: Held, tmp_path: Path
) -> None:
    member = opened(tmp_path, place, l1)
    for batch in place.batches[:2]:
        member.attest(*sent(batch))
    file = Mirror(tmp_path).place(2) / "data.bin"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(MirrorError):
        opened(tmp_path, place, l1)


@pytest.fixture
def client(place: PublishedVenue, l1: Held, tmp_path: Path) -> Iterator[TestClient]:
    nowhere = Between(SECRET, place.venue.genesis, RemoteL1("http://127.0.0.1:1/"), [])
    app = make_member_app(opened(tmp_path / "m", place, l1), nowhere, lambda _: None)
    with TestClient(app) as found:
        yield found


def posted(client: TestClient, body: bytes) -> httpx.Response:
    return client.post(ATTESTATIONS_PATH, content=body, headers=OCTETS)


def test_a_venue_asks_by_post(client: TestClient, place: PublishedVenue, l1: Held) -> None:
    bodies = [candidate_to_bytes(*sent(batch)) for batch in place.batches]
    lacking = posted(client, bodies[1])
    assert lacking.status_code == 409 and wanted_from_json(lacking.content) == 1
    answer = posted(client, bodies[0])
    found = signed_from_json(answer.content)
    assert answer.status_code == 200 and found.key == SECRET.key
    assert signed(place.batches[0], found.signature)
    away = l1.digests.pop(2)
    early = posted(client, bodies[1])
    assert early.status_code == 409 and wanted_from_json(early.content) is None
    l1.digests[2] = away
    assert posted(client, bodies[1]).status_code == 200
    for wrong in (b"", b"\0" * 8, b"\xff" * 16, bodies[0][:-1]):
        assert posted(client, wrong).status_code == 400
    public, _ = candidate_from_bytes(bodies[2])
    assert posted(client, candidate_to_bytes(public, sent(place.batches[3])[1])).status_code == 422
    assert client.post(ATTESTATIONS_PATH, content=bodies[2]).status_code == 415
    assert client.get(ATTESTATIONS_PATH).status_code == 405


def test_a_trader_fetches_from_a_member(
    client: TestClient, place: PublishedVenue, l1: Held, tmp_path: Path
) -> None:
    for batch in place.batches:
        posted(client, candidate_to_bytes(*sent(batch)))
    l1.proved_number = 4

    def relayed(request: httpx.Request) -> httpx.Response:
        answer = client.get(request.url.path)
        kept = {"content-type": answer.headers["content-type"]}
        return httpx.Response(answer.status_code, content=answer.content, headers=kept)

    mirror = Mirror(tmp_path / "mirror")
    mirror.begin(place.venue.genesis)
    holder = Holder(place.venue.genesis, small.real().compress_many)
    with Source("http://member.test", httpx.MockTransport(relayed)) as source:
        assert [each.number for each in fetch(source, mirror, holder)] == [1, 2, 3, 4]
    checked = Holder(place.venue.genesis, small.real().compress_many)
    assert len(list(follow(mirror, checked))) == 4
    for path in ("9/data.bin", "x/data.bin", "-1/data.bin", "99999999999/public.json"):
        assert client.get(f"/v1/batches/{path}").status_code == 404


def test_a_key_is_drawn_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "member.key"
    call = ("key", "-o", str(path), "--json")
    done = CliRunner().invoke(cli.da, call)
    record = json.loads(done.stdout)
    secret = BlsSecret(path.read_bytes())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert record["key"] == secret.key.hex()
    assert is_possessed(secret.key, bytes.fromhex(record["possession"]))
    assert path.read_bytes().hex() not in done.output
    again = CliRunner().invoke(cli.da, call)
    assert again.exit_code == 3 and path.read_bytes() == secret.to_bytes()


@pytest.mark.parametrize("data", [b"", b"\1" * 31, b"\1" * 33, b"\xff" * 32, bytes(32)])
def test_what_is_no_key_is_not_shown(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "member.key"
    path.write_bytes(data)
    words = ("serve", str(tmp_path / "m"), "--key", str(path), "--l1", "http://127.0.0.1:9/")
    done = CliRunner().invoke(cli.da, words)
    assert done.exit_code == 3 and "32 bytes" in done.output
    assert data.hex() not in done.output or not data
