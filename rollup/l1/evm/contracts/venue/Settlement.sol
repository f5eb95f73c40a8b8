// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Assets} from "venue/Assets.sol";
import {Estate} from "venue/Estate.sol";
import {IRollupEvents} from "venue/IRollup.sol";
import {Money} from "venue/Money.sol";
import {Queue} from "venue/Queue.sol";
import {DepositOutcomes, EntryKinds, Reverted, Reverts} from "venue/Reasons.sol";
import {Totals} from "venue/Totals.sol";
import {Deposit, Entry, EstateTaken, PublicInput, Withdrawal} from "venue/Types.sol";
import {Vault} from "venue/Vault.sol";

/// What a batch moves of the money, before it is proved (`_require_deposits` of rollup.l1.mock) and
/// after (`_advance`, rollup.l1.vault, rollup.l1.sales).
library Settlement {
    using Estate for Estate.Store;
    using Queue for Queue.Store;

    /// The total goes on from what is under custody, `custody`, and of no asset more is granted, or
    /// given to the estate, than the batch leaves under custody. `changes` are by how many lots it
    /// changes that of each market.
    function requireCovered(Money storage money, PublicInput memory batch)
        internal
        view
        returns (uint256 custody, int256[] memory changes)
    {
        custody = money.vault.ledgers[Assets.USDC].custody;
        if (Totals.before(batch) != int256(custody)) revert Reverted(Reverts.TOTAL);
        // All marks at once: asked mark by mark, the sums of a full batch of many assets cost more
        // gas than any transaction may have, and no batch could follow its header.
        changes = Totals.custodyChanges(batch);
        for (uint256 mark = 1; mark <= changes.length; ++mark) {
            if (changes[mark - 1] >= 0) continue;
            int256 there = int256(uint256(money.vault.ledgers[mark].custody));
            if (there + changes[mark - 1] < 0) revert Reverted(Reverts.GRANT_TOO_LARGE);
        }
    }

    /// The batch is proved: its deposits leave the queue, into custody or back to their senders;
    /// what it grants is its owners' to claim, and what the estate takes is for sale. `stake` is
    /// what came with every exit.
    function settle(Money storage money, PublicInput memory batch, uint256 stake, uint256 time)
        internal
    {
        emit IRollupEvents.BatchAccepted(batch.number, batch.time, batch.oldRoot, batch.newRoot);
        uint256 exits = 0;
        for (uint256 place = 0; place < batch.deposits.length; ++place) {
            Deposit memory each = batch.deposits[place];
            money.queue.settle(each);
            if (each.entry.kind == EntryKinds.EXIT) ++exits;
            else consume(money, each);
        }
        // Their events are behind all of the refunds.
        for (uint256 place = 0; exits != 0; ++place) {
            Deposit memory each = batch.deposits[place];
            if (each.entry.kind != EntryKinds.EXIT) continue;
            answer(money, each, stake);
            --exits;
        }
        for (uint256 place = 0; place < batch.estate.length; ++place) {
            takeIn(money, batch, batch.estate[place], time);
        }
        for (uint256 place = 0; place < batch.withdrawals.length; ++place) {
            grant(money, batch.number, place, batch.withdrawals[place]);
        }
        money.vault.ledgers[Assets.USDC].custody = uint64(batch.total);
    }

    /// An exit that was consumed: its stake is its owner's again, and what it is paid, out of
    /// custody of USDC, which the batch tells.
    function answer(Money storage money, Deposit memory deposit, uint256 stake) private {
        Entry memory entry = deposit.entry;
        Vault.Ledger storage ledger = money.vault.ledgers[Assets.USDC];
        ledger.queued -= uint64(stake);
        uint256 paid = Totals.isPaidExit(deposit) ? entry.amount : 0;
        ledger.pending[entry.owner] += stake + paid;
        emit IRollupEvents.ExitAnswered(
            entry.index, entry.owner, entry.amount, uint8(deposit.outcome)
        );
    }

    /// An entry that was consumed and no exit: under custody, or to be had by its sender.
    function consume(Money storage money, Deposit memory deposit) private {
        Entry memory entry = deposit.entry;
        Vault.Ledger storage ledger = money.vault.ledgers[entry.asset];
        ledger.queued -= uint64(entry.amount);
        if (deposit.outcome == DepositOutcomes.CREDITED) {
            if (entry.asset != Assets.USDC) ledger.custody += uint64(entry.amount);
            return;
        }
        ledger.pending[entry.owner] += entry.amount;
        emit IRollupEvents.DepositRefunded(
            entry.index, entry.owner, entry.asset, entry.amount, uint8(deposit.outcome)
        );
    }

    /// Lots that the estate takes: out of custody, for sale at the batch's price.
    function takeIn(
        Money storage money,
        PublicInput memory batch,
        EstateTaken memory taken,
        uint256 time
    ) private {
        uint256 price = batch.prices[taken.asset - 1];
        Vault.Ledger storage ledger = money.vault.ledgers[taken.asset];
        ledger.custody -= uint64(taken.lots);
        ledger.estate += uint120(taken.lots);
        money.estate.take(taken.asset, taken.lots, price, time);
        emit IRollupEvents.EstateTook(batch.number, taken.asset, taken.lots, price);
    }

    /// What a batch grants, out of custody: the total of USDC is told by the batch.
    function grant(
        Money storage money,
        uint256 number,
        uint256 place,
        Withdrawal memory granted
    ) private {
        Vault.Ledger storage ledger = money.vault.ledgers[granted.asset];
        if (granted.asset != Assets.USDC) ledger.custody -= uint64(granted.amount);
        ledger.pending[granted.owner] += granted.amount;
        emit IRollupEvents.WithdrawalGranted(
            number, place, granted.owner, granted.asset, granted.amount
        );
    }
}
