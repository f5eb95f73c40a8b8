"""`python -m benchmarks.gas`: what verifying a proof costs on an EVM, transaction by transaction.

A full batch of each class is proved with the set `l1`, unless the folder of bundles has it, and
verified by the contracts in this process, in as many transactions as a node's pool (131,072 bytes)
and a transaction's gas (2^24) call for. Bills are today's and those of the next fork's calldata
prices. Exit 1 if a class that has a budget misses it.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
from eth_abi.abi import encode

from benchmarks.whole_batch import full_batch, run_command
from circuits.evm import deploy
from circuits.evm.context import Known, Parts, context, split
from circuits.evm.facts import fact, statement_bytes
from circuits.evm.refusals import selector
from circuits.stark.parameters import L1
from circuits.stark.shape import Shape, shape_of
from circuits.statement.inputs import public_messages, public_values
from circuits.statement.pinned import packaged_circuit, pinned_key
from circuits.verify import pins_of
from rollup.files import BATCH_FILE, PROOF_FILE, PUBLIC_FILE, PUBLIC_FOLDER
from rollup.hash.keccak import keccak256
from rollup.l1.evm.bill import AMSTERDAM, bill
from rollup.l1.evm.revm import GAS_MAX, Machine
from rollup.protocol.public_json import public_from_json
from rollup.protocol.shape_class import SHAPE_CLASSES, ShapeClass

TRANSACTION_BYTES: Final = 131_072
"""What a node's pool takes, signature and all."""

ENVELOPE_BYTES: Final = 256
"""Of it for what is not calldata: fields of the transaction and the signature, rounded up."""

BUDGETS: Final = {"S": 15_000_000}
"""Gas of a whole proof at today's prices."""

CLASSES: Final = ("S", "M")


@dataclass(frozen=True, slots=True)
class Transaction:
    """One that was run: its calldata, and the gas of its execution."""

    name: str
    calldata: bytes
    execution: int

    @property
    def bills(self) -> tuple[int, int]:
        """Gas at today's prices and the next fork's."""
        return bill(self.calldata, self.execution), bill(self.calldata, self.execution, AMSTERDAM)

    def require_fits(self) -> None:
        """AssertionError if no node takes it."""
        if len(self.calldata) + ENVELOPE_BYTES > TRANSACTION_BYTES or max(self.bills) > GAS_MAX:
            raise AssertionError(f"{self.name}: {len(self.calldata)} bytes, {self.bills} gas")


@dataclass(frozen=True, slots=True)
class Measured:
    """A whole verification: its transactions, and the gas of a query and of a call of queries
    apart."""

    transactions: list[Transaction]
    query: int
    call: int


@dataclass(frozen=True, slots=True)
class Verification:
    """A proof and the contracts that are to verify it."""

    machine: Machine
    made: dict[str, bytes]
    shape: Shape
    statement: bytes
    parts: Parts
    context: bytes
    fact: bytes

    def run(self) -> Measured:
        """All transactions, after which the fact is valid."""
        opening = encode(["bytes", "bytes"], [self.statement, self.parts.opening])
        done = [self._send("begin", selector("begin(bytes,bytes)") + opening)]
        query, call = self._slope()
        for first, count in self._cut():
            name = f"queries {first} to {first + count - 1}"
            done.append(self._send(name, self._queries(first, count)))
        asked = selector("isValid(bytes32)") + self.fact
        answer = self.machine.read(self.made[deploy.FACTS], asked)
        if int.from_bytes(answer.data, "big") != 1:
            raise AssertionError("the fact is not valid after all parts")
        for each in done:
            each.require_fits()
        return Measured(done, query, call)

    def _slope(self) -> tuple[int, int]:
        """Gas of the execution of a call of queries: of a query, and of the call itself."""
        one, more = (self._alone(count) for count in (1, 9))
        each = (more - one) // 8
        return each, one - each

    def _alone(self, count: int) -> int:
        mark = self.machine.snapshot()
        outcome = self.machine.call(self.made[deploy.FACTS], self._queries(0, count))
        self.machine.revert(mark)
        if not outcome.succeeded:
            raise AssertionError(outcome.data.hex())
        return outcome.execution

    def _queries(self, first: int, count: int) -> bytes:
        session = keccak256(self.fact + keccak256(self.parts.opening))
        types = ["bytes32", "bytes", "bytes", "uint256", "uint256", "bytes"]
        data = self.parts.chunk(first, count)
        values = [session, self.context, self.parts.tops, first, count, data]
        return selector(f"queries({','.join(types)})") + encode(types, values)

    def _cut(self) -> Iterator[tuple[int, int]]:
        """First query and number of queries of as few transactions as their bytes allow, alike."""
        queries = len(self.parts.queries)
        empty = len(self._queries(0, 0)) + ENVELOPE_BYTES
        most = (TRANSACTION_BYTES - empty) // len(self.parts.queries[0])
        calls = -(-queries // most)
        for call in range(calls):
            first, last = call * queries // calls, (call + 1) * queries // calls
            yield first, last - first

    def _send(self, name: str, calldata: bytes) -> Transaction:
        outcome = self.machine.call(self.made[deploy.FACTS], calldata)
        if not outcome.succeeded:
            raise AssertionError(f"{name}: {outcome.data.hex()}")
        return Transaction(name, calldata, outcome.execution)


def prepared(shape_class: ShapeClass, bundle: Path) -> Verification:
    """The proof of a bundle, and contracts on a chain of their own."""
    public = public_from_json((bundle / PUBLIC_FILE).read_bytes())
    proof = (bundle / PROOF_FILE).read_bytes()
    known: Known = (public.digest(), public_values(public), public_messages(public))
    circuit, key = packaged_circuit(shape_class), pinned_key(shape_class)
    shape = shape_of(circuit, L1)
    machine = Machine()
    made: dict[str, bytes] = {}
    pins = pins_of(key, L1, shape_class)
    for each in (*deploy.engines(), *deploy.verifier(circuit, key, L1, pins)):
        made[each.name] = machine.deploy(each.initcode(made))
    statement = statement_bytes(*known)
    return Verification(
        machine,
        made,
        shape,
        statement,
        split(proof, shape),
        context(shape, key, known, proof),
        fact(key, shape, statement),
    )


def bundle_of(shape_class: ShapeClass, folder: Path) -> Path:
    """The public part of a proof of a full batch, made if there is none of this circuit."""
    circuit = pinned_key(shape_class).circuit_digest.hex()[:8]
    output = folder / f"{shape_class.name}-{circuit}"
    if not (output / PUBLIC_FOLDER / PROOF_FILE).exists():
        output.mkdir(parents=True, exist_ok=True)
        batch = output / BATCH_FILE
        batch.write_bytes(full_batch(shape_class))
        options = ["--parameters", L1.name, "--shape-class", shape_class.name]
        run_command("prove", str(batch), "-o", str(output), *options, "-q")
    return output / PUBLIC_FOLDER


@click.command()
@click.option("--shape-class", "classes", type=click.Choice(CLASSES), multiple=True)
@click.option("--bundles", type=click.Path(path_type=Path), default=Path("target/gas"))
def bench(classes: tuple[str, ...], bundles: Path) -> None:
    """Bill the verification of a proof of each class, or of those that are named."""
    missed = []
    for name in classes or CLASSES:
        shape_class = SHAPE_CLASSES[name]
        verification = prepared(shape_class, bundle_of(shape_class, bundles))
        lines, total = report(verification)
        click.echo(f"class {name}, set {L1.name}:\n" + "\n".join(lines))
        budget = BUDGETS.get(name)
        if budget is not None and total > budget:
            missed.append(f"class {name} takes {total:,} gas, {total - budget:,} above its budget")
    for text in missed:
        click.echo(text, err=True)
    sys.exit(1 if missed else 0)


def report(verification: Verification) -> tuple[list[str], int]:
    """Lines of a table, and the gas of all transactions at today's prices."""
    measured = verification.run()
    done = measured.transactions
    lines = ["| transaction | bytes | execution | gas today | gas, 64 a byte |"]
    lines.append("|---|---|---|---|---|")
    for each in done:
        lines.append(_line(each.name, len(each.calldata), each.execution, *each.bills))
    sums = [sum(column) for column in zip(*(each.bills for each in done), strict=True)]
    calldata = sum(len(each.calldata) for each in done)
    lines.append(_line("all", calldata, sum(each.execution for each in done), *sums))
    told = f"of the execution of queries {measured.query:,} a query, {measured.call:,} a call"
    return [*lines, *_parts(verification), told], sums[0]


def _line(name: str, *figures: int) -> str:
    return f"| {name} | " + " | ".join(f"{figure:,}" for figure in figures) + " |"


def _parts(verification: Verification) -> list[str]:
    parts = verification.parts
    proof = len(parts.opening) + sum(map(len, parts.queries))
    return [
        f"proof {proof:,} bytes: opening {len(parts.opening):,}, of it tops {len(parts.tops):,}; "
        f"{len(parts.queries)} queries of {len(parts.queries[0]):,}",
        f"context {len(verification.context):,} bytes, statement {len(verification.statement):,}",
    ]


if __name__ == "__main__":
    bench()
