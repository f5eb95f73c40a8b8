"""A textbook verifier: the steps of docs/soundness/protocol.md, one after the other.

With `textbook_format` and `textbook_shape` it was written from protocol.md and proof-format.md
alone. It shares the fields, Keccak and the tape's data types with the product and nothing else: it
has its own transcript, trees, map of stacks, bounds and folds. Plain and slow on purpose. What one
of the two verifiers accepts and the other refuses is a fault of one of them, or of the pages.

Groups are numbered from the shortest; `times` and `add` are those of the quintic extension E.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from circuits.air.tape import Code, Message, Tape
from rollup.field.extension import (
    ONE,
    ZERO,
    Element,
    add,
    embed,
    inverse,
    power,
    powers,
    scale,
    subtract,
)
from rollup.field.extension import multiply as times
from rollup.field.koalabear import GENERATOR, P
from tests.helpers.textbook_format import (
    Circuit,
    Key,
    Leaf,
    Numbers,
    Reason,
    Refused,
    Statement,
    Transcript,
    encode,
    number,
    require,
    root_of,
    to_elements,
    to_words,
)
from tests.helpers.textbook_shape import FIXED, LOOKUP, MAIN, QUOTIENT, Proof, Shape

ALL, TRANSITION, FIRST, LAST = range(4)


def total(elements: Sequence[Element]) -> Element:
    """Their sum."""
    result = ZERO
    for element in elements:
        result = add(result, element)
    return result


def horner(coefficients: Sequence[Element], x: Element) -> Element:
    """The polynomial, low coefficient first, at x."""
    result = ZERO
    for coefficient in reversed(coefficients):
        result = add(times(result, x), coefficient)
    return result


def omega(order: int) -> int:
    """Generator of the subgroup of F of this order, a power of two."""
    return pow(GENERATOR, 127 * (2**24 // order), P)


def refusal(
    circuit: Circuit, key: Key, numbers: Numbers, statement: Statement, proof: bytes
) -> Reason | None:
    """Why a proof is refused; None if it is accepted."""
    try:
        verify(circuit, key, numbers, statement, proof)
    except Refused as refused:
        return refused.reason
    return None


def verify(
    circuit: Circuit, key: Key, numbers: Numbers, statement: Statement, proof: bytes
) -> None:
    """Accept, or raise Refused."""
    check_statement(circuit, key, numbers, statement)
    shape = Shape(circuit, numbers)
    sent = Proof(proof, shape)
    transcript = Transcript()
    absorb_statement(transcript, circuit, key, numbers, statement)
    run = Run(shape, statement, sent)
    run.main_and_lookup(transcript)
    run.quotient(transcript)
    run.opening(transcript)
    run.batch(transcript)
    run.folds(transcript)
    run.queries(transcript, key)


# Step 1: the statement


def check_statement(circuit: Circuit, key: Key, numbers: Numbers, statement: Statement) -> None:
    """All that a verifier checks before it looks at a proof (proof-format.md, the statement)."""
    require(circuit.digest == key.circuit_digest, Reason.KEY)
    check_circuit(circuit, numbers)
    require(len(statement.digest) == 32, Reason.PUBLICS)
    require(len(statement.publics) == circuit.public_width, Reason.PUBLICS)
    require(all(0 <= value < P for value in statement.publics), Reason.PUBLICS)
    widths = dict(circuit.bus_widths)
    for bus, sign, count, payload in statement.messages:
        require(widths.get(bus) == len(payload), Reason.MESSAGES)
        require(sign in (1, -1), Reason.MESSAGES)
        require(all(0 <= value < P for value in (count, *payload)), Reason.MESSAGES)
    said = Counter[int]()
    for tape, height in zip(circuit.tapes, circuit.heights, strict=True):
        for message in tape.messages:
            said[message.bus] += height
    for bus, _, count, _ in statement.messages:
        said[bus] += count
    require(all(messages < P for messages in said.values()), Reason.COUNTS)


def check_circuit(circuit: Circuit, numbers: Numbers) -> None:
    """Heights and buses that the parameters allow."""
    heights = circuit.heights
    largest = 2 ** (24 - numbers.log_blowup)
    conditions = [
        len(heights) > 0 and list(heights) == sorted(set(heights)),
        all(4 * numbers.blinded <= n <= largest and n & (n - 1) == 0 for n in heights),
        all(1 <= bus <= P - 3 for bus, _ in circuit.bus_widths),
    ]
    require(all(conditions), Reason.CIRCUIT)


def absorb_statement(
    transcript: Transcript, circuit: Circuit, key: Key, numbers: Numbers, statement: Statement
) -> None:
    """Seven absorptions."""
    publics, messages = statement.publics, statement.messages
    transcript.absorb("parameters", numbers.encode())
    transcript.absorb("circuit", circuit.digest)
    transcript.absorb("public-digest", statement.digest)
    transcript.absorb("heights", bytes(n.bit_length() - 1 for n in circuit.heights))
    transcript.absorb("fixed-root", key.root)
    transcript.absorb("public-values", b"".join(map(number, (len(publics), *publics))))
    said = [len(messages)]
    for bus, sign, count, payload in messages:
        said += [bus, sign % P, count, len(payload), *payload]
    transcript.absorb("public-messages", b"".join(map(number, said)))


# Steps 3 and 4: messages, constraints, zerofiers


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """alpha, beta, and the power of beta at which a bus stands."""

    alpha: Element
    beta: Element
    width: int

    def denominator(self, bus: int, payload: Sequence[Element]) -> Element:
        """alpha - (sum of m_k beta^k + (bus + 1) beta^W)."""
        identifier = scale(power(self.beta, self.width), bus + 1)
        return subtract(self.alpha, add(horner(payload, self.beta), identifier))


@dataclass(frozen=True, slots=True)
class Row:
    """The opened values of one group: by slot for the tape, by number for lookup columns."""

    here: dict[int, Element]
    below: dict[int, Element]
    lookup: list[Element]
    sum_below: Element

    def value(self, operand: int) -> Element:
        """What an operand of the tape reads."""
        return (self.below if operand % 2 else self.here)[operand // 2]


def fraction(row: Row, messages: Sequence[Message], value: Element, prints: Fingerprint) -> Element:
    """U f - V of one fraction column, f its value."""
    denominators = []
    counts = []
    for message in messages:
        payload = [row.value(operand) for operand in message.payload]
        denominators.append(prints.denominator(message.bus, payload))
        counts.append(scale(row.value(message.count), message.sign))
    if len(messages) == 1:
        return subtract(times(denominators[0], value), counts[0])
    numerator = add(times(counts[0], denominators[1]), times(counts[1], denominators[0]))
    return subtract(times(times(denominators[0], denominators[1]), value), numerator)


def run_tape(tape: Tape, row: Row, prints: Fingerprint) -> list[list[Element]]:
    """The constraints of the tape and of the fraction columns, by scope, in order."""
    asserted: list[dict[int, Element]] = [{}, {}, {}, {}]
    fractions: dict[int, Element] = {}
    for step in tape.instructions:
        args = step.args
        if step.code == Code.ADD:
            row.here[step.target] = add(row.value(args[0]), row.value(args[1]))
        elif step.code == Code.SUB:
            row.here[step.target] = subtract(row.value(args[0]), row.value(args[1]))
        elif step.code == Code.MUL:
            row.here[step.target] = times(row.value(args[0]), row.value(args[1]))
        elif step.code == Code.LINEAR:
            terms = zip(args[::2], args[1::2], strict=True)
            row.here[step.target] = total([scale(row.value(a), c) for c, a in terms])
        elif step.code == Code.ACCUMULATE:
            asserted[args[1]][args[0]] = row.value(args[2])
        else:
            column = args[0]
            messages = [tape.messages[position] for position in tape.fractions[column]]
            fractions[column] = fraction(row, messages, row.lookup[1 + column], prints)
    scopes = [[found[index] for index in sorted(found)] for found in asserted]
    scopes[ALL] += [fractions[column] for column in range(len(tape.fractions))]
    return scopes


def constraints(
    tape: Tape, row: Row, prints: Fingerprint, terminal: Element
) -> list[list[Element]]:
    """All constraints of a group, by scope: the tape's, the fractions', the running sum's."""
    scopes = run_tape(tape, row, prints)
    after_row = total(row.lookup)
    scopes[TRANSITION].append(subtract(row.sum_below, after_row))
    scopes[FIRST].append(row.lookup[0])
    scopes[LAST].append(subtract(after_row, terminal))
    return scopes


def zerofiers(y: Element, height: int, blinded: int) -> list[Element]:
    """The zerofier of each scope at y."""
    w = omega(height)
    every = subtract(power(y, height), ONE)
    for row in range(height - blinded, height):
        every = times(every, inverse(subtract(y, embed(pow(w, row, P)))))
    last = subtract(y, embed(pow(w, height - blinded - 1, P)))
    return [every, times(every, inverse(last)), subtract(y, ONE), last]


# Steps 2 to 8


class Run:
    """One verification: what was sent, and the challenges as they are drawn."""

    def __init__(self, shape: Shape, statement: Statement, proof: Proof) -> None:
        self.shape, self.statement, self.proof = shape, statement, proof
        self.height = 2**shape.log_height
        self.gammas: list[Element] = []

    def main_and_lookup(self, transcript: Transcript) -> None:
        """Steps 2 and 3: alpha, beta; the terminals and the public messages cancel; kappa."""
        transcript.absorb("main-root", self.proof.main_root)
        alpha, beta = transcript.outside("lookup-alpha"), transcript.outside("lookup-beta")
        self.prints = Fingerprint(alpha, beta, max(self.shape.circuit.payload_width, 6))
        balance = total(self.proof.terminals)
        for bus, sign, count, payload in self.statement.messages:
            denominator = self.prints.denominator(bus, [embed(value) for value in payload])
            require(denominator != ZERO, Reason.ZERO_DENOMINATOR)
            balance = add(balance, scale(inverse(denominator), sign * count))
        require(balance == ZERO, Reason.BALANCE)
        transcript.absorb("terminals", encode(self.proof.terminals))
        transcript.absorb("lookup-root", self.proof.lookup_root)
        self.kappa = transcript.element("constraints")

    def quotient(self, transcript: Transcript) -> None:
        """Step 4: zeta."""
        transcript.absorb("quotient-root", self.proof.quotient_root)
        self.zeta = transcript.outside("zeta")

    def opening(self, transcript: Transcript) -> None:
        """Step 5: the opened values satisfy the identity."""
        left = ZERO
        for group, tape in enumerate(self.shape.circuit.tapes):
            height = self.shape.heights[group]
            y = power(self.zeta, self.shape.places(group))
            row = self._row(group)
            scopes = constraints(tape, row, self.prints, self.proof.terminals[group])
            divisors = zerofiers(y, height, self.shape.numbers.blinded)
            quotients = [
                times(value, inverse(divisor))
                for values, divisor in zip(scopes, divisors, strict=True)
                for value in values
            ]
            left = times(left, power(self.kappa, len(quotients)))
            left = add(left, horner(quotients, self.kappa))
        shift = power(self.zeta, self.height - self.shape.numbers.blinded)
        require(left == horner(self.proof.chunks, shift), Reason.IDENTITY)
        transcript.absorb("opened-here", b"".join(map(encode, self.proof.here)))
        transcript.absorb("opened-after", b"".join(map(encode, self.proof.after)))
        transcript.absorb("opened-chunks", encode(self.proof.chunks))

    def _row(self, group: int) -> Row:
        """The opened values of a group, with constants, publics and empty registers."""
        tape = self.shape.circuit.tapes[group]
        here: dict[tuple[int, int], Element] = {}
        below: dict[tuple[int, int], Element] = {}
        after = iter(self.proof.after)
        for stack, values in zip(self.shape.stacks, self.proof.here, strict=True):
            opened_below = next(after) if stack.below else []
            if stack.group == group:
                columns = [(stack.phase, column) for column in stack.columns]
                here.update(zip(columns, values, strict=True))
                below.update(zip(columns, opened_below, strict=False))
        slots = [(MAIN, column) for column in range(tape.main_width)]
        slots += [(FIXED, column) for column in range(tape.fixed_width)]
        values = [here[slot] for slot in slots]
        values += [embed(constant) for constant in tape.constants]
        values += [embed(self.statement.publics[index]) for index in tape.publics]
        values += [ZERO] * tape.registers
        lookup = [here[LOOKUP, column] for column in range(1 + len(tape.fractions))]
        read = {number: below[slot] for number, slot in enumerate(slots) if slot in below}
        return Row(dict(enumerate(values)), read, lookup, below[LOOKUP, 0])

    def batch(self, transcript: Transcript) -> None:
        """Step 6: the powers of b."""
        transcript.work("batch-nonce", self.proof.batch_nonce, self.shape.numbers.work_batch)
        functions = 2 * len(self.proof.here) + 6 + len(self.proof.after) + 1
        self.powers = powers(transcript.element("batch"), functions)

    def folds(self, transcript: Transcript) -> None:
        """Step 7: a challenge a layer."""
        for root, nonce in self.proof.layers:
            transcript.absorb("layer-root", root)
            transcript.work("fold-nonce", nonce, self.shape.numbers.work_fold)
            self.gammas.append(transcript.element("fold"))
        transcript.absorb("final-polynomial", encode(self.proof.final))

    def queries(self, transcript: Transcript, key: Key) -> None:
        """Step 8."""
        proof, shape = self.proof, self.shape
        transcript.work("query-nonce", proof.query_nonce, shape.numbers.work_query)
        positions = transcript.positions("queries", shape.numbers.queries, shape.log_domain)
        roots = [key.root, proof.main_root, proof.lookup_root, proof.quotient_root]
        roots += [root for root, _ in proof.layers]
        for top, root in zip(proof.tops, roots, strict=True):
            require(root_of(top) == root, Reason.TREE)
        for position, leaves in zip(positions, proof.queries, strict=True):
            for opened, top in zip(leaves[:4], proof.tops, strict=False):
                require(opened.leads_to(top, shape.log_domain, position), Reason.TREE)
            x = GENERATOR * pow(omega(2**shape.log_domain), position, P) % P
            value = self.batched(x, [opened.row for opened in leaves[:4]])
            self.follow(position, x, value, leaves[4:])

    def batched(self, x: int, rows: list[bytes]) -> Element:
        """f_0 at x of D, from the four rows."""
        stacks, point = self.shape.stacks, embed(x)
        trace = [[embed(word) for word in to_words(row)] for row in rows[:LOOKUP]]
        words = [iter(row) for row in (*trace, to_elements(rows[LOOKUP]))]
        *chunks, mask = to_elements(rows[QUOTIENT])
        functions = [next(words[stack.phase]) for stack in stacks] + chunks
        opened = [*self.proof.here, *([chunk] for chunk in self.proof.chunks)]
        places = [self.shape.places(stack.group) for stack in stacks] + [1, 1, 1]
        here = self._inverses(x, set(places), self.zeta)
        terms = [mask, *functions]
        for value, values, s in zip(functions, opened, places, strict=True):
            terms.append(times(subtract(value, horner(values, point)), here[s]))
        below = self._inverses(x, set(places), scale(self.zeta, omega(self.height)))
        opened_below = [i for i, stack in enumerate(stacks) if stack.below]
        for i, values in zip(opened_below, self.proof.after, strict=True):
            difference = subtract(functions[i], horner(values, point))
            terms.append(times(difference, below[places[i]]))
        return total([times(b, term) for b, term in zip(self.powers, terms, strict=True)])

    def _inverses(self, x: int, places: set[int], at: Element) -> dict[int, Element]:
        """1 / (x^s - at^s) by s."""
        return {s: inverse(subtract(embed(pow(x, s, P)), power(at, s))) for s in places}

    def follow(self, position: int, x: int, value: Element, leaves: Sequence[Leaf]) -> None:
        """One query through the layers: every value stands where it must."""
        depths, tops = self.shape.layer_depths, self.proof.tops[4:]
        for depth, top, gamma, leaf in zip(depths, tops, self.gammas, leaves, strict=True):
            slot, position = divmod(position, 2**depth)
            values = to_elements(leaf.row)
            require(values[slot] == value, Reason.LAYER)
            require(leaf.leads_to(top, depth, position), Reason.TREE)
            value = fold(values, x * pow(omega(8), -slot, P) % P, gamma)
            x = pow(x, 8, P)
        require(horner(self.proof.final, embed(x)) == value, Reason.FINAL)


def fold(values: Sequence[Element], x: int, gamma: Element) -> Element:
    """The fold by gamma of eight values at x omega_8^j."""
    parts = [
        total([scale(value, pow(omega(8), -j * k, P)) for j, value in enumerate(values)])
        for k in range(8)
    ]
    return scale(horner(parts, scale(gamma, pow(x, -1, P))), pow(8, -1, P))
