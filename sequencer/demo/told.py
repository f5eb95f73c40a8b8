"""What a demonstration tells of deposits and claims: amounts of USDC and of tokens, by name."""

from collections import Counter
from collections.abc import Mapping, Sequence

from rollup.l1.mock import MockL1
from rollup.protocol.assets import USDC, market_of
from rollup.protocol.deposit import DepositOutcome
from rollup.protocol.market import Governance
from rollup.protocol.public import PublicInput
from sequencer.demo.events import BatchOpened, Claimed
from sequencer.demo.market.trade import Slice
from sequencer.engine.event import DepositJudged, Event


def opened(
    number: int, part: Slice, governance: Governance, events: Sequence[Event]
) -> BatchOpened:
    """What became of the deposits that a batch began with."""
    judged = [event for event in events if isinstance(event, DepositJudged)]
    credited = [event for event in judged if event.outcome is DepositOutcome.CREDITED]
    amounts: Counter[int] = Counter()
    for event in credited:
        amounts[event.entry.asset] += event.entry.brought
    refused = Counter(
        event.outcome.name.lower().replace("_", "-")
        for event in judged
        if event.outcome is not DepositOutcome.CREDITED
    )
    return BatchOpened(
        number=number,
        time=part.time,
        prices=part.prices[: len(governance.markets)],
        credited=len(credited),
        credited_quanta=amounts[USDC],
        refused=dict(refused),
        credited_assets=tokens(governance, amounts),
    )


def claimed(l1: MockL1, paid: Mapping[int, int]) -> Claimed:
    """What owners have now, and what is left under custody of each asset."""
    custody = {mark: ledger.custody for mark, ledger in l1.assets.items()}
    return Claimed(
        quanta=paid.get(USDC, 0),
        custody=l1.custody,
        assets=tokens(l1.governance, paid),
        assets_under_custody=tokens(l1.governance, custody),
    )


def withdrawn_assets(public: PublicInput) -> dict[str, str]:
    """What a batch grants to owners of each asset."""
    marks = {each.asset for each in public.withdrawals}
    return tokens(public.governance, {mark: public.withdrawn_of(mark) for mark in marks})


def tokens(governance: Governance, amounts: Mapping[int, int]) -> dict[str, str]:
    """Lots by mark as people say them: tokens by symbol. USDC is left out."""
    found = {}
    for mark, lots in sorted(amounts.items()):
        if mark != USDC:
            market = governance.markets[market_of(mark)]
            found[market.symbol] = f"{lots / 10**market.size_decimals:,g}"
    return found
