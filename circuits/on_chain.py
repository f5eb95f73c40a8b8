"""What this proof system offers for chains: statements, proofs in parts, contracts that verify."""

from functools import cache
from typing import Final

from circuits.evm.context import Known, context, split
from circuits.evm.deploy import FACTS, engines, verifier
from circuits.evm.facts import statement_bytes, statement_of
from circuits.evm.refusals import MALFORMED, NO_QUERY, NO_TREE, REFUSED, selector
from circuits.exit.inputs import exit_messages, exit_values
from circuits.exit.pinned import exit_key, exit_pins, packaged_exit
from circuits.stark import errors
from circuits.stark.errors import Failure
from circuits.stark.key import VerificationKey
from circuits.stark.lowered import Lowered
from circuits.stark.parameters import Parameters, parameters_by_name
from circuits.stark.shape import Shape, shape_of
from circuits.statement.inputs import public_messages, public_values
from circuits.statement.pinned import packaged_circuit, pinned_key
from circuits.verify import pins_of
from rollup.l1.evm.proofs import ProofParts
from rollup.l1.evm.workshop import Workshop
from rollup.l1.interface import Address
from rollup.l1.private_exit import EXIT_CLASS, ExitStatement
from rollup.ports import Pins, VerificationError
from rollup.protocol.public import PublicInput
from rollup.protocol.shape_class import shape_class_by_name

_WORD: Final = 32
_FAILURES: Final = tuple(Failure)


class StarkOnChain:
    """Implements `rollup.l1.evm.proofs.ChainProofs`."""

    def statement(self, public: PublicInput) -> bytes:
        """What a verifier's contract is asked about a batch."""
        return statement_of(public)

    def exit_statement(self, statement: ExitStatement) -> bytes:
        """The same of a private exit."""
        return statement_bytes(*_known_of(statement))

    def parts(self, public: PublicInput, proof: bytes, parameter_set: str) -> ProofParts:
        """A proof in its parts. VerificationError for one of another form."""
        key = pinned_key(shape_class_by_name(public.shape_class))
        return _parts(_shape(parameter_set, public.shape_class), key, _known(public), proof)

    def exit_parts(self, statement: ExitStatement, proof: bytes, parameter_set: str) -> ProofParts:
        """The same of a private exit."""
        shape = _shape(parameter_set, EXIT_CLASS)
        return _parts(shape, exit_key(), _known_of(statement), proof)

    def create(self, workshop: Workshop, parameter_set: str, shape_class: str) -> Address:
        """Create the contract that verifies proofs of a class, or of private exits, and what it
        rests on."""
        parameters = parameters_by_name(parameter_set)
        circuit, key, pins = _pinned(shape_class, parameters)
        made = {each.name: workshop.shared(each.name, each.initcode({})) for each in engines()}
        for each in verifier(circuit, key, parameters, pins):
            made[each.name] = workshop.create_code(each.name, each.initcode(made))
        return made[FACTS]

    def refusal(self, data: bytes) -> str:
        """What a verifier's contract said as it refused, in the words of the Python verifier."""
        kind, rest = data[:4], data[4:]
        if kind == selector(MALFORMED) and not rest:
            return "the contract could not read what it was sent"
        numbers = [int.from_bytes(rest[at : at + _WORD], "big") for at in (0, _WORD, 2 * _WORD)]
        if kind != selector(REFUSED) or len(rest) != 3 * _WORD or numbers[0] >= len(_FAILURES):
            return f"the contract refused with {data[:100].hex() or 'no word'}"
        failure, query, tree = numbers
        where = [] if query == NO_QUERY else [f"query {query}"]
        where += [] if tree == NO_TREE else [f"tree {tree}"]
        return ": ".join(filter(None, (_FAILURES[failure].value, ", ".join(where))))


def _known(public: PublicInput) -> Known:
    return public.digest(), public_values(public), public_messages(public)


def _known_of(statement: ExitStatement) -> Known:
    return statement.digest(), exit_values(statement), exit_messages(statement)


def _pinned(name: str, parameters: Parameters) -> tuple[Lowered, VerificationKey, Pins]:
    """What is pinned of a class, or of private exits."""
    if name == EXIT_CLASS:
        return packaged_exit(), exit_key(), exit_pins(parameters)
    found = shape_class_by_name(name)
    key = pinned_key(found)
    return packaged_circuit(found), key, pins_of(key, parameters, found)


def _parts(shape: Shape, key: VerificationKey, known: Known, proof: bytes) -> ProofParts:
    try:
        left = context(shape, key, known, proof)
    except errors.VerificationError as refusal:
        raise VerificationError(refusal.reason, refusal.detail) from refusal
    parts = split(proof, shape)
    statement, fact = statement_bytes(*known), left[:_WORD]
    return ProofParts(statement, parts.opening, left, parts.tops, parts.queries, fact)


@cache
def _shape(parameter_set: str, name: str) -> Shape:
    parameters = parameters_by_name(parameter_set)
    circuit, _, _ = _pinned(name, parameters)
    return shape_of(circuit, parameters)
