"""The gas of a batch with as much in it as the bounds allow: one that no transaction can post ends
its venue, since its header is held and no other batch has its number."""

from dataclasses import replace

import pytest

pytest.importorskip("pyrevm", reason="pyrevm has no wheel for this Python")

from circuits.evm.facts import statement_of
from rollup.harness import reports
from rollup.harness.books import Books, Choice
from rollup.harness.evm_target import EvmTarget
from rollup.harness.oracle import OracleDeployment, oracle_proof
from rollup.harness.people import (
    ALL_PINS,
    FEEDS,
    MARKETS,
    OPERATOR,
    ORACLE,
    PINS,
    START,
    address,
    compress_cached,
    deployment,
    key_words,
    viewing_words,
)
from rollup.harness.stage import governance_of
from rollup.l1.evm.chain import Receipt
from rollup.l1.evm.revm import GAS_MAX
from rollup.l1.evm.revm_chain import RevmChain
from rollup.l1.queue import FULL
from rollup.oracle.package import feed_id
from rollup.protocol.constants import DEPOSITS_MAX, MARKETS_MAX, OUTFLOWS_MAX
from rollup.protocol.funding import HOUR_MS
from rollup.protocol.market import Governance
from rollup.protocol.oracle import SIGNERS_MAX
from rollup.protocol.public import EstateTaken, GrantedWithdrawal

SIGNERS = sorted((f"signer-{place}" for place in range(SIGNERS_MAX)), key=reports.signer_address)
ASSETS = range(2, MARKETS_MAX + 1)
"""All marks but that of the one perpetual."""

COLD_GAS = 400_000
"""What a node bills more than this machine, for storage that no call touched before; measured."""


def governed() -> Governance:
    """One perpetual and an asset in every other place, and as many signers as there may be."""
    like = governance_of({"markets": [{"like": 0}, {"like": 1}, {"asset": "A"}]})
    markets = (MARKETS[0], *(replace(like.markets[2], symbol=f"A{mark}") for mark in ASSETS))
    feeds = tuple(
        replace(like.oracle.feeds[2] if market.is_asset else FEEDS[0], feed=feed_id(market.symbol))
        for market in markets
    )
    signers = tuple(reports.signer_address(name) for name in SIGNERS)
    oracle = replace(ORACLE, signers=signers, quorum=SIGNERS_MAX, feeds=feeds)
    return replace(like, markets=markets, oracle=oracle)


def reported(governance: Governance, slot: int) -> reports.Reports:
    """The word of every signer about every market."""
    listed = zip(governance.markets, governance.oracle.feeds, strict=True)
    return tuple(
        reports.report(
            name,
            market.symbol,
            feed.listing_price * 10 ** (feed.decimals - market.price_decimals),
            slot,
        )
        for market, feed in listed
        for name in SIGNERS
    )


def test_a_batch_of_many_assets_signers_and_people_fits_a_transaction() -> None:
    governance = governed()
    prices = tuple(feed.listing_price for feed in governance.oracle.feeds)
    made = deployment()
    genesis = replace(made.genesis, governance=governance, prices=prices)
    root = genesis.state(compress_cached).root
    made = replace(made, genesis=genesis, root=root, least_deposit=1)
    bills: list[int] = []

    def paid(what: str, receipt: Receipt) -> None:
        if what == "post":
            bills.append(receipt.gas)

    target = EvmTarget(RevmChain(), statement_of, compress_cached, paid)
    l1 = target.deploy(OracleDeployment(made, ALL_PINS, START, FULL))
    marks = (0, *ASSETS)
    assert len(marks) == DEPOSITS_MAX
    for place, mark in enumerate(marks):
        l1.mint(address(f"user {place}"), 10**6, mark)
        words = key_words("alice"), viewing_words()
        l1.register(address(f"user {place}"), *words, 10**6, mark)
    l1.warp(HOUR_MS)
    books = Books(genesis, root)
    batch = books.close(
        books.head(l1),
        Choice(
            time=l1.now(),
            redo=False,
            governance=governance,
            entries=l1.queue,
            reports=reported(governance, governance.oracle.slot(l1.now())),
            withdrawals=tuple(
                GrantedWithdrawal(address(f"owner {place}"), 1) for place in range(OUTFLOWS_MAX)
            ),
            estate=tuple(EstateTaken(mark, 1000) for mark in ASSETS),
        ),
    )
    assert l1.commit_header(address(OPERATOR), batch.header).refusal is None
    l1.post_batch(address(OPERATOR), batch.public, oracle_proof(PINS, batch.public))
    assert l1.proved_number == 1
    (gas,) = bills
    assert gas + COLD_GAS < GAS_MAX
