"""The prover of private exits: an opened leaf, the key's secret and who is paid in, a proof out.

It runs at the owner's: leaf and secret leave it in no other way than hidden in the proof.
"""

from functools import cache

from circuits.exit.buses import EXIT_BUSES
from circuits.exit.circuit import EXIT_HEIGHTS, exit_tables
from circuits.exit.inputs import EXIT_MESSAGES_MAX, EXIT_PUBLICS
from circuits.exit.pinned import exit_key, packaged_exit, packaged_exit_messages
from circuits.exit.witness import build_exit
from circuits.soundness.report import require_secure
from circuits.stark.errors import Failure
from circuits.stark.kept import prepared_prover
from circuits.stark.lowered import PackagedCircuit
from circuits.stark.parameters import Parameters, parameters_by_name
from circuits.stark.shape import shape_of
from circuits.tables.base.air import WHOLE_TABLE as BASE
from circuits.tables.base.trace import WHOLE_TABLE_BY_KERNEL
from rollup.hash.batched import compress_many
from rollup.l1.exit_asked import ExitAsked, ExitProved, Report
from rollup.ports import VerificationError


def _unheard(_: str, __: float) -> None:
    """Report to nobody."""


class StarkExitProver:
    """Implements `rollup.l1.private_exit.ExitProver` with one parameter set; fixed columns are
    committed once and kept."""

    def __init__(self, parameter_set: str = "l1") -> None:
        """ValueError unless the set is among those proofs are made with; InsecureParameters where
        it has less than 100 proven bits."""
        self._parameters: Parameters = parameters_by_name(parameter_set)
        self._circuit = proving_exit_circuit()
        require_secure(shape_of(self._circuit, self._parameters), EXIT_MESSAGES_MAX)
        root = exit_key().fixed_root(self._circuit, self._parameters)
        self._prover = prepared_prover(self._circuit, self._parameters, root)
        if self._prover.fixed_root != root:
            raise VerificationError(Failure.WRONG_KEY, "the pinned key has other fixed columns")

    def prove(self, asked: ExitAsked, report: Report = _unheard) -> ExitProved:
        """Prove an exit. CannotExit, before any work, where there is none to prove."""
        statement = asked.statement(compress_many)
        report("witness", 0.0)
        witness = build_exit(
            asked.leaf,
            asked.secret.reveal(),
            statement,
            self._circuit,
            self._parameters.blinded_rows,
        )
        traces = (witness.traces.pop(placed.name) for placed in self._circuit.tables)
        proved = self._prover.prove(traces, *witness.known, progress=report)
        return ExitProved(statement, proved.proof)


@cache
def proving_exit_circuit() -> PackagedCircuit:
    """The circuit as its prover takes it: packaged, nothing traced."""
    placed = [
        (WHOLE_TABLE_BY_KERNEL if table is BASE else table, height)
        for table, height in exit_tables(EXIT_HEIGHTS)
    ]
    packaged = packaged_exit(), packaged_exit_messages()
    return PackagedCircuit.of(placed, (EXIT_PUBLICS, EXIT_BUSES), *packaged)
