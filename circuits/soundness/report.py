"""The report: bits by term for a circuit and a parameter set, and the refusal of weak ones."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import log2

from circuits.pcs.merkle_verify import DIGEST_BYTES_MIN
from circuits.soundness import errors
from circuits.soundness.bounds import BOUNDS, M_MIN, Bound, agreement
from circuits.soundness.counts import Counts, counts_of
from circuits.stark.shape import Shape

REQUIRED_BITS = 100.0
"""Proven bits that every set outside tests has, in its weakest round and summed over all rounds:
the Ethereum Foundation's bar for 2026."""

QUERIES = "queries"

HASH = "hash"

HASH_BITS_MAX = 128.0
"""Collisions of Keccak-256, which no parameter raises."""

M_MAX = 1 << 16
"""Where the search for m ends: the best lies between 20 and 1,000 for our sets."""


class InsecureParameters(ValueError):
    """The parameter set does not prove the required bits for this circuit."""


@dataclass(frozen=True, slots=True)
class Term:
    """One round. `bits` is -log2 of its error."""

    name: str
    bits: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One bound at its best m. `bits` is the weakest term; `total_bits` sums all rounds."""

    bound: str
    m: int
    terms: tuple[Term, ...]

    @property
    def bits(self) -> float:
        """Bits of the weakest term: what an attacker who retries that round works against."""
        return min(term.bits for term in self.terms)

    @property
    def rounds(self) -> tuple[Term, ...]:
        """The rounds of the proof: all terms but the hash, which is no challenge."""
        return tuple(term for term in self.terms if term.name != HASH)

    @property
    def total_bits(self) -> float:
        """Bits of the sum of all rounds: the chance of a single attempt at a whole proof."""
        return -log2(sum(2.0**-term.bits for term in self.rounds))

    def bits_of(self, name: str) -> float:
        """Bits of one term."""
        return next(term.bits for term in self.terms if term.name == name)

    def bits_besides(self, name: str) -> float:
        """Bits of the weakest of all other rounds."""
        return min(term.bits for term in self.rounds if term.name != name)


@dataclass(frozen=True, slots=True)
class Report:
    """What a parameter set proves about a circuit, by the Johnson bound alone."""

    parameter_set: str
    counts: Counts
    evaluations: tuple[Evaluation, ...]

    @property
    def proven(self) -> Evaluation:
        """By the theorem that we rely on."""
        return self.evaluations[0]

    @property
    def bits(self) -> float:
        """The figure that is printed and stored."""
        return self.proven.bits

    def to_record(self) -> dict[str, object]:
        """For `--json` and `meta.json`: bits rounded down to a tenth."""
        return {
            "parameter_set": self.parameter_set,
            "bits": round_down(self.bits),
            "bounds": [_evaluation_record(evaluation) for evaluation in self.evaluations],
        }


def report(shape: Shape, public_messages: int) -> Report:
    """Evaluate a circuit's shape. `public_messages`: the most that a statement may bring."""
    return evaluate(shape.parameters.name, counts_of(shape, public_messages))


def evaluate(parameter_set: str, counts: Counts) -> Report:
    """Evaluate given counts by every bound."""
    return Report(parameter_set, counts, tuple(best(bound, counts) for bound in BOUNDS))


def require_secure(shape: Shape, public_messages: int) -> Report:
    """The report; InsecureParameters as `require_bits` says."""
    return require_bits(report(shape, public_messages))


def require_bits(found: Report) -> Report:
    """The same report; InsecureParameters if digests are too short, or if the reference bound
    proves less than 100 bits in the weakest round or for all rounds together."""
    digest_bytes = found.counts.digest_bytes
    if digest_bytes < DIGEST_BYTES_MIN:
        raise InsecureParameters(
            f"parameter set {found.parameter_set} has digests of {digest_bytes} bytes; "
            f"{DIGEST_BYTES_MIN} are required"
        )
    weakest = min(found.proven.terms, key=lambda term: term.bits)
    _require(found, found.bits, f"weakest: {weakest.name}")
    _require(found, found.proven.total_bits, "all rounds together")
    return found


def _require(found: Report, bits: float, which: str) -> None:
    if bits < REQUIRED_BITS:
        raise InsecureParameters(
            f"parameter set {found.parameter_set} proves {bits:.2f} bits for this circuit "
            f"({which}); {REQUIRED_BITS:.0f} are required"
        )


def best(bound: Bound, counts: Counts) -> Evaluation:
    """The bound at the m whose weakest round is strongest.

    Bits of the queries rise with m and all others fall, so the best m is where they cross.
    """
    low, high = M_MIN, M_MAX
    while low < high:
        middle = (low + high) // 2
        evaluation = at(bound, counts, middle)
        if evaluation.bits_of(QUERIES) < evaluation.bits_besides(QUERIES):
            low = middle + 1
        else:
            high = middle
    return max(
        (at(bound, counts, m) for m in (max(M_MIN, low - 1), low)),
        key=lambda evaluation: (evaluation.bits, evaluation.total_bits),
    )


def at(bound: Bound, counts: Counts, m: int) -> Evaluation:
    """All terms at one m. InsecureParameters if the theorems do not apply there."""
    _require_applicable(counts, m)
    line = bound.line_error(counts, m)
    folds = (
        _term(f"fold {layer + 1}", errors.fold(counts, bound.line_error(folded, m)))
        for layer, folded in enumerate(_folded(counts))
    )
    terms = (
        _term("lookup", errors.lookup(counts, m)),
        _term("constraint batching", errors.constraint_batching(counts, m)),
        _term("out of domain", errors.out_of_domain(counts, m)),
        _term("batching", errors.batching(counts, line)),
        *folds,
        _term(QUERIES, errors.query(counts, m)),
        Term(HASH, hash_bits(counts.digest_bytes)),
    )
    return Evaluation(bound.name, m, terms)


def hash_bits(digest_bytes: int) -> float:
    """Bits against a collision of tree digests of so many bytes, as of the hash itself."""
    return min(HASH_BITS_MAX, 4.0 * digest_bytes)


def round_down(bits: float) -> float:
    """Bits to a tenth, never up."""
    return int(bits * 10) / 10


def _term(name: str, error: float) -> Term:
    return Term(name, -log2(error))


def _folded(counts: Counts) -> Iterator[Counts]:
    """The codes that are folded, each before its fold: height and domain shrink by the arity."""
    for layer in range(counts.folds):
        yield replace(counts, height=counts.height // counts.fold_arity**layer)


def _require_applicable(counts: Counts, m: int) -> None:
    """Openings are bound where functions of degree < k + s agree: k + s < (1 - delta) n. Delta
    must be positive."""
    share = agreement(counts, m)
    if share >= 1 or counts.height + counts.largest_stack >= share * counts.domain:
        raise InsecureParameters(
            f"no proven bound applies to {counts.height} rows at rate 1/{1 << counts.log2_blowup}"
        )


def _evaluation_record(evaluation: Evaluation) -> dict[str, object]:
    return {
        "bound": evaluation.bound,
        "m": evaluation.m,
        "bits": round_down(evaluation.bits),
        "total_bits": round_down(evaluation.total_bits),
        "terms": {term.name: round_down(term.bits) for term in evaluation.terms},
    }
