"""Fiat-Shamir: the public coin of the proof system, a chain of Keccak-256 states.

Prover and verifier feed the same transcript. Every step hashes

    state || operation (1 byte) || length of label (1 byte) || label || data

into the next state, so no two steps are alike unless operation, label and data are. A challenge
depends on everything absorbed before it, and moves the state on, so none is ever drawn twice.
Work on a state is proved outside, by a nonce that is then absorbed (`circuits.pcs.grinding`).
"""

from rollup.field import extension
from rollup.field.extension import Element
from rollup.field.koalabear import P
from rollup.hash.keccak import keccak256

_ABSORB = b"\x01"
_SQUEEZE = b"\x02"
_RATCHET = b"\x03"
_WORD_MASK = 2**31 - 1


class Transcript:
    """The state of the public coin. It runs forward only."""

    __slots__ = ("_state",)

    def __init__(self, protocol: str) -> None:
        self._state = keccak256(b"crypsis.transcript.v1\x00" + protocol.encode("ascii"))

    def absorb(self, label: str, data: bytes) -> None:
        """Bind data, of a length that the label and earlier data determine, to all that follows."""
        self._state = keccak256(self._step(_ABSORB, label) + data)

    def challenge(self, label: str) -> Element:
        """A uniform element of E."""
        coefficients: list[int] = []
        block = 0
        while len(coefficients) < extension.DEGREE:
            words = self._block(label, block)
            candidates = (int.from_bytes(words[i : i + 4], "little") for i in range(0, 32, 4))
            masked = (candidate & _WORD_MASK for candidate in candidates)
            coefficients += [word for word in masked if word < P]
            block += 1
        self._ratchet(label)
        a0, a1, a2, a3, a4 = coefficients[: extension.DEGREE]
        return (a0, a1, a2, a3, a4)

    def challenge_outside_base_field(self, label: str) -> Element:
        """A uniform element of E that is not in F: redrawn until it is.

        An opening point off F is off every evaluation domain, and it and its successor have ten
        different conjugates; powers of a lookup challenge off F are a basis of E over F.
        """
        while True:
            drawn = self.challenge(label)
            if any(drawn[1:]):
                return drawn

    def indices(self, label: str, log2_size: int, count: int) -> list[int]:
        """`count` uniform positions in [0, 2^log2_size), each from the low bits of 8 bytes."""
        drawn: list[int] = []
        block = 0
        while len(drawn) < count:
            words = self._block(label, block)
            drawn += [int.from_bytes(words[i : i + 8], "little") for i in range(0, 32, 8)]
            block += 1
        self._ratchet(label)
        return [word & ((1 << log2_size) - 1) for word in drawn[:count]]

    @property
    def state(self) -> bytes:
        """The 32 bytes that a nonce is searched for."""
        return self._state

    def _step(self, operation: bytes, label: str) -> bytes:
        name = label.encode("ascii")
        return self._state + operation + len(name).to_bytes(1, "little") + name

    def _block(self, label: str, block: int) -> bytes:
        return keccak256(self._step(_SQUEEZE, label) + block.to_bytes(4, "little"))

    def _ratchet(self, label: str) -> None:
        self._state = keccak256(self._step(_RATCHET, label))
