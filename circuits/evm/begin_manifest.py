"""All that StarkBegin is told of a circuit and a parameter set: words, and code for its groups.

`circuits.evm.begin_fields` says what the words are. What the fields call a place is a byte of
memory, what they call an offset a byte of the opening.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from circuits.air.circuit import Circuit
from circuits.air.graph import Scope
from circuits.evm.begin_fields import FIELDS, MANIFEST_SLOT, left_aligned
from circuits.evm.begin_layout import Opened, offsets_of
from circuits.evm.blobs import BLOB_BYTES
from circuits.evm.field_constants import PRODUCTS_MAX
from circuits.evm.interpreter import WEIGHT_WORDS, Step, encode
from circuits.evm.tape_code import Memory, compile_tape
from circuits.pcs.transcript import Transcript
from circuits.stark.binding import PROTOCOL
from circuits.stark.key import VerificationKey
from circuits.stark.lowered import Lowered
from circuits.stark.parameters import CHUNKS, Parameters
from circuits.stark.proof import top_log2
from circuits.stark.shape import RUNNING_SUM, SUM_CONSTRAINTS, SUM_SCOPES, Group, Shape, shape_of
from circuits.stark.stacks import Phase
from rollup.field.koalabear import P, omega
from rollup.hash.keccak import keccak256

NO_BUS: Final = 1 << 255
"""Width of a bus that public messages cannot name: no payload is so long."""

BUSES_MAX: Final = 256
BUS_WORDS: Final = 3

POSITIONS_PER_WORD: Final = 8


@dataclass(frozen=True, slots=True)
class BeginData:
    """The manifest, and the blobs of code that the directory names after it."""

    manifest: bytes
    tapes: tuple[bytes, ...]


def begin_data(
    circuit: Circuit | Lowered, key: VerificationKey, parameters: Parameters
) -> BeginData:
    """What StarkBegin reads for a circuit. ValueError if its memory has no room for it."""
    shape = shape_of(circuit, parameters)
    return _Builder(shape, key.circuit_digest, key.fixed_root(circuit, parameters)).build()


class _Builder:
    """Lays the memory out, then writes down where everything is."""

    def __init__(self, shape: Shape, circuit: bytes, fixed_root: bytes) -> None:
        self._shape = shape
        self._circuit = circuit
        self._fixed_root = fixed_root
        self._buses = 1 + max(bus for bus, _ in (*shape.bus_widths, (0, 0)))
        if self._buses > BUSES_MAX:
            raise ValueError(f"a bus has an identifier below {BUSES_MAX}")
        values = {value for group in shape.groups for value in group.tape.constants}
        self._constants = {value: place for place, value in enumerate(sorted(values))}
        self._tapes: list[bytes] = []
        self._opened = Opened(shape)

    def build(self) -> BeginData:
        """The manifest and the code."""
        length = self._lay_out(blocks=self._block_words())
        blocks = self._blocks()
        words = [*self._fields(), *self._bus_words(), *(word for block in blocks for word in block)]
        words += self._constants
        if len(words) != length:
            raise AssertionError("a manifest has another length than was laid out")
        return BeginData(b"".join(word.to_bytes(32, "big") for word in words), tuple(self._tapes))

    def _block_words(self) -> int:
        """Words of all blocks: code is compiled once more when places are known."""
        self._lay_out(blocks=0)
        words = sum(map(len, self._blocks()))
        self._tapes.clear()
        return words

    def _lay_out(self, blocks: int) -> int:
        """Give everything a slot; answers the words of the manifest."""
        shape = self._shape
        slot = MANIFEST_SLOT + len(FIELDS)
        self._bus_slot, slot = slot, slot + BUS_WORDS * self._buses
        self._block_slot, slot = slot, slot + blocks
        self._constant_slot, slot = slot, slot + len(self._constants)
        length = slot - MANIFEST_SLOT
        self._terminals, slot = slot, slot + len(shape.groups)
        self._values, slot = slot, slot + shape.opened_here + shape.opened_below
        self._chunks, slot = slot, slot + CHUNKS
        self._final, slot = slot, slot + shape.final_coefficients
        self._publics, slot = slot, slot + shape.public_width
        self._fingerprints, slot = slot, slot + WEIGHT_WORDS * shape.fingerprint_power
        self._weights, slot = slot, slot + WEIGHT_WORDS * PRODUCTS_MAX
        self._inverses, slot = slot, slot + 1 + 2 * len(shape.groups)
        self._challenges, slot = slot, slot + 1 + shape.folds
        self._positions, slot = slot, slot + -(-shape.parameters.queries // POSITIONS_PER_WORD)
        # From here on memory is used anew: for what is hashed, for a group's answers, registers
        # and code, for the powers of the batch challenge.
        self._buffer = self._answers = self._batch = slot
        self._registers = slot + max(group.constraints for group in shape.groups)
        self._context = slot + WEIGHT_WORDS * (shape.trace_stacks + CHUNKS)
        self._tape = self._registers + (max(g.tape.registers for g in shape.groups) + 64) * 4
        return length

    def _fields(self) -> list[int]:
        shape, parameters = self._shape, self._shape.parameters
        trees = [None] * len(Phase) + list(range(shape.folds))
        tops = [top_log2(shape, layer) for layer in trees]
        places = {
            "buses": self._bus_slot,
            "groups": self._block_slot,
            "terminals": self._terminals,
            "values": self._values,
            "chunks": self._chunks,
            "final": self._final,
            "publics": self._publics,
            "fingerprints": self._fingerprints,
            "weights": self._weights,
            "answers": self._answers,
            "tape": self._tape,
            "inverses": self._inverses,
            "challenges": self._challenges,
            "positions": self._positions,
            "buffer": self._buffer,
            "batch": self._batch,
            "context": self._context,
        }
        offsets = offsets_of(shape, parameters.digest_bytes)
        end = offsets["tops"] + parameters.digest_bytes * sum(1 << log2 for log2 in tops)
        named = {
            "state": int.from_bytes(self._state(), "big"),
            "circuit": int.from_bytes(self._circuit, "big"),
            "parameters": int.from_bytes(keccak256(parameters.encode()), "big"),
            "fixed_root": left_aligned(self._fixed_root),
            "digest_bytes": parameters.digest_bytes,
            "heights": left_aligned(bytes(group.log2_height for group in shape.groups)),
            "tops": left_aligned(bytes(tops)),
            "groups": len(shape.groups),
            "trees": len(trees),
            "here": shape.opened_here,
            "after": shape.opened_below,
            "chunks": CHUNKS,
            "layers": shape.folds,
            "final": shape.final_coefficients,
            "queries": parameters.queries,
            "work_batch": parameters.grinding_batch,
            "work_fold": parameters.grinding_fold,
            "work_query": parameters.grinding_query,
            "log2_height": shape.log2_height,
            "log2_domain": shape.log2_domain,
            "publics": shape.public_width,
            "buses": self._buses,
            "powers": shape.fingerprint_power,
            "blinded_rows": parameters.blinded_rows,
            "chunk_coefficients": shape.chunk_coefficients,
            "functions": shape.trace_stacks + CHUNKS,
            "opening_bytes": end,
            **{f"offset_{name}": offset for name, offset in offsets.items()},
            **{f"place_{name}": 32 * slot for name, slot in places.items()},
        }
        return [named.pop(name) for name in FIELDS]

    def _state(self) -> bytes:
        transcript = Transcript(PROTOCOL)
        transcript.absorb("parameters", self._shape.parameters.encode())
        transcript.absorb("circuit", self._circuit)
        return transcript.state

    def _bus_words(self) -> list[int]:
        widths, copies = dict(self._shape.bus_widths), self._shape.bus_messages()
        return [
            word
            for bus in range(self._buses)
            for word in (widths.get(bus, NO_BUS), copies.get(bus, 0), 0)
        ]

    def _blocks(self) -> list[list[int]]:
        return [self._block(group) for group in self._shape.groups]

    def _block(self, group: Group) -> list[int]:
        counts = self._scope_counts(group)
        root = omega(group.log2_height)
        blinded = self._shape.parameters.blinded_rows
        lookup = self._opened.here(group.number, Phase.LOOKUP)
        first = group.constraints - SUM_CONSTRAINTS
        answers = [
            32 * (self._answers + group.powers[first + place]) for place in range(len(SUM_SCOPES))
        ]
        segments = self._segments(group)
        runs = list(self._runs(group, below=False))
        runs_below = list(self._runs(group, below=True))
        after = self._opened.below(group.number, Phase.LOOKUP)[RUNNING_SUM]
        fixed = (
            group.log2_height,
            root,
            pow(root, -(blinded + 1), P),
            pow(root, -blinded, P),
            self._shape.log2_height - group.log2_height,
            *counts,
            32 * (self._values + lookup[RUNNING_SUM]),
            32 * (self._values + after),
            group.fractions,
            *answers,
            len(segments),
            len(runs),
            len(runs_below),
        )
        words = [*fixed]
        for part in (*segments, *runs, *runs_below):
            words += part
        return words

    def _scope_counts(self, group: Group) -> list[int]:
        scopes = [*group.tape.scopes(), *[Scope.ALL] * group.fractions, *SUM_SCOPES]
        return [scopes.count(scope) for scope in Scope]

    def _segments(self, group: Group) -> list[tuple[int, int, int]]:
        """The group's code, put behind what is there, cut between instructions."""
        compiled = compile_tape(group.tape, self._memory(group))
        if compiled.end > self._tape:
            raise ValueError(f"{group.name}: more registers than memory was laid out for")
        segments, part = [], b""
        room = BLOB_BYTES - len(self._tapes[-1]) if self._tapes else 0
        for instruction in compiled.instructions:
            if len(part) + len(instruction) + 1 > room:
                segments += self._put(part)
                part, room = b"", BLOB_BYTES
                self._tapes.append(b"")
            part += instruction
        return segments + self._put(part)

    def _put(self, part: bytes) -> list[tuple[int, int, int]]:
        if not part:
            return []
        ended = part + encode(Step.END)
        start = len(self._tapes[-1])
        self._tapes[-1] += ended
        return [(len(self._tapes), 1 + start, len(ended))]

    def _memory(self, group: Group) -> Memory:
        tape = group.tape
        operands: dict[int, int] = {}
        starts = ((Phase.MAIN, 0), (Phase.FIXED, tape.main_width))
        for phase, first in starts:
            for column, place in self._opened.here(group.number, phase).items():
                operands[2 * (first + column)] = self._values + place
            for column, place in self._opened.below(group.number, phase).items():
                operands[2 * (first + column) + 1] = self._values + place
        constants = {2 * (tape.first_constant + k): v for k, v in enumerate(tape.constants)}
        for operand, value in constants.items():
            operands[operand] = self._constant_slot + self._constants[value]
        first_public = tape.first_constant + len(tape.constants)
        for k, index in enumerate(tape.publics):
            operands[2 * (first_public + k)] = self._publics + index
        column = self._opened.here(group.number, Phase.LOOKUP)[RUNNING_SUM] + 1
        return Memory(
            operands=operands,
            constants=constants,
            answers=self._answers,
            powers=group.powers,
            column=self._values + column,
            fingerprints=self._fingerprints,
            buses={
                bus: self._bus_slot + BUS_WORDS * bus + BUS_WORDS - 1 for bus in range(self._buses)
            },
            registers=self._registers,
        )

    def _runs(self, group: Group, *, below: bool) -> Iterator[tuple[int, int, int, int]]:
        """Stacks of equal width that follow each other, as (place, stacks, columns, power)."""
        shape = self._shape
        place, power, run = (shape.opened_here if below else 0), 0, [0, 0, 0, 0]
        for stack in shape.stacks:
            if below and not stack.below:
                continue
            width = len(stack.columns)
            if stack.group == group.number:
                follows = run[1] and run[2] == width and run[3] + run[1] == power
                if follows:
                    run[1] += 1
                else:
                    if run[1]:
                        yield self._run(run)
                    run = [place, 1, width, power]
            place, power = place + width, power + 1
        if run[1]:
            yield self._run(run)
        if not below and group is shape.groups[-1]:
            yield self._run([self._chunks - self._values, CHUNKS, 1, shape.trace_stacks])

    def _run(self, run: Sequence[int]) -> tuple[int, int, int, int]:
        place, stacks, columns, power = run
        weights = 32 * (self._batch + WEIGHT_WORDS * power)
        return 32 * (self._values + place), stacks, columns, weights
