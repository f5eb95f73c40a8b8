"""The loop: Hypothesis draws edits of known inputs, and inputs with new outcomes are kept.

    FUZZ_SECONDS=7200 python -m tests.fuzz.engine [TARGET ...]

Inputs are kept in tests/corpus/<target>, few and small, with the outcome in their name; an input
that breaks a property is kept as `crash-...` and the run fails. Without FUZZ_SECONDS: one hour.
All draws follow from one seed, which is said first: fresh, or SEED to draw the same edits of the
same corpus again.
"""

import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, Target, digest
from tests.helpers.seed import announced_seed

CORPUS = Path(__file__).resolve().parents[1] / "corpus"
KEPT_MAX = 16
"""Inputs kept of one target."""
KEPT_BYTES_MAX = 4096
SPECIAL = (b"\x00", b"\xff", b"\x7f\xff\xff\xff", b"\x01\x00\x00\x7f", b"\x80" * 8, b"-1", b"1e9")
HOUR = 3600.0

Edit = tuple[str, int, bytes, int]


@dataclass
class Account:
    """What fuzzing one target came to."""

    target: Target
    tried: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)

    def run(self, data: bytes, keep: bool) -> None:
        """One input; kept if its outcome is new, or if it should never have come to this."""
        self.tried += 1
        try:
            outcome = self.target.run(data)
        except Exception:
            save(self.target, data, "crash")
            raise
        self.outcomes[outcome] += 1
        if keep and self.outcomes[outcome] == 1:
            save(self.target, data, "kept")


def save(target: Target, data: bytes, kind: str) -> None:
    """Keep an input, unless there are enough or it is too long."""
    folder = CORPUS / target.name
    folder.mkdir(parents=True, exist_ok=True)
    full = len(list(folder.iterdir())) >= KEPT_MAX or len(data) > KEPT_BYTES_MAX
    if kind == "crash" or not full:
        (folder / f"{kind}-{digest(data)}").write_bytes(data)


def corpus(target: Target) -> list[bytes]:
    """The inputs kept of a target."""
    folder = CORPUS / target.name
    return [path.read_bytes() for path in sorted(folder.glob("*-*"))] if folder.exists() else []


def edited(data: bytes, edits: list[Edit]) -> bytes:
    """Bytes after some edits."""
    for kind, place, piece, length in edits:
        at = place % (len(data) + 1)
        if kind == "write":
            data = data[:at] + piece + data[at + len(piece) :]
        elif kind == "insert":
            data = data[:at] + piece + data[at:]
        elif kind == "delete":
            data = data[:at] + data[at + length :]
        elif kind == "flip" and at < len(data):
            data = data[:at] + bytes([data[at] ^ (1 << length % 8)]) + data[at + 1 :]
        elif kind == "copy":
            again = data[at : at + length]
            to = (place // (len(data) + 1)) % (len(data) + 1)
            data = data[:to] + again + data[to + len(again) :]
    return data


def inputs(target: Target) -> st.SearchStrategy[bytes]:
    """Edited seeds and corpus, and bytes out of nowhere."""
    known = [*target.seeds(), *corpus(target)]
    pieces = st.one_of(st.binary(max_size=12), st.sampled_from(SPECIAL))
    if target.is_text:
        pieces = st.one_of(pieces, st.text('{}[]",:0123456789abcdef-.', max_size=8).map(str.encode))
    kinds = st.sampled_from(["write", "insert", "delete", "flip", "flip", "copy"])
    edits = st.tuples(kinds, st.integers(0, 2**32), pieces, st.integers(0, 40))
    changed = st.builds(edited, st.sampled_from(known), st.lists(edits, max_size=6))
    return st.one_of(changed, changed, changed, st.binary(max_size=200))


def fuzz(target: Target, seconds: float, seed: int, keep: bool) -> Account:
    """Fuzz one target for a while. Raises what a broken property raises."""
    account = Account(target)
    for data in (*target.seeds(), *corpus(target)):
        account.run(data, keep=False)
    deadline = time.monotonic() + seconds
    drawer = random.Random(f"{seed}: {target.name}")
    while time.monotonic() < deadline:
        _round(account, drawer.randrange(2**32), deadline, keep)
    return account


def _round(account: Account, seed: int, deadline: float, keep: bool) -> None:
    quiet = list(HealthCheck)
    options = settings(
        max_examples=150,
        deadline=None,
        database=None,
        derandomize=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=quiet,
    )

    def one(data: bytes) -> None:
        if time.monotonic() < deadline:
            account.run(data, keep)

    check: Callable[[], None] = seeded(seed)(options(given(inputs(account.target))(one)))
    check()


def main(names: list[str]) -> int:
    """All targets, or those named, each for its share of the time."""
    seconds = float(os.environ.get("FUZZ_SECONDS", HOUR))
    chosen = [target for target in TARGETS if not names or target.name in names]
    seed = announced_seed("fuzz")
    for target in chosen:
        account = fuzz(target, seconds / len(chosen), seed, keep=True)
        print(
            f"{target.name}: {account.tried} inputs, {len(account.outcomes)} outcomes", flush=True
        )
        for outcome, count in account.outcomes.most_common(5):
            print(f"  {count:8}  {outcome}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
