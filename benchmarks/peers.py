"""`make bench-peers`: our Poseidon proofs beside those of Plonky3, alternately in one run.

Both prove the same number of rows at the setting `fast`, witness generation included; what differs
is listed in `benchmarks/plonky3/README.md`. Where cargo or the crates cannot be had, one line says
so and nothing is measured.
"""

import json
import os
import platform
import shutil
import statistics
import subprocess
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from types import TracebackType
from typing import Any, Self

import click
import numpy as np

from benchmarks.timing import calibration, processor_name
from circuits.commands.bench import NO_STATEMENT, circuit, instance
from circuits.stark.committed import generate_key
from circuits.stark.parameters import FAST
from circuits.stark.prover import Prover
from circuits.stark.verifier import verify
from circuits.tables.poseidon import trace as poseidon
from rollup.files import write_whole
from rollup.hash.constants import WIDTH
from rollup.native.jit import thread_count
from rollup.program.cli import Output, conventions

HARNESS = Path(__file__).parent / "plonky3"
PROGRAM = HARNESS / "target" / "release" / "poseidon-peer"
BUILD_TIMEOUT_S = 1800

DEFAULT_FILE = Path("target/bench-peers.json")
DEFAULT_LOG2_ROWS = (15, 17)

PEERS = (("hiding", 1), ("hiding", 8), ("plain", 1), ("plain", 8))
"""Which prover, and how many permutations share a row: 1 as in our table, 8 as the crates' own
examples choose, which is their fastest."""


class PeerMissingError(Exception):
    """The harness cannot be built here; the message is one line."""


@dataclass(frozen=True, slots=True)
class Run:
    """One proof: permutations proved, wall and CPU seconds (witness and proof), bytes."""

    permutations: int
    seconds: float
    cpu_s: float
    proof_bytes: int
    verify_s: float


@dataclass(slots=True)
class Contestant:
    """A prover at one size, and its runs so far."""

    name: str
    prove: Callable[[], Run]
    runs: list[Run] = field(default_factory=list)

    @property
    def best(self) -> Run:
        """The run with the least wall time."""
        return min(self.runs, key=lambda run: run.seconds)

    @property
    def rate(self) -> float:
        """Permutations a second, best run."""
        return self.best.permutations / self.best.seconds

    @property
    def rate_per_core(self) -> float:
        """Permutations a CPU-second: of the run that took the fewest."""
        least = min(self.runs, key=lambda run: run.cpu_s)
        return least.permutations / least.cpu_s

    def to_record(self, ours: "Contestant") -> dict[str, object]:
        """For JSON. `ratio` is our rate over this one's: above 1 we are faster."""
        return {
            "name": self.name,
            "permutations": self.best.permutations,
            "per_second": self.rate,
            "per_cpu_second": self.rate_per_core,
            "best_s": self.best.seconds,
            "median_s": statistics.median(run.seconds for run in self.runs),
            "cpu_s": self.best.cpu_s,
            "proof_bytes": self.best.proof_bytes,
            "verify_ms": min(run.verify_s for run in self.runs) * 1000,
            "ratio": ours.rate / self.rate,
            "ratio_per_core": ours.rate_per_core / self.rate_per_core,
        }


class Plonky3:
    """The harness as a process that answers requests, so that its tables of twiddles are kept."""

    def __init__(self, program: Path) -> None:
        self.version = peer_version()
        environment = {**os.environ, "RAYON_NUM_THREADS": str(thread_count())}
        self._process = subprocess.Popen(
            [str(program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env=environment,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def prove(self, prover: str, log2_rows: int, packed: int) -> Run:
        """One proof, which the harness has verified. RuntimeError if it gave up."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("the harness has no pipes")
        stdin.write(f"{prover} {log2_rows} {packed}\n")
        line = stdout.readline()
        if not line:
            raise RuntimeError(f"the harness ended with exit {self._process.wait()}")
        answer = json.loads(line)
        if answer["verified"] is not True:
            raise RuntimeError(f"the harness did not verify its own proof: {line.strip()}")
        names = ("permutations", "seconds", "cpu_s", "proof_bytes", "verify_s")
        return Run(*(answer[name] for name in names))


def build_peer(say: Callable[[str], None]) -> Path:
    """Compile the harness, return the program. PeerMissingError says what is missing."""
    cargo = shutil.which("cargo")
    if cargo is None:
        raise PeerMissingError("cargo is not installed")
    say("building the harness with cargo (some minutes the first time)")
    command = ["nice", "-n", "19", cargo, "build", "--release", "--locked", "--quiet"]
    try:
        built = subprocess.run(
            command,
            cwd=HARNESS,
            capture_output=True,
            check=False,
            text=True,
            timeout=BUILD_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PeerMissingError(f"cargo could not build the harness: {error}") from error
    if built.returncode:
        lines = [line for line in built.stderr.splitlines() if line.startswith("error")]
        reason = lines[0] if lines else f"exit {built.returncode}"
        raise PeerMissingError(f"cargo could not build the harness: {reason}")
    return PROGRAM


def peer_version() -> str:
    """The version of the crates that the harness pins."""
    manifest = tomllib.loads((HARNESS / "Cargo.toml").read_text(encoding="utf-8"))
    return str(manifest["dependencies"]["p3-uni-stark"]).lstrip("=")


class Ours:
    """Our prover for one table of 2^log2_rows rows, of which all but the blinded ones are used."""

    def __init__(self, log2_rows: int) -> None:
        rows = 1 << log2_rows
        self._statement = circuit(rows)
        self._prover = Prover(self._statement, FAST)
        traces, self._messages = instance(rows, FAST.blinded_rows)
        self._ranges = traces[1]
        used = traces[0][: rows - FAST.blinded_rows]
        self._inputs = np.ascontiguousarray(used[:, :WIDTH])
        self._counts = used[:, -1].astype(np.int64)
        self._rows = rows
        self._key = generate_key(self._statement, [FAST])

    def prove(self) -> Run:
        """Witness and proof, timed; then the proof is verified."""
        wall, processor = perf_counter(), process_time()
        trace = poseidon.build(self._inputs, self._counts, self._rows, FAST.blinded_rows)
        proof = self._prover.prove([trace, self._ranges], NO_STATEMENT, (), self._messages).proof
        seconds, cpu_s = perf_counter() - wall, process_time() - processor
        start = perf_counter()
        verify(self._statement, self._key, NO_STATEMENT, (), self._messages, FAST, proof)
        return Run(len(self._inputs), seconds, cpu_s, len(proof), perf_counter() - start)


def contest(
    log2_rows: int, runs: int, peer: Plonky3, say: Callable[[str], None]
) -> list[Contestant]:
    """Every prover in turn, `runs` times, after one round that is not counted. Ours comes first."""
    contestants = [Contestant("crypsis", Ours(log2_rows).prove)]
    for prover, packed in PEERS:
        name = f"Plonky3 {peer.version} {prover}, {packed} a row"
        contestants.append(Contestant(name, partial(peer.prove, prover, log2_rows, packed)))
    for number in range(runs + 1):
        for contestant in contestants:
            run = contestant.prove()
            if number:
                contestant.runs.append(run)
                say(f"run {number} of {runs}: {contestant.name}: {run.seconds:.2f} s")
    return contestants


def table_text(log2_rows: int, records: list[dict[str, Any]]) -> str:
    """The figures of one size for people."""
    lines = [
        f"Poseidon permutations, 2^{log2_rows} rows, `fast`, witness and proof:",
        f"{'':<31}{'proved':>8}{'a second':>10}{'a CPU-s':>9}{'best s':>8}{'median':>8}"
        f"{'CPU-s':>7}{'KiB':>6}{'verify':>9}{'ours/its':>9}{'a CPU-s':>9}",
    ]
    for record in records:
        lines.append(
            f"{record['name']:<31}{record['permutations']:>8,}{record['per_second']:>10,.0f}"
            f"{record['per_cpu_second']:>9,.0f}{record['best_s']:>8.3f}{record['median_s']:>8.3f}"
            f"{record['cpu_s']:>7.2f}{record['proof_bytes'] / 1024:>6.0f}"
            f"{record['verify_ms']:>6.0f} ms{record['ratio']:>8.2f}x"
            f"{record['ratio_per_core']:>8.2f}x"
        )
    return "\n".join(lines)


@click.command()
@click.option("-o", "--output", "file", type=click.Path(path_type=Path), default=DEFAULT_FILE)
@click.option("--runs", type=click.IntRange(1, 20), default=5, help="Proofs of each prover.")
@click.option(
    "--log2-rows",
    type=click.IntRange(13, 20),
    multiple=True,
    default=DEFAULT_LOG2_ROWS,
    help="Sizes to prove; may be given several times.",
)
@conventions
def peers(output: Output, file: Path, runs: int, log2_rows: tuple[int, ...]) -> None:
    """Measure this commit beside the peers that prove the same statement at the same setting."""
    try:
        record = _measure(output, runs, log2_rows)
    except PeerMissingError as error:
        output.result({"skipped": str(error)}, f"skipped: {error}")
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, (json.dumps(record, indent=2) + "\n").encode("utf-8"))
    output.result(record, f"figures: {file}")


def _measure(output: Output, runs: int, sizes: tuple[int, ...]) -> Mapping[str, object]:
    threads = thread_count()
    machine = {"processor": processor_name(), "threads": threads}
    program = build_peer(output.detail)
    output.say(f"{machine['processor']}, {threads} threads, Python {platform.python_version()}\n")
    rows = calibration()
    tables: dict[str, list[dict[str, object]]] = {}
    with Plonky3(program) as peer:
        for size in sizes:
            contestants = contest(size, runs, peer, output.detail)
            tables[str(size)] = [one.to_record(contestants[0]) for one in contestants]
            output.say(table_text(size, tables[str(size)]) + "\n")
    rows += calibration()
    for row in rows:
        output.say(row.to_text())
    return {
        "machine": machine,
        "plonky3": peer.version,
        "runs": runs,
        "calibration": [row.to_record() for row in rows],
        "log2_rows": tables,
    }


if __name__ == "__main__":
    peers()
