"""`make faults`: everything that can fail under a running venue, and a table of what held.

    SEED=7 python -m tests.faults.run [--lives 1000] [--kills 40] [LIFE ...]

Every life is drawn from the seed, which is said first: fresh, or SEED to run it again. A life that
breaks a promise is named with its number; given as an argument, it is lived again alone.
"""

import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import click

from tests.faults.clients import rudeness
from tests.faults.disk import Fault
from tests.faults.kills import killer
from tests.faults.life import Life
from tests.helpers.seed import announced_seed

POINTS = 150
"""About as many as a life has; where it has fewer it is lived again, with an earlier one."""

PROMISES = (
    "no receipted order lost or doubled, no sequence signed twice, no batch posted twice, "
    "every stream tells what lives, roots equal replay"
)


def one_life(seed: int, number: int) -> Life:
    """The life of a number, with its fault at a point that it comes to."""
    drawn = Random(f"{seed}/{number}")
    fault, at, life_seed = drawn.choice(list(Fault)), drawn.randint(1, POINTS), drawn.random()
    while True:
        with tempfile.TemporaryDirectory(prefix="crypsis-faults-") as folder:
            life = Life(Path(folder), Random(life_seed), fault, at)
            life.live()
        if life.disk.has_struck:
            return life
        at = 1 + at % life.disk.points


def lives(seed: int, numbers: "range | tuple[int, ...]") -> Iterator[tuple[Counter[str], bool]]:
    """What each life counts, by fault; whether it kept every promise."""
    for number in numbers:
        try:
            life = one_life(seed, number)
        except Exception:
            traceback.print_exc()
            print(f"life {number} of seed {seed} BROKE A PROMISE", flush=True)
            yield Counter(), False
            continue
        kind = life.disk.fault.value
        counts = {kind: 1, f"{kind}, torn": life.disk.was_torn, f"{kind}, starts": life.starts}
        others = {"L1 silent": life.silences, "prover died or tore": life.proof_failures}
        yield Counter(counts | others), True


def kills(seed: int, count: int) -> Counter[str]:
    """Real processes, really killed; in between, files that must not grow."""
    drawn = Random(f"{seed}/kills")
    folder = tempfile.TemporaryDirectory(prefix="crypsis-faults-")
    with folder as root, killer(Path(root) / "target", drawn) as found:
        for number in range(count):
            found.kill()
            if number % 4 == 3:
                found.fill(drawn.randrange(20_000))
            found.require_whole()
        return Counter({"killed": found.kills, "full": found.refused_writes})


def rude(seed: int, rounds: int) -> Counter[str]:
    """Rude clients around honest ones."""
    with tempfile.TemporaryDirectory(prefix="crypsis-faults-") as root:
        return Counter(rudeness(Path(root), Random(f"{seed}/rude"), rounds, 40))


def table(counted: Counter[str], real: Counter[str], clients: Counter[str]) -> str:
    """A line for each kind."""
    lines = [f"{'fault':26} {'times':>6} {'torn':>6} {'starts':>7}"]
    for kind in (fault.value for fault in Fault):
        torn, starts = counted[f"{kind}, torn"], counted[f"{kind}, starts"]
        lines.append(f"{kind:26} {counted[kind]:6} {torn:6} {starts:7}")
    for kind in ("L1 silent", "prover died or tore"):
        lines.append(f"{kind:26} {counted[kind]:6}")
    lines.append(f"{'kill -9 of a process':26} {real['killed']:6}")
    lines.append(f"{'a file at its limit':26} {real['full']:6}")
    lines += [f"{'client: ' + kind:26} {count:6}" for kind, count in sorted(clients.items())]
    return "\n".join(lines)


@click.command()
@click.option("--lives", "count", type=click.IntRange(0), default=1_000, show_default=True)
@click.option("--kills", "killed", type=click.IntRange(0), default=40, show_default=True)
@click.option("--rounds", type=click.IntRange(0), default=6, show_default=True)
@click.argument("numbers", type=int, nargs=-1)
def main(count: int, killed: int, rounds: int, numbers: tuple[int, ...]) -> None:
    """Live so many lives, kill so many processes; then a line for each kind of fault."""
    seed, begun = announced_seed("faults"), time.monotonic()
    counted: Counter[str] = Counter()
    broken = 0
    for found, held in lives(seed, numbers or range(count)):
        counted += found
        broken += not held
    real, clients = Counter[str](), Counter[str]()
    if not numbers:
        real, clients = kills(seed, killed), rude(seed, rounds)
    print(table(counted, real, clients))
    word = f"{broken} LIVES BROKE A PROMISE" if broken else "held"
    print(f"{PROMISES}: {word}  ({time.monotonic() - begun:.0f} s)")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
