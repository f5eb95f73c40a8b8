// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Estate} from "venue/Estate.sol";
import {IRollupEvents} from "venue/IRollup.sol";
import {Listings} from "venue/Listings.sol";
import {Money} from "venue/Money.sol";
import {Numbers} from "venue/Numbers.sol";
import {Queue} from "venue/Queue.sol";
import {EntryKinds, Reverted, Reverts} from "venue/Reasons.sol";
import {Vault} from "venue/Vault.sol";

/// The calls that pay out or sell, of rollup.l1.mock and rollup.l1.sales.
library Sales {
    using Estate for Estate.Store;
    using Listings for Listings.Store;
    using Queue for Queue.Store;
    using Vault for Vault.Ledger;

    /// What is in force for a sale: the digest of the last header's parameters, the least deposit,
    /// how long a price falls, and L1's time.
    struct Terms {
        bytes32 governance;
        uint256 leastDeposit;
        uint256 duration;
        uint256 time;
    }

    uint256 private constant USDC = 0;
    uint256 private constant ENTRY_BYTES = 4 * (2 * Numbers.SEPTIC_LENGTH + Numbers.DIGEST_LENGTH);

    /// Pay the sender's pending balance.
    function withdraw(Money storage money, bytes32 governance, uint256 asset)
        external
        returns (uint256 amount)
    {
        money.listings.requireKnown(governance, asset);
        amount = money.vault.ledgers[asset].pay(msg.sender);
        emit IRollupEvents.Withdrawn(msg.sender, asset, amount);
    }

    /// Sell lots for what they cost now; what it brings beyond what is lacking is the backstop's.
    function buy(
        Money storage money,
        Terms calldata terms,
        uint256 asset,
        uint256 lots,
        uint256 most
    ) external returns (uint256 paid) {
        money.listings.requireKnown(terms.governance, asset);
        Listings.requireAmount(asset, lots);
        paid = money.estate.cost(asset, lots, terms.time, terms.duration);
        if (paid > most) revert Reverted(Reverts.COST_ABOVE_LIMIT);
        money.estate.sold(asset, lots, paid);
        Vault.Ledger storage ledger = money.vault.ledgers[asset];
        ledger.estate -= uint128(lots);
        emit IRollupEvents.EstateSold(msg.sender, asset, lots, paid);
        endow(money, terms);
        money.vault.ledgers[USDC].take(msg.sender, paid);
        ledger.give(msg.sender, lots);
    }

    /// Take money for what the estate lacks, and no more.
    function cover(Money storage money, uint256 amount) external {
        Listings.requireAmount(USDC, amount);
        if (amount > money.estate.lacks) revert Reverted(Reverts.NOTHING_TO_COVER);
        money.estate.pay(amount);
        emit IRollupEvents.EstateCovered(msg.sender, amount);
        money.vault.ledgers[USDC].take(msg.sender, amount);
    }

    /// A surplus comes to the backstop by an entry of the queue, once it is enough for one and
    /// there is room.
    function endow(Money storage money, Terms calldata terms) private {
        uint256 surplus = money.estate.surplus;
        Vault.Ledger storage ledger = money.vault.ledgers[USDC];
        if (surplus < terms.leastDeposit || surplus >> Numbers.AMOUNT_BITS != 0) return;
        if (!money.queue.hasRoom() || !ledger.hasRoom(USDC, surplus)) return;
        money.estate.surplus = 0;
        ledger.queued += uint64(surplus);
        (uint256 index, bytes memory entry) = money.queue.append(
            Queue.Asked(
                EntryKinds.CREDIT,
                Numbers.BACKSTOP_ACCOUNT,
                msg.sender,
                surplus,
                USDC,
                new bytes(ENTRY_BYTES)
            ),
            terms.time
        );
        emit IRollupEvents.DepositQueued(index, terms.time, entry);
    }
}
