"""Malicious provers on a small circuit, and verifiers that lack a defence.

    verdict(instance)                       why the verifier refuses the (bent) prover's proof
    deaf(monkeypatch, "terminals")          prover and verifier leave this out of the transcript

An exploit is only worth its test if it works where the defence is missing: so tests that replace a
transcript first show that the weak verifier accepts the lie, then that the real one does not.
"""

from dataclasses import dataclass, replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest

from circuits.pcs.fold import fold_values
from circuits.pcs.transcript import Transcript
from circuits.stark import binding, low_degree, prover, quotient
from circuits.stark.committed import generate_key
from circuits.stark.domain import point
from circuits.stark.errors import Failure, VerificationError
from circuits.stark.key import VerificationKey
from circuits.stark.lookup import LookupChallenges, lookup_challenges
from circuits.stark.parameters import FOLD_LOG2, INSECURE_TEST, Parameters
from circuits.stark.proof import Proof, decode, tree_depth
from circuits.stark.prover import Prover
from circuits.stark.queries import _fibre
from circuits.stark.shape import Shape, shape_of
from circuits.stark.verifier import _Verification, verify
from rollup.field import extension, koalabear
from rollup.field.extension import Element
from rollup.field.koalabear import P
from tests.helpers.circuits import Instance, small_instance

HEIGHTS = (512, 1024)
"""Two: tables of one height have one terminal."""


def an_instance(**changes: Any) -> Instance:
    """A satisfied statement."""
    return small_instance(*HEIGHTS, INSECURE_TEST.blinded_rows, **changes)


@cache
def key_of(parameters: Parameters = INSECURE_TEST) -> VerificationKey:
    """The pinned key of the circuit at HEIGHTS."""
    return generate_key(an_instance().circuit, [parameters])


@cache
def honest_proof() -> bytes:
    """A proof of `an_instance()`."""
    return prove(an_instance())


def prove(instance: Instance, parameters: Parameters = INSECURE_TEST) -> bytes:
    """What the (bent) prover makes of an instance."""
    made = Prover(instance.circuit, parameters)
    return made.prove(instance.traces, *instance.known).proof


def judge(instance: Instance, proof: bytes, parameters: Parameters = INSECURE_TEST) -> None:
    """Verify against the pinned key."""
    key = key_of(parameters)
    circuit = an_instance().circuit
    verify(circuit, key, *instance.known, parameters, proof)


def refusal(instance: Instance, proof: bytes, parameters: Parameters = INSECURE_TEST) -> Failure:
    """Why a proof is refused; the test fails if it is not."""
    with pytest.raises(VerificationError) as caught:
        judge(instance, proof, parameters)
    return caught.value.reason


def shape() -> Shape:
    """The shape at HEIGHTS."""
    return shape_of(an_instance().circuit, INSECURE_TEST)


class Deaf(Transcript):
    """A transcript that leaves some labels out, and remembers what it drew."""

    unheard: frozenset[str] = frozenset()
    drawn: dict[str, list[Any]]

    def __init__(self, protocol: str) -> None:
        super().__init__(protocol)
        self.drawn = {}
        Deaf.latest = self  # type: ignore[attr-defined]

    def absorb(self, label: str, data: bytes) -> None:
        if label not in self.unheard:
            super().absorb(label, data)

    def challenge(self, label: str) -> Element:
        found = super().challenge(label)
        self.drawn.setdefault(label, []).append(found)
        return found

    def indices(self, label: str, log2_size: int, count: int) -> list[int]:
        found = super().indices(label, log2_size, count)
        self.drawn.setdefault(label, []).append(found)
        return found


def deaf(monkeypatch: pytest.MonkeyPatch, *labels: str) -> None:
    """From now on, nobody absorbs these labels."""
    monkeypatch.setattr(Deaf, "unheard", frozenset(labels))
    monkeypatch.setattr(binding, "Transcript", Deaf)


def hearing(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, the transcript is the real one."""
    monkeypatch.setattr(binding, "Transcript", Transcript)


def drop_high_coefficients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take for a quotient what is left of a non-polynomial without its high coefficients."""
    interpolate = quotient._interpolate

    def truncated(shape: Any, values: Any) -> Any:
        coefficients = interpolate(shape, values)
        coefficients[3 * shape.chunk_coefficients :] = 0
        return coefficients

    monkeypatch.setattr(quotient, "_interpolate", truncated)


def skip_balance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not ask whether the buses balance."""
    monkeypatch.setattr(prover._Session, "_check_balance", lambda *_: None)


def skip_degree_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send the low coefficients of the last fold, whatever the others are."""

    def truncated(shape: Any, values: Any, shift: int) -> Any:
        coefficients = low_degree.interpolate(values.T, shift)
        rows = coefficients[: shape.final_coefficients].tolist()
        return tuple(tuple(row) for row in rows)

    monkeypatch.setattr(low_degree, "_final_polynomial", truncated)


def reckless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A prover that skips all of its own checks."""
    drop_high_coefficients(monkeypatch)
    skip_balance(monkeypatch)
    skip_degree_check(monkeypatch)


def false_instance() -> Instance:
    """A cube that is none: constraint steps.cube is broken in row 17."""
    instance = an_instance()
    instance.traces[0][17, 2] = (int(instance.traces[0][17, 2]) + 1) % P
    return instance


@dataclass
class Challenges:
    """The challenges of a transcript that has run."""

    lookup: LookupChallenges
    kappa: Element
    zeta: Element
    batch: Element
    folds: list[Element]
    indices: list[int]


def challenges() -> Challenges:
    """Those of the latest deaf transcript."""
    drawn = Deaf.latest.drawn  # type: ignore[attr-defined]
    alpha, beta = drawn["lookup-alpha"][-1], drawn["lookup-beta"][-1]
    return Challenges(
        lookup_challenges(alpha, beta, shape()),
        drawn["constraints"][-1],
        drawn["zeta"][-1],
        drawn.get("batch", [extension.ZERO])[-1],
        drawn.get("fold", []),
        drawn.get("queries", [[]])[-1],
    )


def quotient_gap(instance: Instance, proof: Any, known: Challenges) -> Element:
    """The constraints over their zerofiers, less what the chunks say: zero for a true proof."""
    verification = _Verification(shape(), instance.publics, proof, Transcript("unused"))
    found = verification._from_constraints(known.lookup, known.kappa, known.zeta)
    return extension.subtract(found, verification._from_chunks(known.zeta))


def decoded(proof: bytes) -> Proof:
    """The members of a proof."""
    return decode(proof, shape())


def opened(terminals: Any, here: Any, after: Any, chunks: Any) -> Any:
    """As much of a proof as the constraints need."""
    return SimpleNamespace(terminals=terminals, here=here, after=after, chunks=chunks)


def with_final_through_the_queries(proof: Proof, known: Challenges) -> Proof:
    """The proof with a final polynomial that goes through the folds at the queried positions."""
    values: dict[int, Element] = {}
    for number, index in enumerate(known.indices):
        position, x = index, point(shape(), index)
        value = extension.ZERO
        for layer, challenge in enumerate(known.folds):
            slot, leaf = divmod(position, 1 << tree_depth(shape(), layer))
            start = x * pow(koalabear.omega(FOLD_LOG2), -slot, P) % P
            fibre = _fibre(proof.queries[number].layers[layer].row)
            value = fold_values(fibre, start, challenge)
            position, x = leaf, pow(x, 1 << FOLD_LOG2, P)
        values[x] = value
    final = interpolated(values)
    padding = [extension.ZERO] * (len(proof.final) - len(final))
    return replace(proof, final=(*final, *padding))


def interpolated(values: dict[int, Element]) -> list[Element]:
    """Coefficients of the polynomial through points of F with values in E."""
    total = [extension.ZERO] * len(values)
    for x, value in values.items():
        basis, scale = [1], 1
        for other in values:
            if other != x:
                basis = [(a - other * b) % P for a, b in zip([0, *basis], [*basis, 0], strict=True)]
                scale = scale * (x - other) % P
        factor = extension.scale(value, pow(scale, -1, P))
        for k, coefficient in enumerate(basis):
            total[k] = extension.add(total[k], extension.scale(factor, coefficient))
    return total
