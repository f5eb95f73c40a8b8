"""Own withdrawals and transfers: what became of each, as the venue tells."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final

from rollup.private import Private
from rollup.protocol.market import Market
from rollup.protocol.receipt import SignedReceipt
from sequencer.client.assets import CASH, asset_marked
from sequencer.client.errors import WrongAnswer
from sequencer.client.orders import TAKEN
from sequencer.client.records import Fact, FactKind
from sequencer.client.slots import Key

OUTFLOW_FACTS: Final = (
    FactKind.OUTFLOW_ASKED,
    FactKind.OUTFLOW_PAID,
    FactKind.OUTFLOW_REFUSED,
)


class OutflowState(StrEnum):
    """Where an outflow is."""

    SENT = "sent"
    ASKED = "asked"
    """It waits for its batch to close."""
    PAID = "paid"
    REFUSED = "refused"


@dataclass(slots=True, repr=False)
class OwnOutflow(Private):
    """One withdrawal or transfer of this account: so much of an asset, by its name, to an account
    or, where `receiver` is None, to its owner. `batch` and its end `time` (the venue's ms) once it
    is paid."""

    key: Key
    amount: Decimal
    receiver: int | None
    asset: str = CASH
    state: OutflowState = OutflowState.SENT
    reason: str | None = None
    digest: str | None = None
    batch: int | None = None
    time: int | None = None
    receipts: list[SignedReceipt] = field(default_factory=list)
    sealings: int = 0
    is_own: bool = True

    @property
    def is_final(self) -> bool:
        """Whether it happened, or will not."""
        return self.state in (OutflowState.PAID, OutflowState.REFUSED)

    def apply(self, fact: Fact, markets: Sequence[Market]) -> None:
        """What the venue says of it. The same twice changes nothing."""
        match fact.kind:
            case FactKind.OUTFLOW_ASKED:
                self.state, self.reason, self.batch = OutflowState.ASKED, None, None
            case FactKind.OUTFLOW_PAID:
                self._paid(fact, markets)
            case FactKind.OUTFLOW_REFUSED:
                if not self._may_be_there(fact.reason):
                    self.refuse(fact.reason)
            case _:
                return

    def _paid(self, fact: Fact, markets: Sequence[Market]) -> None:
        """WrongAnswer if it is of another asset or amount, or goes elsewhere, than this client
        asked for."""
        asset = asset_marked(fact.asset or 0, markets)
        receiver = fact.receiver if fact.is_transfer else None
        what = (asset.amount(fact.amount or 0), receiver, asset.symbol)
        if self.is_own and what != (self.amount, self.receiver, self.asset):
            raise WrongAnswer(f"another outflow than {self.key} was paid")
        self.amount, self.receiver, self.asset = what
        self.state, self.batch, self.time = OutflowState.PAID, fact.number, fact.time

    def _may_be_there(self, reason: str | None) -> bool:
        """Whether a refusal is of a copy: it was sealed again for want of an answer, and the venue
        says that slot or generation are taken."""
        has_come = self.sealings > 1 or self.state in (OutflowState.ASKED, OutflowState.PAID)
        return has_come and reason in TAKEN

    def refuse(self, reason: str | None) -> None:
        """It will not happen."""
        self.state, self.reason = OutflowState.REFUSED, reason or "refused"

    def void(self, number: int) -> None:
        """Batches from a number on are made anew: what became of it there is told anew."""
        if self.batch is not None and self.batch >= number:
            self.state, self.batch, self.time = OutflowState.ASKED, None, None


@dataclass(slots=True, repr=False)
class Incoming(Private):
    """What another account paid this one, of an asset by its name, in a batch that ends at
    `time`."""

    amount: Decimal
    batch: int
    time: int
    asset: str = CASH
    is_void: bool = False

    def void(self, number: int) -> None:
        """Batches from a number on did not happen so."""
        self.is_void |= self.batch >= number


def incoming_of(fact: Fact, markets: Sequence[Market]) -> Incoming:
    """What a row says that came in. WrongAnswer of an asset that is not listed."""
    asset = asset_marked(fact.asset or 0, markets)
    amount = asset.amount(fact.amount or 0)
    return Incoming(amount, fact.number or 0, fact.time or 0, asset.symbol)


def adopted(fact: Fact, markets: Sequence[Market]) -> OwnOutflow:
    """An outflow that an earlier run of the client asked for; its amount is known once it is
    paid."""
    found = OwnOutflow(fact.key, Decimal(0), None, is_own=False)
    found.apply(fact, markets)
    return found
