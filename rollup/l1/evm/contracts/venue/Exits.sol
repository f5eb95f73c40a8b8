// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Elsewhere} from "venue/Elsewhere.sol";
import {Estate} from "venue/Estate.sol";
import {Headers} from "venue/Headers.sol";
import {IRollupEvents} from "venue/IRollup.sol";
import {Leaf, LeafCodec} from "venue/LeafCodec.sol";
import {LeafRoot} from "venue/LeafRoot.sol";
import {Money} from "venue/Money.sol";
import {Payouts} from "venue/Payouts.sol";
import {Queue} from "venue/Queue.sol";
import {EntryKinds, Reverted, Reverts} from "venue/Reasons.sol";
import {Malformed} from "venue/Types.sol";
import {Vault} from "venue/Vault.sol";

/// The end of a venue, and what is taken out of it then (rollup.l1.freeze, rollup.l1.exits).
library Exits {
    using Elsewhere for Elsewhere.Store;
    using Estate for Estate.Store;
    using Headers for Headers.Store;
    using Queue for Queue.Store;
    using Vault for Vault.Ledger;

    /// When the venue was frozen; what those who escaped were paid beyond custody; and which entries
    /// were reclaimed, which accounts escaped, and the nullifiers of these and of those that escaped
    /// in private (venue/PrivateExits.sol). `custody` and `debts` are never both above 0.
    struct Store {
        bool isFrozen;
        uint64 frozenAt;
        uint128 debts;
        mapping(uint256 index => bool) reclaimed;
        mapping(uint256 account => bool) escaped;
        mapping(bytes32 nullifier => bool) nullifiers;
    }

    /// What a freeze asks of: the least wait, L1's time, and whose the estate's surplus is then.
    struct Patience {
        uint256 freezeAfterMs;
        uint256 time;
        address backstopOwner;
    }

    /// What an account is opened to: the data contract of the last header's parameters, the digest
    /// of the last book, L1's time, and the contract that hashes.
    struct Last {
        address parameters;
        bytes32 book;
        uint256 time;
        address poseidon;
    }

    uint256 private constant USDC = 0;
    /// Places in the bytes of rollup.protocol.deposit.QueueEntry.
    uint256 private constant KIND_AT = 8;
    uint256 private constant ASSET_AT = 24;
    uint256 private constant AMOUNT_AT = 32;
    uint256 private constant OWNER_AT = 40;

    /// FROZEN once the venue has ended.
    function requireLive(Store storage exits) internal view {
        if (exits.isFrozen) revert Reverted(Reverts.FROZEN);
    }

    /// End the venue, where an entry or a header waited too long for a proof.
    function freeze(
        Store storage exits,
        Money storage money,
        Headers.Store storage headers,
        Patience calldata patience
    ) external {
        requireLive(exits);
        if (!isOverdue(money.queue, headers, patience)) revert Reverted(Reverts.NOT_OVERDUE);
        end(exits, money, headers, patience, msg.sender);
    }

    /// End the venue for what was shown of its operator's receipts, by this challenger.
    function halt(
        Store storage exits,
        Money storage money,
        Headers.Store storage headers,
        Patience calldata patience,
        address challenger
    ) external {
        requireLive(exits);
        end(exits, money, headers, patience, challenger);
    }

    /// The venue ends now, by somebody's call. What the estate has left over is its backstop's.
    function end(
        Store storage exits,
        Money storage money,
        Headers.Store storage headers,
        Patience calldata patience,
        address by
    ) private {
        exits.isFrozen = true;
        exits.frozenAt = uint64(patience.time);
        emit IRollupEvents.Frozen(by, headers.proved, patience.time);
        uint256 surplus = money.estate.surplus;
        money.estate.surplus = 0;
        money.vault.ledgers[USDC].pending[patience.backstopOwner] += surplus;
    }

    /// Pay an entry back that no proved batch consumed, to its sender: what came with it, of an exit
    /// the `stake`. What came to an outpost is its sender's to claim. `entry` are its bytes, which
    /// the chain of the queue has at its place.
    function reclaim(
        Store storage exits,
        Money storage money,
        Elsewhere.Store storage elsewhere,
        Headers.Store storage headers,
        uint256 stake,
        uint256 index,
        bytes calldata entry
    ) external returns (uint256 amount) {
        requireFrozen(exits);
        bool waits = index >= headers.held[headers.proved].deposits && index < money.queue.count;
        if (!waits || exits.reclaimed[index]) revert Reverted(Reverts.NOTHING_TO_RECLAIM);
        bytes32 head = keccak256(abi.encodePacked(money.queue.heads[index], entry));
        if (head != money.queue.heads[index + 1]) revert Malformed();
        if (address(bytes20(entry[OWNER_AT:OWNER_AT + 20])) != msg.sender) {
            revert Reverted(Reverts.NOT_OWNER);
        }
        exits.reclaimed[index] = true;
        uint256 asset = LeafCodec.number(entry, ASSET_AT);
        bool isExit = LeafCodec.number(entry, KIND_AT) == EntryKinds.EXIT;
        amount = isExit ? stake : LeafCodec.number(entry, AMOUNT_AT);
        Vault.Ledger storage ledger = money.vault.ledgers[asset];
        ledger.queued -= uint64(amount);
        emit IRollupEvents.EntryReclaimed(index, msg.sender, asset, amount);
        bool isFar = ledger.wasAway && elsewhere.reclaim(asset, index, amount);
        if (isFar) ledger.pending[msg.sender] += amount;
        else ledger.give(msg.sender, amount);
    }

    /// Give the owner of an account what it has by the last root and book, once. Both are canonical
    /// bytes: of rollup.l1.escape.LeafOpening and of rollup.protocol.market_book.MarketBook.
    function escape(
        Store storage exits,
        Money storage money,
        Headers.Store storage headers,
        Last calldata last,
        bytes calldata data,
        bytes calldata book
    ) external {
        Leaf memory leaf = LeafCodec.read(data);
        requireFrozen(exits);
        if (exits.escaped[leaf.index]) revert Reverted(Reverts.ESCAPED);
        if (leaf.owner != msg.sender) revert Reverted(Reverts.NOT_OWNER);
        if (keccak256(book) != last.book) revert Reverted(Reverts.BOOK_BEFORE);
        if (LeafRoot.root(last.poseidon, data, leaf) != headers.held[headers.proved].root) {
            revert Reverted(Reverts.WRONG_LEAF);
        }
        bytes32 nullifier = LeafRoot.nullifier(last.poseidon, data, leaf.index);
        requireUnspent(exits, nullifier);
        Payouts.Payout memory paid = Payouts.payout(leaf, book, last.parameters);
        requireThere(money, paid);
        exits.escaped[leaf.index] = true;
        settle(exits, money.vault.ledgers[USDC], paid, msg.sender, nullifier);
        emit IRollupEvents.AccountEscaped(leaf.index, msg.sender, paid.amount, nullifier);
        for (uint256 k = 0; k < paid.assets.length; ++k) {
            release(money, leaf.index, paid.assets[k], headers.proved, last.time);
        }
    }

    function requireFrozen(Store storage exits) internal view {
        if (!exits.isFrozen) revert Reverted(Reverts.NOT_FROZEN);
    }

    /// Either way to escape spends what the other would.
    function requireUnspent(Store storage exits, bytes32 nullifier) internal view {
        if (exits.nullifiers[nullifier]) revert Reverted(Reverts.ESCAPED);
    }

    /// Whether the oldest entry that no proved batch consumed, or the oldest header that is not
    /// proved, has waited for too long.
    function isOverdue(
        Queue.Store storage queue,
        Headers.Store storage headers,
        Patience calldata patience
    ) private view returns (bool) {
        (bool waits, Headers.Held storage held) = headers.oldest();
        if (waits && patience.time > held.takenAt + patience.freezeAfterMs) return true;
        uint256 consumed = headers.held[headers.proved].deposits;
        if (consumed >= queue.count) return false;
        return patience.time > queue.turnOf(consumed) + patience.freezeAfterMs;
    }

    /// No asset leaves beyond what is under custody: a false root takes nothing of another.
    function requireThere(Money storage money, Payouts.Payout memory paid) private view {
        for (uint256 k = 0; k < paid.assets.length; ++k) {
            Payouts.Asset memory asset = paid.assets[k];
            if (asset.lots + asset.kept > money.vault.ledgers[asset.mark].custody) {
                revert Reverted(Reverts.GRANT_TOO_LARGE);
            }
        }
    }

    /// USDC: what is kept comes to custody and what is paid leaves it, or is owed by those who have
    /// not escaped. It is `owner`'s to withdraw, and the account has escaped.
    function settle(
        Store storage exits,
        Vault.Ledger storage ledger,
        Payouts.Payout memory paid,
        address owner,
        bytes32 nullifier
    ) internal {
        exits.nullifiers[nullifier] = true;
        uint256 there = ledger.custody + paid.covered;
        uint256 leaving = exits.debts + paid.amount;
        (uint256 custody, uint256 debts) =
            there > leaving ? (there - leaving, uint256(0)) : (uint256(0), leaving - there);
        if (custody >> 64 != 0 || debts >> 128 != 0) revert Reverted(Reverts.CUSTODY_FULL);
        (ledger.custody, exits.debts) = (uint64(custody), uint128(debts));
        if (paid.amount != 0) ledger.pending[owner] += paid.amount;
    }

    /// Lots of an asset leave custody: for their owner to claim, and to the estate to sell.
    function release(
        Money storage money,
        uint256 account,
        Payouts.Asset memory asset,
        uint256 number,
        uint256 time
    ) private {
        Vault.Ledger storage ledger = money.vault.ledgers[asset.mark];
        ledger.custody -= uint64(asset.lots + asset.kept);
        if (asset.lots != 0) ledger.pending[msg.sender] += asset.lots;
        emit IRollupEvents.AssetEscaped(
            account, msg.sender, asset.mark, asset.lots, asset.kept, asset.price
        );
        if (asset.kept == 0) return;
        ledger.estate += uint120(asset.kept);
        money.estate.take(asset.mark, asset.kept, asset.price, time);
        emit IRollupEvents.EstateTook(number, asset.mark, asset.kept, asset.price);
    }
}
