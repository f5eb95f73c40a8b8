"""What the contract is created with, and what is refused at its creation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.l1.bond import BOND_PATIENCES
from rollup.l1.checks import require_address
from rollup.l1.committee import require_possessed
from rollup.l1.interface import Address, Revert, Reverted
from rollup.l1.schedule import require_delay, require_interval
from rollup.ports import CLASSES_MAX, Pins
from rollup.protocol.constants import AMOUNT_BITS, DEPOSITS_MAX, TIME_BITS
from rollup.protocol.encoding import hex_digest
from rollup.protocol.genesis import Genesis

ENTRY_WAIT_MS: Final = 30_000

ESTATE_SALE_MS: Final = 24 * 3_600_000
"""A day, in which somebody of every time zone is awake."""

FREEZE_AFTER_MS: Final = 7 * 24 * 3_600_000
"""A week, in which an honest operator mends whatever broke."""


BOND_LEAST: Final = 10_000 * 10**6
"""Quanta: ten thousand dollars."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the contract is created with. Times in ms; `root` is the state root of `genesis`.

    `pins` has one verifier for each shape class that a batch may be of, by the names of these.
    Batches end on a grid of time, at genesis and every `interval_ms` after it, so that nobody
    chooses a moment between two places of it.
    Deposits that no batch has consumed yet have the whole `governance_delay` to leave or adapt, so
    a longer one is safer. A header unproved for longer than `proof_deadline_ms` stops further
    headers. What the estate has to sell gets cheaper evenly for `estate_sale_ms`, and is free then.
    `least_deposit` in quanta is what makes a place in the queue cost something.

    A batch leaves no queue entry that had waited for longer than `entry_wait_ms` when it ended,
    unless it takes `entries_least` of them: as many as fit any batch of the class that is pinned.
    Anybody freezes the venue where an entry or a header waited for longer than `freeze_after_ms`
    (rollup.l1.freeze). A bond for the operator's receipts is `bond_least` quanta at least.
    """

    genesis: Genesis
    root: Digest
    pins: tuple[Pins, ...]
    operator: Address
    governor: Address
    interval_ms: int
    governance_delay: int
    proof_deadline_ms: int
    least_deposit: int
    entry_wait_ms: int = ENTRY_WAIT_MS
    entries_least: int = 1
    estate_sale_ms: int = ESTATE_SALE_MS
    freeze_after_ms: int = FREEZE_AFTER_MS
    bond_least: int = BOND_LEAST

    @property
    def bond_delay_ms(self) -> int:
        """How long the bond stays after its withdrawal was announced, and after a freeze
        (rollup.l1.bond)."""
        return BOND_PATIENCES * self.freeze_after_ms

    @property
    def possession(self) -> tuple[bytes, ...]:
        """A proof of possession for each key of the genesis committee, in their order."""
        return self.genesis.possession


def entry_wait_of(interval_ms: int) -> int:
    """How long an entry may wait, in ms: half a minute, or what a venue of long batches needs,
    which reads the queue as it opens a batch: the one under way, the next, and one more."""
    return max(ENTRY_WAIT_MS, 3 * interval_ms)


def freeze_after_of(governance_delay: int, entry_wait_ms: int, proof_deadline_ms: int) -> int:
    """How long anybody waits before he may freeze, in ms: a week, or twice as long as an honest
    operator under new parameters may wait for."""
    return max(FREEZE_AFTER_MS, 2 * (governance_delay + entry_wait_ms + proof_deadline_ms))


def require_deployment(deployment: Deployment, compress_many: CompressMany) -> None:
    """Refuse a deployment under which the venue could not live."""
    require_address(deployment.operator)
    require_address(deployment.governor)
    _require_pins(deployment.pins)
    require_delay(deployment.genesis.governance, deployment.governance_delay)
    _require_positive("interval_ms", deployment.interval_ms, TIME_BITS)
    require_interval(deployment.genesis.governance, deployment.interval_ms)
    _require_positive("proof_deadline_ms", deployment.proof_deadline_ms, TIME_BITS)
    _require_positive("least_deposit", deployment.least_deposit, AMOUNT_BITS)
    _require_positive("estate_sale_ms", deployment.estate_sale_ms, TIME_BITS)
    _require_positive("entry_wait_ms", deployment.entry_wait_ms, TIME_BITS)
    if type(deployment.entries_least) is not int or not (
        1 <= deployment.entries_least <= DEPOSITS_MAX
    ):
        detail = f"entries_least is from 1 to {DEPOSITS_MAX}, not {deployment.entries_least}"
        raise Reverted(Revert.BAD_DEPLOYMENT, detail)
    _require_patience(deployment)
    _require_positive("bond_least", deployment.bond_least, AMOUNT_BITS)
    root = deployment.genesis.state(compress_many).root
    if deployment.root != root:
        raise Reverted(
            Revert.GENESIS_ROOT,
            f"genesis has the root {hex_digest(root)}, not {hex_digest(deployment.root)}",
        )
    require_possessed(deployment.genesis.governance.committee, deployment.possession)


def _require_pins(pins: Sequence[Pins]) -> None:
    """One class at least, none twice, in one order: so that what is pinned has one digest."""
    names = [each.shape_class for each in pins]
    if not 1 <= len(names) <= CLASSES_MAX or names != sorted(set(names)):
        detail = f"pins are for 1 to {CLASSES_MAX} shape classes whose names rise, not {names}"
        raise Reverted(Revert.BAD_DEPLOYMENT, detail)


def _require_patience(deployment: Deployment) -> None:
    """Nobody freezes a venue before its operator could have been given other parameters, have
    closed a batch under them, and have proved it."""
    _require_positive("freeze_after_ms", deployment.freeze_after_ms, TIME_BITS)
    waits = (deployment.governance_delay, deployment.entry_wait_ms, deployment.proof_deadline_ms)
    if deployment.freeze_after_ms <= sum(waits):
        detail = f"freeze_after_ms is more than {sum(waits)}, not {deployment.freeze_after_ms}"
        raise Reverted(Revert.BAD_DEPLOYMENT, detail)


def _require_positive(name: str, value: int, bits: int) -> None:
    if type(value) is not int or not 1 <= value < 1 << bits:
        raise Reverted(Revert.BAD_DEPLOYMENT, f"{name} is from 1 to 2^{bits} - 1, not {value}")
