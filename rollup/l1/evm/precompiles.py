"""Precompiles that a machine in this process lacks: contracts in their places, which answer out of
tables. What they answer, py-ecc computed (rollup.l1.evm.bls_calls); what they were not told fails,
as a precompile does whose input is wrong. A node has the real ones, and needs none of this.
"""

from collections.abc import Iterable
from typing import Final

from rollup.hash.keccak import keccak256
from rollup.l1.evm.artefact import artefact
from rollup.l1.evm.bls_calls import FIRST_SUM, PAIRING, SECOND_MAP, SECOND_SUM, PrecompileCall
from rollup.l1.evm.revm import Machine

PLACES: Final = (FIRST_SUM, SECOND_SUM, SECOND_MAP, PAIRING)

_WORD: Final = 32
_WORDS_END: Final = 1 << 256


class Answers:
    """The tables of a machine."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        runtime = _runtime()
        for place in PLACES:
            machine.put_code(_address(place), runtime)

    def tell(self, calls: Iterable[PrecompileCall]) -> None:
        """Answer these calls from now on."""
        for call in calls:
            if call.answer is not None:
                self._keep(_address(call.precompile), call.data, call.answer)

    def _keep(self, address: bytes, data: bytes, answer: bytes) -> None:
        slot = int.from_bytes(keccak256(data), "big")
        words = [answer[at : at + _WORD] for at in range(0, len(answer), _WORD)]
        numbers = [len(answer), *(int.from_bytes(word, "big") for word in words)]
        for place, number in enumerate(numbers):
            self._machine.put_word(address, (slot + place) % _WORDS_END, number)


def _address(precompile: int) -> bytes:
    return precompile.to_bytes(20, "big")


def _runtime() -> bytes:
    """What of the artefact's code stands on chain: its end."""
    made = artefact("Answers")
    return made.code[-made.runtime :]
