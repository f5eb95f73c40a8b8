"""A committee as its people run it: named on a living venue, by commands alone; members that serve,
fall silent, are killed and come back; and batches that wait for them."""

import re
import shlex
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil

from rollup.l1.committee_files import attestation_from_bytes
from rollup.l1.interface import BatchAccepted
from rollup.l1.remote import RemoteL1
from rollup.protocol.committee import attested, availability_message
from rollup.protocol.public_json import public_from_json
from tests.helpers.devnet import Devnet, devnet, program, sequencer
from tests.helpers.program import crypsis

INTERVAL_MS = 10_000
SECONDS = 240.0


def _wait(until: Callable[[], Any]) -> Any:
    end = time.monotonic() + SECONDS
    while not (found := until()):
        assert time.monotonic() < end
        time.sleep(0.2)
    return found


def _waits(venue: Devnet) -> str:
    """What a venue says of a batch that waits for its committee; nothing where none does."""
    said: list[str] = venue.json("/v1/status")["warnings"]
    return next((each for each in said if "to attest" in each), "")


def _until_nothing_waits(venue: Devnet) -> None:
    """A batch is proved a moment before its word is there, so one may wait whenever one looks."""
    _wait(lambda: not _waits(venue))


def _members(venue: Devnet) -> list[psutil.Process]:
    """The members of a devnet that run now."""
    family = psutil.Process(venue.process.pid).children()
    return [each for each in family if each.cmdline()[2:4] == ["da", "serve"]]


def test_batches_of_a_devnet_wait_for_its_committee_and_for_nobody_else(tmp_path: Path) -> None:
    """Of three members one is silent from the beginning, and batches reach L1. A second one is
    silent, and they wait. It is killed and started again, and they are posted."""
    options = ("--committee", 3, "--interval", INTERVAL_MS, "--accounts", 0)
    with (
        devnet(*options, "--state", tmp_path / "venue") as found,
        RemoteL1(found.banner["l1"]) as l1,
    ):
        assert len(l1.governance.committee.keys) == 3 and l1.governance.committee.threshold == 2
        _, second, third = _members(found)
        third.suspend()
        found.until(lambda status: status["proved"] >= 1)
        _until_nothing_waits(found)  # two of three are enough
        second.suspend()
        said = _wait(lambda: _waits(found))
        number = int(re.findall(r"batch (\d+) is proved", said)[0])
        assert "waits for 2 of 3 members to attest" in said
        found.until(lambda status: status["held"] > number)
        assert l1.proved_number == number - 1, "a header waits for nobody, a proof does"
        second.kill()
        found.until(lambda status: status["proved"] >= number)
        assert l1.proved_number >= number
        _until_nothing_waits(found)
        assert len(_members(found)) == 3 and not second.is_running(), "it was started again"
        found.kill()


def test_a_committee_is_named_on_a_living_venue_by_commands(tmp_path: Path) -> None:
    """Keys, their public files, an announcement, the delay; members who hold what was before them;
    an operator who asks them; and a word that is collected by hand."""
    file, state = tmp_path / "venue.toml", tmp_path / "venue"
    begun = _begun(file, state)
    keys = {name: _drawn(tmp_path, name) for name in ("ann", "ben", "cleo")}
    with ExitStack() as stack:
        l1 = stack.enter_context(program(*shlex.split(begun["l1_up"])[1:], "--port", "0"))["url"]
        run = ("--config", file, "--state", state, "--l1", l1)
        with sequencer(*run, "--no-proofs") as venue:
            venue.until(lambda status: status["held"] >= 1)
            assert venue.end()[0] == 0
        files = [word for name in keys for word in ("--possession", tmp_path / f"{name}.json")]
        by = ("--sender", begun["governor"], "--l1", l1, "--json")
        said = crypsis("l1", "announce", "--threshold", 2, *files, *by)
        assert said.code == 0, said.stdout + said.stderr
        assert said.json["members"] == sorted(keys.values())
        ann, ben = (_serving(stack, tmp_path, name, state, l1) for name in ("ann", "ben"))
        members = ("--member", ann["url"], "--member", ben["url"])
        with sequencer(*run, *members) as venue, RemoteL1(l1) as remote:
            first = int(said.json["number"])
            venue.until(lambda status: status["proved"] >= first and _under_committee(remote))
            _until_nothing_waits(venue)
            _require_word_by_hand(tmp_path, state, remote.proved_number, members)
            venue.kill()


def _begun(file: Path, state: Path) -> dict[str, Any]:
    """A venue without a committee, whose governor waits a moment only."""
    assert crypsis("sequencer", "init", "--config", file).code == 0
    text = file.read_text().replace("ahead_ms = 60000", "ahead_ms = 1000")
    text = text.replace("governance_delay_ms = 604800000", "governance_delay_ms = 1500")
    file.write_text(text)
    done = crypsis("sequencer", "init", "--config", file, "--state", state, "--json")
    assert done.code == 0, done.stderr
    return done.json


def _drawn(folder: Path, name: str) -> str:
    """A member's key, in files: its secret, and what others are told."""
    files = ("-o", folder / f"{name}.key", "--public", folder / f"{name}.json")
    done = crypsis("da", "key", *files, "--json")
    assert done.code == 0 and crypsis("da", "key", *files).code == 3, "it is not overwritten"
    return str(done.json["key"])


def _serving(stack: ExitStack, folder: Path, name: str, state: Path, l1: str) -> dict[str, Any]:
    """A member that runs until the stack ends; nothing but its key is its own here."""
    held = (folder / f"{name}-holds", "--key", folder / f"{name}.key", "--l1", l1)
    given = ("--genesis", state / "genesis.json", "--port", 0)
    return stack.enter_context(program("da", "serve", *held, *given))


def _under_committee(l1: RemoteL1) -> bool:
    """Whether L1 took a batch whose parameters have a committee."""
    last = l1.parameters[-1]
    times = {each.number: each.time for each in l1.events if isinstance(each, BatchAccepted)}
    assert last.governance.committee.threshold == 2
    return any(n >= last.number and time >= last.valid_from for n, time in times.items())


def _require_word_by_hand(
    folder: Path, state: Path, number: int, members: tuple[object, ...]
) -> None:
    """What `crypsis sequencer attest` writes holds for the batch; and who is away is named."""
    file = folder / "word.json"
    asked = ("sequencer", "attest", "--state", state, "--batch", number, "-o", file, "--json")
    done = crypsis(*asked, *members)
    assert done.code == 0 and len(done.json["signers"]) == 2, done.stdout + done.stderr
    bundle = state / "batches" / f"{number:06d}" / "public"
    public = public_from_json((bundle / "public.json").read_bytes())
    word = attestation_from_bytes(file.read_bytes())
    message = availability_message(public.digest())
    assert attested(public.governance.committee, message, word) is None
    nobody = ("--member", "http://127.0.0.1:1")
    lacking = crypsis(*asked, *members[:2], *nobody, "--within", 2)
    assert lacking.code == 6 and "2 of 3 members" in lacking.json["error"]
    assert "http://127.0.0.1:1 (it is not reached" in lacking.json["error"]
    alone = crypsis(*asked, *members[:2])
    assert alone.code == 2 and "1 are named" in alone.stderr, "a usage error"
