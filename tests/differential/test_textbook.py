"""The textbook verifier and the product's say the same, and for the same reason.

The textbook verifier (tests/helpers/textbook.py) was written from protocol.md and proof-format.md
alone. Both judge honest proofs of many shapes, mutated bytes, mutated statements and proofs of
provers that lie.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from random import Random

import pytest

from circuits.pcs.transcript import Transcript
from circuits.stark import low_degree, prover
from circuits.stark.batched import Opened
from circuits.stark.errors import Failure
from circuits.stark.lookup import PublicMessage
from circuits.stark.parameters import INSECURE_TEST
from circuits.stark.proof import Proof, encode
from circuits.stark.shape import shape_of
from rollup.field import extension
from rollup.field.extension import Element
from rollup.field.koalabear import P
from tests.helpers.circuits import small_instance
from tests.helpers.malice import drop_high_coefficients, skip_balance, skip_degree_check
from tests.helpers.scrambled import add_p, cut, exchange, flip, overwrite
from tests.helpers.seed import draws
from tests.helpers.textbook_format import Transcript as Textbook
from tests.helpers.two_verifiers import Case, prove, proved

SHORT = replace(INSECURE_TEST, digest_bytes=26)
WIDE = replace(INSECURE_TEST, log2_blowup=6, queries=4, grinding_query=0, digest_bytes=29)
MANY = replace(INSECURE_TEST, queries=11, grinding_batch=0, grinding_fold=3)


def cases() -> list[Case]:
    """One shape for each way to differ."""
    wanted = [((1024, 512), INSECURE_TEST), ((512, 2048), SHORT), ((512,), MANY)]
    return [proved(heights, parameters) for heights, parameters in wanted]


HEIGHTS = [(512, 1024), (1024, 512), (512, 512), (8192, 512), (256, 512), (128,), (256,), (4096,)]


@pytest.mark.parametrize("heights", HEIGHTS)
@pytest.mark.parametrize("parameters", [INSECURE_TEST, SHORT, WIDE, MANY])
def test_honest_proofs_of_many_shapes(heights, parameters) -> None:
    """From no fold to three, from one place in a stack to sixteen."""
    suitable = tuple(max(height, parameters.min_height) for height in heights)
    assert proved(suitable, parameters).judged() is None


# Mutated bytes


@pytest.mark.parametrize("number", range(3))
def test_mutated_bytes(number) -> None:
    case, draw = cases()[number], draws(3 + number)
    reasons = set()
    for mutate in (flip, overwrite, exchange, cut, add_p):
        for _ in range(30):
            proof = mutate(case.proof, draw)
            if proof != case.proof:
                reasons.add(case.judged(proof=proof))
    assert None not in reasons
    assert reasons >= {Failure.MALFORMED, Failure.NON_CANONICAL, Failure.MERKLE_PATH}


def test_versions() -> None:
    case = cases()[0]
    for version in (0, 2, 4, 3 + 2**24):
        proof = version.to_bytes(4, "little") + case.proof[4:]
        assert case.judged(proof=proof) is Failure.PROTOCOL_VERSION
    for start in (b"", case.proof[:3], case.proof[4:]):
        assert case.judged(proof=start) is Failure.PROTOCOL_VERSION


def test_nonces() -> None:
    """Of other nonces, some do the work: then another challenge meets what was sent."""
    case = cases()[0]
    known = case.decoded()
    reasons = set()
    for step in range(1, 49):
        for nonce in ("batch_nonce", "query_nonce"):
            changed = replace(known, **{nonce: getattr(known, nonce) + step})
            reasons.add(case.judged(proof=encode(changed)))
        first = replace(known.layers[0], nonce=2**64 - step)
        changed = replace(known, layers=(first, *known.layers[1:]))
        reasons.add(case.judged(proof=encode(changed)))
    assert reasons >= {Failure.GRINDING, Failure.MERKLE_PATH}
    assert None not in reasons


def moved(known: Proof, draw: Random) -> Iterator[Proof]:
    """Members of a proof in each other's place."""
    for name in ("terminals", "here", "after", "chunks", "final", "tops", "queries"):
        members = list(getattr(known, name))
        for _ in range(4):
            one, two = draw.randrange(len(members)), draw.randrange(len(members))
            exchanged = list(members)
            exchanged[one], exchanged[two] = members[two], members[one]
            yield replace(known, **{name: tuple(exchanged)})


@pytest.mark.parametrize("number", range(3))
def test_members_in_other_places(number) -> None:
    case = cases()[number]
    tried = 0
    for changed in moved(case.decoded(), draws(10 + number)):
        proof = encode(changed)
        if len(proof) == len(case.proof) and proof != case.proof:
            assert case.judged(proof=proof) is not None
            tried += 1
    assert tried > 10


def test_members_of_another_proof() -> None:
    case = cases()[1]
    other = prove(small_instance(512, 2048, SHORT.blinded_rows), SHORT)
    assert other.judged() is None
    mine, theirs = case.decoded(), other.decoded()
    for field in fields(Proof):
        proof = encode(replace(mine, **{field.name: getattr(theirs, field.name)}))
        if proof != case.proof:
            assert case.judged(proof=proof) is not None


def test_terminals_that_still_cancel() -> None:
    case = cases()[0]
    known = case.decoded()
    one, two = known.terminals
    shifted = (extension.add(one, extension.ONE), extension.subtract(two, extension.ONE))
    reason = case.judged(proof=encode(replace(known, terminals=shifted)))
    assert reason is Failure.CONSTRAINTS


# Mutated statements


def test_other_public_values() -> None:
    case = cases()[0]
    start, result = case.publics
    for publics in ((start + 1, result), (result, start), (0, 0), (start, P - 1)):
        assert case.judged(publics=publics) is Failure.UNBALANCED_BUSES
    for publics in (
        (),
        (start,),
        (start, result, 0),
        (-1, result),
        (start, P),
        (start, result + P),
    ):
        assert case.judged(publics=publics) is Failure.PUBLIC_VALUES


def test_another_digest_of_the_public_input() -> None:
    case = cases()[0]
    for digest in (b"", case.digest[:-1], case.digest + b"\0"):
        assert case.judged(digest=digest) is Failure.PUBLIC_VALUES
    assert case.judged(digest=bytes(32)) is Failure.UNBALANCED_BUSES


def messages_bent(messages: tuple[PublicMessage, ...]) -> Iterator[tuple[PublicMessage, ...]]:
    """Lists of messages that fit the buses."""
    first, *rest = messages
    yield ()
    yield (*messages, first)
    yield tuple(rest)
    yield (*rest, first)
    yield (replace(first, sign=-first.sign), *rest)
    yield (replace(first, count=first.count + 1), *rest)
    yield (replace(first, count=0), *rest)
    yield (replace(first, bus=3 - first.bus), *rest)
    yield (replace(first, payload=first.payload[::-1]), *rest)
    yield (*messages, replace(first, count=0))


def messages_unfit(messages: tuple[PublicMessage, ...]) -> Iterator[tuple[PublicMessage, ...]]:
    """Lists of messages that do not."""
    first, *rest = messages
    for change in (
        {"bus": 0},
        {"bus": 9},
        {"sign": 0},
        {"sign": 2},
        {"sign": P - 1},
        {"count": -1},
        {"count": P},
        {"payload": first.payload[:1]},
        {"payload": (*first.payload, 0)},
        {"payload": (-1, 0)},
        {"payload": (0, P)},
    ):
        yield (*rest, replace(first, **change))  # type: ignore[arg-type]


@pytest.mark.parametrize("number", range(3))
def test_other_public_messages(number) -> None:
    case = cases()[number]
    for messages in messages_bent(case.messages):
        assert case.judged(messages=messages) is Failure.UNBALANCED_BUSES
    for messages in messages_unfit(case.messages):
        assert case.judged(messages=messages) is Failure.PUBLIC_MESSAGES


def test_as_many_messages_as_the_field_has_elements() -> None:
    """The last count that is accepted as a statement, and the first that is not."""
    case = cases()[0]
    on_bus = 1024 + sum(message.count for message in case.messages)
    extra = replace(case.messages[0], count=P - 1 - on_bus)
    assert case.judged(messages=(*case.messages, extra)) is Failure.UNBALANCED_BUSES
    extra = replace(extra, count=P - on_bus)
    assert case.judged(messages=(*case.messages, extra)) is Failure.MULTIPLICITY_BOUND


def test_another_key() -> None:
    case = cases()[0]
    other = replace(case.key, circuit_digest=bytes(32))
    assert case.judged(key=other) is Failure.WRONG_KEY
    roots = {case.parameters.name: bytes(32)}
    assert case.judged(key=replace(case.key, fixed_roots=roots)) is Failure.UNBALANCED_BUSES


@pytest.mark.parametrize(
    "change",
    [
        {"queries": 5},
        {"queries": 7},
        {"log2_blowup": 3},
        {"log2_blowup": 16},
        {"grinding_query": 1},
        {"grinding_batch": 0},
        {"grinding_fold": 2},
        {"digest_bytes": 31},
        {"digest_bytes": 26},
    ],
)
def test_other_parameters(change) -> None:
    case = cases()[0]
    assert case.judged(parameters=replace(case.parameters, **change)) is not None


def test_another_circuit() -> None:
    """Another height, with a key that names the circuit and has the old root."""
    case, other = cases()[0], proved((512, 1024), INSECURE_TEST)
    assert case.judged(circuit=other.circuit, package=other.package) is Failure.WRONG_KEY
    key = replace(other.key, fixed_roots=case.key.fixed_roots)
    changed = {"circuit": other.circuit, "package": other.package, "key": key}
    assert case.judged(**changed) is not None


# Provers that lie


def bent(patches: pytest.MonkeyPatch) -> None:
    """A prover that checks nothing of its own."""
    drop_high_coefficients(patches)
    skip_balance(patches)
    skip_degree_check(patches)


def opening(bend: Callable[[Opened], Opened], patches: pytest.MonkeyPatch) -> Case:
    """An honest trace, of which a bent prover opens other values."""
    bent(patches)
    honest = prover.open_columns
    patches.setattr(prover, "open_columns", lambda *args: bend(honest(*args)))
    return prove(small_instance(512, 1024, INSECURE_TEST.blinded_rows), INSECURE_TEST)


def another(values: Sequence[Element], place: int) -> tuple[Element, ...]:
    """The values, one of them another."""
    changed = extension.add(values[place], extension.ONE)
    return (*values[:place], changed, *values[place + 1 :])


def plus_one(name: str, place: int) -> Callable[[Opened], Opened]:
    """One of the opened values is another."""
    return lambda opened: replace(opened, **{name: another(getattr(opened, name), place)})


def test_opened_values_that_are_not_the_columns(monkeypatch) -> None:
    """What a constraint reads is refused there, what none reads by the low-degree test."""
    shape = shape_of(proved((512, 1024), INSECURE_TEST).circuit, INSECURE_TEST)
    reasons = set()
    for name, count in (("here", shape.opened_here), ("after", shape.opened_below), ("chunks", 3)):
        for place in range(0, count, 2):
            with monkeypatch.context() as patches:
                reasons.add(opening(plus_one(name, place), patches).judged())
    assert reasons == {Failure.CONSTRAINTS, Failure.FOLD}


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (17, 2, Failure.CONSTRAINTS),
        (0, 0, Failure.UNBALANCED_BUSES),
        (3, 4, Failure.UNBALANCED_BUSES),
        (5, 1, Failure.CONSTRAINTS),
    ],
)
def test_traces_that_are_false(row, column, reason, monkeypatch) -> None:
    instance = small_instance(512, 1024, INSECURE_TEST.blinded_rows)
    cell = int(instance.traces[0][row, column])
    instance.traces[0][row, column] = (cell + 1) % P
    bent(monkeypatch)
    assert prove(instance, INSECURE_TEST).judged() is reason


def test_a_final_polynomial_that_is_not_the_last_fold(monkeypatch) -> None:
    honest = low_degree._final_polynomial
    monkeypatch.setattr(low_degree, "_final_polynomial", lambda *args: another(honest(*args), 5))
    assert prove(small_instance(512, 1024, 32), INSECURE_TEST).judged() is Failure.FINAL_POLYNOMIAL


def test_a_public_message_whose_denominator_is_zero(monkeypatch) -> None:
    """Challenges that nobody draws: alpha is the fingerprint of a public message."""
    case = cases()[0]
    message = case.messages[-1]
    beta = extension.X
    summed = extension.scale(extension.power(beta, 6), message.bus + 1)
    for value, power in zip(message.payload, extension.powers(beta, 2), strict=True):
        summed = extension.add(summed, extension.scale(power, value))
    drawn = {"lookup-alpha": summed, "lookup-beta": beta}
    for drawing, name in ((Transcript, "challenge_outside_base_field"), (Textbook, "outside")):
        monkeypatch.setattr(drawing, name, lambda _, label: drawn[label])
    assert case.judged() is Failure.DEGENERATE_CHALLENGE
