"""The parameter sets of the proof system: everything that trades bits, bytes and seconds.

The error terms behind them are in docs/soundness/README.md. The bits a set proves for a circuit
are computed by `circuits.soundness`, from the same record. A proof never carries its parameters:
the verifier is given them and binds them into the transcript.
"""

from dataclasses import dataclass

from rollup.field.extension import DEGREE
from rollup.field.koalabear import TWO_ADICITY, P
from rollup.hash.keccak import DIGEST_BYTES

PROTOCOL_VERSION = 3
"""Raised with every change of what proofs are; each proof begins with it."""

CHUNKS = 3
"""The quotient has degree < 2.25 N: three chunks of N - h coefficients hold it when N >= 4 h."""

SEEN_POINTS = 2
"""Points of E that a column may be opened at: zeta and the row below."""

FOLD_LOG2 = 3
"""A fold by 8 halves three times at the price of one layer."""

FINAL_LOG2_MIN = 6
"""Folding stops at 2^6 to 2^8 coefficients, so that every fold is by 8."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """One parameter set. Grinding is in bits of work at three places of the transcript.

    `digest_bytes` are kept of each digest in a Merkle tree; all other digests are whole.
    """

    name: str
    log2_blowup: int
    queries: int
    grinding_query: int
    grinding_batch: int
    grinding_fold: int
    salt_bytes: int = 16
    digest_bytes: int = DIGEST_BYTES

    @property
    def blowup(self) -> int:
        """Points of the evaluation domain per row: 1 / rate."""
        return 1 << self.log2_blowup

    @property
    def blinded_rows(self) -> int:
        """h = 2 q + 4 e: the rows at the end of every table that are random and unconstrained.

        What is seen of a column depends on its values at q points of the domain and in the row
        below them, and at two points of E with their conjugates; 2 q + 2 e would do
        (docs/soundness/zero-knowledge.md), the rest is margin.
        """
        return 2 * self.queries + 2 * SEEN_POINTS * DEGREE

    @property
    def min_height(self) -> int:
        """Smallest table: a power of two of at least 4 h rows, which bounds the quotient."""
        return 1 << (4 * self.blinded_rows - 1).bit_length()

    @property
    def max_log2_height(self) -> int:
        """Tallest table, in log2: the field has no larger evaluation domain."""
        return TWO_ADICITY - self.log2_blowup

    @property
    def tree_top_log2(self) -> int:
        """log2 of the width of the tree layer that a proof carries whole, once per tree.

        Paths end there: q paths share their upper nodes, and shapes stay fixed, which pruning
        would not allow. floor(log2 q) is within 4 % of the smallest proof.
        """
        return self.queries.bit_length() - 1

    def encode(self) -> bytes:
        """The canonical bytes that bind the set: fixed fields, 4 bytes each, little-endian."""
        fields = (
            PROTOCOL_VERSION,
            P,
            DEGREE,
            self.log2_blowup,
            self.queries,
            self.grinding_query,
            self.grinding_batch,
            self.grinding_fold,
            self.blinded_rows,
            self.salt_bytes,
            self.tree_top_log2,
            FOLD_LOG2,
            FINAL_LOG2_MIN,
            CHUNKS,
            self.digest_bytes,
        )
        return b"".join(field.to_bytes(4, "little") for field in fields)


def final_log2(log2_height: int) -> int:
    """log2 of the number of coefficients of the final polynomial: 6 + log2 N mod 3."""
    return min(log2_height, FINAL_LOG2_MIN + log2_height % FOLD_LOG2)


def fold_count(log2_height: int) -> int:
    """How many folds by 8 lead from a polynomial of 2^log2_height coefficients to the final one."""
    return (log2_height - final_log2(log2_height)) // FOLD_LOG2


FAST = Parameters("fast", 2, 83, 20, 16, 10)
"""Rate 1/4: the fastest prover; 102.1 bits at 2^22."""

BALANCED = Parameters("balanced", 3, 55, 20, 12, 8)
"""Rate 1/8: 101.5 bits up to 2^21."""

L1 = Parameters("l1", 6, 25, 27, 20, 14, digest_bytes=26)
"""Rate 1/64: the smallest proof, for tables up to 2^18; 101.8 bits."""

L1_TALL = Parameters("l1-tall", 5, 31, 26, 16, 10, digest_bytes=26)
"""Rate 1/32: three fifths of the memory of `l1`, for classes whose tables are tall; 103.1 bits."""

PARAMETER_SETS = {parameters.name: parameters for parameters in (FAST, BALANCED, L1, L1_TALL)}
"""The sets that a proof may be made with; the test set is not among them."""

INSECURE_TEST = Parameters("insecure-test", 2, 6, 2, 1, 1)
"""A few bits of security, for tests that prove often. Reachable from Python only, by this name."""


def parameters_by_name(name: str) -> Parameters:
    """The secure set of that name. Raises ValueError for any other, `insecure-test` included."""
    if name not in PARAMETER_SETS:
        wanted = ", ".join(PARAMETER_SETS)
        raise ValueError(f"a parameter set is one of {wanted}, not {name!r}")
    return PARAMETER_SETS[name]
