"""Provers that cheat at one step and are honest in the rest: refused, each for its reason."""

from dataclasses import replace

import numpy as np
import pytest

from circuits.stark import low_degree, prover, quotient
from circuits.stark.batched import Opened
from circuits.stark.committed import generate_key
from circuits.stark.errors import Failure, VerificationError
from circuits.stark.masks import MASK_BUS
from circuits.stark.parameters import INSECURE_TEST, Parameters
from circuits.stark.prover import Prover
from circuits.stark.verifier import verify
from rollup.field import extension
from rollup.field.koalabear import P
from tests.helpers.circuits import Instance, small_instance
from tests.helpers.claims import by_formula


@pytest.fixture
def instance() -> Instance:
    return small_instance(1024, 512, INSECURE_TEST.blinded_rows)


def verdict(instance: Instance, parameters: Parameters = INSECURE_TEST) -> Failure:
    """Why the verifier refuses what the (bent) prover makes of an instance."""
    proved = Prover(instance.circuit, parameters).prove(instance.traces, *instance.known)
    key = generate_key(instance.circuit, [parameters])
    with pytest.raises(VerificationError) as caught:
        verify(
            instance.circuit,
            key,
            *instance.known,
            parameters,
            proved.proof,
        )
    return caught.value.reason


def drop_high_coefficients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take as quotient what is left of a non-polynomial when its high coefficients are dropped."""
    interpolate = quotient._interpolate

    def truncated(shape, values):
        coefficients = interpolate(shape, values)
        coefficients[3 * shape.chunk_coefficients :] = 0
        return coefficients

    monkeypatch.setattr(quotient, "_interpolate", truncated)


def skip_balance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prover._Session, "_check_balance", lambda *_: None)


@pytest.mark.parametrize("cell", [(0, 0), (17, 2), (990, 0), (991, 1), (5, 1)])
def test_a_broken_constraint(instance, monkeypatch, cell) -> None:
    instance.traces[0][cell] += 1
    drop_high_coefficients(monkeypatch)
    skip_balance(monkeypatch)
    assert verdict(instance) in (Failure.CONSTRAINTS, Failure.UNBALANCED_BUSES)


def test_a_broken_cube(instance, monkeypatch) -> None:
    instance.traces[0][17, 2] += 1
    drop_high_coefficients(monkeypatch)
    assert verdict(instance) is Failure.CONSTRAINTS


def test_an_unbalanced_bus(instance, monkeypatch) -> None:
    instance.traces[1][3, 0] += 1
    skip_balance(monkeypatch)
    assert verdict(instance) is Failure.UNBALANCED_BUSES


def test_a_message_outside_the_table(instance, monkeypatch) -> None:
    instance.traces[0][3, 3] = 300
    instance.traces[0][3, 4] = 300 * 300
    skip_balance(monkeypatch)
    assert verdict(instance) is Failure.UNBALANCED_BUSES


def test_a_terminal_bent_to_balance(instance, monkeypatch) -> None:
    instance.traces[1][3, 0] += 1
    columns = prover._Session._lookup_columns

    def bent(session, main, constants):
        lookup, terminals = columns(session, main, constants)
        rest = extension.negate(extension.add(missing(session), terminals[0]))
        return lookup, (terminals[0], rest)

    def missing(session):
        challenges = seen["challenges"]
        return prover.balance(challenges, session.messages, ())

    seen = {}
    draw = prover._Session._lookup_challenges

    def remember(session):
        seen["challenges"] = draw(session)
        return seen["challenges"]

    monkeypatch.setattr(prover._Session, "_lookup_challenges", remember)
    monkeypatch.setattr(prover._Session, "_lookup_columns", bent)
    drop_high_coefficients(monkeypatch)
    assert verdict(instance) is Failure.CONSTRAINTS


def test_masks_that_do_not_close_the_ring(instance, monkeypatch) -> None:
    matrices = prover.main_matrices

    def broken(shape, traces, stream):
        result = matrices(shape, traces, stream)
        result[0][0, shape.groups[0].widths[1] - 1] ^= 1
        return result

    assert MASK_BUS == 0
    monkeypatch.setattr(prover, "main_matrices", broken)
    skip_balance(monkeypatch)
    assert verdict(instance) is Failure.UNBALANCED_BUSES


@pytest.mark.parametrize("member", ["here", "after", "chunks"])
def test_an_opened_value_that_is_another(instance, monkeypatch, member) -> None:
    """Refused by the constraints, or, where they do not see the value, by the low-degree test."""
    opening = prover.open_columns

    def bent(shape, phases, zeta) -> Opened:
        opened = opening(shape, phases, zeta)
        *others, last = getattr(opened, member)
        return replace(opened, **{member: (*others, extension.add(last, extension.ONE))})

    monkeypatch.setattr(prover, "open_columns", bent)
    by_formula(monkeypatch)
    reason = verdict(instance)
    assert reason in (Failure.CONSTRAINTS, Failure.FINAL_POLYNOMIAL)


def skip_degree_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send the low coefficients of the last fold, whatever the others are."""

    def truncated(shape, values, shift):
        coefficients = low_degree.interpolate(values.T, shift)
        rows = coefficients[: shape.final_coefficients].tolist()
        return tuple(tuple(row) for row in rows)

    monkeypatch.setattr(low_degree, "_final_polynomial", truncated)


def test_a_batch_that_is_not_of_the_opened_rows(instance, monkeypatch) -> None:
    """f_0 of low degree, but not what the rows say: caught at the queried positions."""
    batch = prover.batch

    def other(*arguments):
        values = batch(*arguments)
        values[0] = (values[0].astype(np.int64) + 1) % P
        return values

    monkeypatch.setattr(prover, "batch", other)
    assert verdict(instance) is Failure.FOLD


def test_a_batch_of_high_degree(instance, monkeypatch) -> None:
    batch = prover.batch

    def noise(*arguments):
        values = batch(*arguments)
        return np.random.default_rng(1).integers(0, P, values.shape, dtype=np.uint32)

    monkeypatch.setattr(prover, "batch", noise)
    skip_degree_check(monkeypatch)
    assert verdict(instance) is Failure.FOLD


def test_a_fold_with_another_challenge(instance, monkeypatch) -> None:
    fold = low_degree.fri.fold_planes

    def other(values, shift, challenge):
        return fold(values, shift, extension.add(challenge, extension.ONE))

    monkeypatch.setattr(low_degree.fri, "fold_planes", other)
    assert verdict(instance) is Failure.FINAL_POLYNOMIAL


@pytest.mark.parametrize("place", ["query", "batch", "fold"])
def test_work_that_was_not_done(instance, monkeypatch, place) -> None:
    def idle(state, bits):
        return 12345 if bits == 30 else search(state, bits)

    search = low_degree.grind
    monkeypatch.setattr(low_degree, "grind", idle)
    hard = replace(INSECURE_TEST, **{f"grinding_{place}": 30})
    assert verdict(instance, hard) is Failure.GRINDING


def test_a_random_polynomial_left_out(instance, monkeypatch) -> None:
    """It hides, and adds nothing to soundness: a proof without it is still a proof."""
    chunks = prover.masked_chunks

    def bare(shape, coefficients, stream):
        columns = chunks(shape, coefficients, stream)
        columns[:, -5:] = 0
        return columns

    monkeypatch.setattr(prover, "masked_chunks", bare)
    proved = Prover(instance.circuit, INSECURE_TEST).prove(instance.traces, *instance.known)
    key = generate_key(instance.circuit, [INSECURE_TEST])
    verify(instance.circuit, key, *instance.known, INSECURE_TEST, proved.proof)


def test_chunks_that_do_not_add_up(instance, monkeypatch) -> None:
    chunks = prover.masked_chunks

    def bent(shape, coefficients, stream):
        columns = chunks(shape, coefficients, stream)
        columns[0, 0] ^= 1
        return columns

    monkeypatch.setattr(prover, "masked_chunks", bent)
    assert verdict(instance) is Failure.CONSTRAINTS
