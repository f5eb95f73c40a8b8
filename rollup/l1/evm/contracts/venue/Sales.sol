// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Assets} from "venue/Assets.sol";
import {Estate} from "venue/Estate.sol";
import {IRollupEvents} from "venue/IRollup.sol";
import {Money} from "venue/Money.sol";
import {Numbers} from "venue/Numbers.sol";
import {Queue} from "venue/Queue.sol";
import {EntryKinds, Reverted, Reverts} from "venue/Reasons.sol";
import {Schedule} from "venue/Schedule.sol";
import {Vault} from "venue/Vault.sol";

/// The calls that pay out or sell, of rollup.l1.mock and rollup.l1.sales.
library Sales {
    using Estate for Estate.Store;
    using Queue for Queue.Store;
    using Vault for Vault.Ledger;

    /// What is in force for a sale: the least deposit, how long a price falls, L1's time, whose the
    /// backstop is, and whether the venue is frozen.
    struct Terms {
        uint256 leastDeposit;
        uint256 duration;
        uint256 time;
        address backstopOwner;
        bool isFrozen;
    }

    uint256 private constant ENTRY_BYTES = 4 * (2 * Numbers.SEPTIC_LENGTH + Numbers.DIGEST_LENGTH);

    /// Pay the sender's pending balance.
    function withdraw(
        Money storage money,
        Schedule.Store storage schedule,
        Vault.Away memory away,
        uint256 asset
    ) internal returns (uint256 amount) {
        Assets.requireKnown(schedule, asset);
        amount = money.vault.ledgers[asset].pay(msg.sender, away);
        emit IRollupEvents.Withdrawn(msg.sender, asset, amount);
    }

    /// Sell lots for what they cost now; what it brings beyond what is lacking is the backstop's.
    function buy(
        Money storage money,
        Schedule.Store storage schedule,
        Terms memory terms,
        Vault.Away memory away,
        uint256 asset,
        uint256 lots,
        uint256 most
    ) internal returns (uint256 paid) {
        Assets.requireKnown(schedule, asset);
        Assets.requireAmount(asset, lots);
        paid = money.estate.cost(asset, lots, terms.time, terms.duration);
        if (paid > most) revert Reverted(Reverts.COST_ABOVE_LIMIT);
        Vault.Ledger storage ledger = money.vault.ledgers[asset];
        ledger.requireHere(lots, away);
        money.estate.sold(asset, lots, paid);
        ledger.estate -= uint120(lots);
        emit IRollupEvents.EstateSold(msg.sender, asset, lots, paid);
        endow(money, terms);
        money.vault.ledgers[Assets.USDC].take(msg.sender, paid);
        ledger.give(msg.sender, lots);
    }

    /// Take money for what the estate lacks, and no more.
    function cover(Money storage money, uint256 amount) internal {
        Assets.requireAmount(Assets.USDC, amount);
        if (amount > money.estate.lacks) revert Reverted(Reverts.NOTHING_TO_COVER);
        money.estate.pay(amount);
        emit IRollupEvents.EstateCovered(msg.sender, amount);
        money.vault.ledgers[Assets.USDC].take(msg.sender, amount);
    }

    /// A surplus comes to the backstop by an entry of the queue, which is its owner's, once it is
    /// enough for one and there is room; and to its owner where the venue is frozen.
    function endow(Money storage money, Terms memory terms) private {
        uint256 surplus = money.estate.surplus;
        Vault.Ledger storage ledger = money.vault.ledgers[Assets.USDC];
        if (terms.isFrozen) {
            money.estate.surplus = 0;
            ledger.pending[terms.backstopOwner] += surplus;
            return;
        }
        if (surplus < terms.leastDeposit || surplus >> Numbers.AMOUNT_BITS != 0) return;
        if (!money.queue.hasRoom() || !ledger.hasRoom(Assets.USDC, surplus)) return;
        money.estate.surplus = 0;
        ledger.queued += uint64(surplus);
        (uint256 index, bytes memory entry) = money.queue.append(
            Queue.Asked(
                EntryKinds.CREDIT,
                Numbers.BACKSTOP_ACCOUNT,
                terms.backstopOwner,
                surplus,
                Assets.USDC,
                new bytes(ENTRY_BYTES)
            ),
            terms.time
        );
        emit IRollupEvents.DepositQueued(index, terms.time, entry);
    }
}
