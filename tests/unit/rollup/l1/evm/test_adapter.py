"""What the adapter makes of bytes: records of the rules, reasons, parts of a proof."""

from dataclasses import dataclass, field

import pytest

pytest.importorskip("eth_abi", reason="the extra `evm` brings it")

from eth_abi.abi import encode

from rollup.harness.people import address, key_words, viewing_words
from rollup.l1.connection import RefusedByPeer
from rollup.l1.evm.abi import Interface, word
from rollup.l1.evm.artefact import artefact
from rollup.l1.evm.chain import DATA_BYTES_MAX, CallReverted, ChainError, Log, Receipt
from rollup.l1.evm.contract import REVERTED, NotProved, reverted
from rollup.l1.evm.proofs import STARK_FACTS, ProofParts, StarkFacts
from rollup.l1.evm.records import entry_from_bytes, header_from_bytes
from rollup.l1.interface import Revert, Reverted
from rollup.protocol.deposit import NO_KEY, NO_VIEWING, EntryKind, QueueEntry
from rollup.protocol.header import BatchHeader
from rollup.protocol.rejection import Rejected

ALICE = address("alice")
ENTRIES = (
    QueueEntry(0, EntryKind.REGISTER, 1, ALICE, key_words("alice"), viewing_words(), 7, 3),
    QueueEntry(2**30 - 1, EntryKind.CREDIT, 2**30 - 1, ALICE, NO_KEY, NO_VIEWING, 2**62 - 1),
    QueueEntry(5, EntryKind.ROTATE, 2, ALICE, (2**32 - 1,) * 14, (0,) * 8, 1),
    QueueEntry(6, EntryKind.EXIT, 2, ALICE, NO_KEY, NO_VIEWING, 2**53 - 1),
)
HEADER = BatchHeader(
    number=9,
    time=2**50,
    redo=True,
    begins_open=True,
    missing=0b101,
    governance=b"\1" * 32,
    old_root=(1, 2, 3, 4, 5, 6, 7, 8),
    new_root=(9, 8, 7, 6, 5, 4, 3, 2),
    receipts=b"\2" * 32,
    deposits_before=3,
    deposits=64,
    queue_head=b"\3" * 32,
    public=b"\4" * 32,
)


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_is_read_from_its_bytes_and_from_no_others(entry: QueueEntry) -> None:
    data = entry.encode()
    assert entry_from_bytes(data) == entry
    for wrong in (data[:-1], data + b"\0", data[:15] + b"\7" + data[16:]):
        with pytest.raises((ValueError, Rejected)):
            entry_from_bytes(wrong)


def test_a_header_is_read_from_its_bytes_and_from_no_others() -> None:
    data = HEADER.encode()
    assert header_from_bytes(data) == HEADER
    flag = data.index(b"\0" * 7 + b"\1")
    for wrong in (
        data[:-1],
        data + b"\0",
        b"\0" + data[1:],
        data[:flag] + b"\2" + data[flag + 1 :],
    ):
        with pytest.raises((ValueError, Rejected)):
            header_from_bytes(wrong)


def test_each_reason_is_known_by_its_place_and_nothing_else_is_one() -> None:
    for place, reason in enumerate(Revert):
        found = reverted(REVERTED + place.to_bytes(32, "big"))
        assert isinstance(found, Reverted) and found.reason is reason
    strange = (
        *(b"", REVERTED, b"\0\0\0\0" + bytes(32)),
        *(REVERTED + len(Revert).to_bytes(32, "big"), REVERTED + bytes(33)),
    )
    assert all(isinstance(reverted(data), RefusedByPeer) for data in strange)


def test_a_number_below_zero_is_no_small_number() -> None:
    assert (word(5), word(-1)) == (5, 2**256 - 1)


def test_an_event_of_another_contract_is_not_heard() -> None:
    echo = Interface(artefact("Echo").abi)
    assert echo.heard(Log(ALICE, (), b"")) is None
    assert echo.heard(Log(ALICE, (b"\1" * 32,), b"")) is None


@dataclass
class NotingChain:
    """Answers that a fact is valid once all queries came; or refuses the call after so many."""

    refuses_after: int = 10**9
    forgets: bool = False
    calls: list[bytes] = field(default_factory=list)

    def send(self, to: bytes, calldata: bytes, sender: bytes) -> Receipt:
        if len(self.calls) >= self.refuses_after:
            raise CallReverted(b"\xaa\xbb")
        assert len(calldata) <= DATA_BYTES_MAX
        self.calls.append(calldata)
        return Receipt(b"", 1)

    def read(self, to: bytes, calldata: bytes) -> bytes:
        return encode(["bool"], [len(self.calls) > 1 and not self.forgets])


@dataclass
class OneProof:
    """A proof of 30 queries, each of so many bytes."""

    query_bytes: int

    def parts(self, public: object, proof: bytes, parameter_set: str) -> ProofParts:
        queries = [bytes([place + 1]) * self.query_bytes for place in range(30)]
        return ProofParts(b"statement", b"opening", b"c" * 6_000, b"t" * 3_000, queries, b"f" * 32)

    def refusal(self, data: bytes) -> str:
        return f"refused with {data.hex()}"


def facts(chain: NotingChain, query_bytes: int = 5_000) -> StarkFacts:
    interface = Interface(artefact(STARK_FACTS).abi)
    return StarkFacts(chain, b"\7" * 20, interface, OneProof(query_bytes), "l1")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query_bytes", "calls"), [(100, 1), (5_000, 2), (30_000, 8), (119_000, 30)]
)
def test_all_queries_come_in_as_few_transactions_as_fit(query_bytes: int, calls: int) -> None:
    chain = NotingChain()
    found = facts(chain, query_bytes)
    assert len(found.bring(None, b"", ALICE)) == 1 + calls  # type: ignore[arg-type]
    cuts = found.cuts(OneProof(query_bytes).parts(None, b"", ""))
    places = [place for first, count in cuts for place in range(first, first + count)]
    assert places == list(range(30))
    assert max(count for _, count in cuts) - min(count for _, count in cuts) <= 1
    for place in range(30):
        queried = bytes([place + 1]) * query_bytes
        assert sum(queried in call for call in chain.calls) == 1


def test_queries_that_fit_no_transaction_are_not_brought() -> None:
    chain = NotingChain()
    with pytest.raises(ChainError, match="no query"):
        facts(chain, 125_000).cuts(OneProof(125_000).parts(None, b"", ""))


@pytest.mark.parametrize(
    ("chain", "why"),
    [
        (NotingChain(refuses_after=0), "refused with aabb"),
        (NotingChain(refuses_after=1), "refused with aabb"),
        (NotingChain(forgets=True), "knows no such fact"),
    ],
)
def test_what_the_contract_refuses_or_does_not_know_is_not_proved(
    chain: NotingChain, why: str
) -> None:
    with pytest.raises(NotProved, match=why):
        facts(chain).bring(None, b"", ALICE)  # type: ignore[arg-type]


def test_a_refused_part_of_a_proof_that_is_known_does_no_harm() -> None:
    """Somebody else brought it first: the fact is what counts."""
    chain = NotingChain(refuses_after=2)
    facts(chain).bring(None, b"", ALICE)  # type: ignore[arg-type]
    assert len(chain.calls) == 2


def test_what_is_proved_before_is_not_brought_again() -> None:
    chain = NotingChain(calls=[b"", b""])
    assert facts(chain).bring(None, b"", ALICE) == []  # type: ignore[arg-type]
    assert len(chain.calls) == 2
