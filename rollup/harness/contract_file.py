"""Where a venue's contract is, for whoever calls it on a node later: `crypsis l1 deploy` writes it.

Nothing in it is secret, and nothing of it is believed: who verifies proofs, and for which pins,
stands in the contract.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rollup.codec import shallow_json
from rollup.codec.fields import Node
from rollup.codec.forms import INTEGER, fixed, many, record
from rollup.codec.strict import CodecError
from rollup.files import read_bounded
from rollup.l1.deployment import Deployment
from rollup.l1.forms import DEPLOYMENT
from rollup.l1.interface import Address
from rollup.ports import CLASSES_MAX
from rollup.protocol.constants import OWNER_BYTES

BYTES_MAX: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class ContractFile:
    """`facts` are the contracts that verify proofs, in the order of the deployment's pins; `block`
    is the one before which there was none of these; `unit` as `rollup.l1.evm.deploy` has it."""

    address: Address
    chain: int
    block: int
    unit: int
    deployment: Deployment
    facts: tuple[Address, ...]

    def write(self, path: Path) -> None:
        """Write it as JSON. FileExistsError where there is one: it names money."""
        with path.open("x", encoding="ascii") as file:
            file.write(json.dumps(_FORM.write(self), indent=1) + "\n")


_ADDRESS = fixed(OWNER_BYTES)


def _made(facts: tuple[Address, ...], **members: object) -> ContractFile:
    return ContractFile(facts=tuple(facts), **members)  # type: ignore[arg-type]


_FORM = record(
    _made,
    address=_ADDRESS,
    chain=INTEGER,
    block=INTEGER,
    unit=INTEGER,
    deployment=DEPLOYMENT,
    facts=many(_ADDRESS, CLASSES_MAX),
)


def read_contract(path: Path) -> ContractFile:
    """The contract in a file. CodecError, with its name, for anything else."""
    try:
        text = read_bounded(path, BYTES_MAX).decode("ascii")
        return _FORM.read(Node(shallow_json.loads(text), "contract"))
    except (CodecError, ValueError) as error:
        raise CodecError(f"{path}: {error}") from error
