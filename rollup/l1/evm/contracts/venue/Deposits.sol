// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Assets} from "venue/Assets.sol";
import {IRollupEvents} from "venue/IRollup.sol";
import {Money} from "venue/Money.sol";
import {Numbers} from "venue/Numbers.sol";
import {Queue} from "venue/Queue.sol";
import {EntryKinds, Reverted, Reverts} from "venue/Reasons.sol";
import {Schedule} from "venue/Schedule.sol";
import {Vault} from "venue/Vault.sol";

/// The calls that queue an entry, of rollup.l1.mock.
library Deposits {
    using Queue for Queue.Store;
    using Vault for Vault.Ledger;

    /// What is in force for a deposit: the least that it may be, in quanta, and L1's time.
    struct Terms {
        uint256 leastDeposit;
        uint256 time;
    }

    uint256 private constant KEY_WORDS = 2 * Numbers.SEPTIC_LENGTH;
    uint256 private constant WORDS = KEY_WORDS + Numbers.DIGEST_LENGTH;

    /// Queue the registration of the sender's own account, with a first deposit.
    function register(
        Money storage money,
        Schedule.Store storage schedule,
        Terms memory terms,
        uint256[] calldata key,
        uint256[] calldata viewing,
        uint256 amount,
        uint256 asset
    ) internal returns (uint256) {
        bytes memory words = packed(key, viewing);
        Assets.requireDeposit(schedule, asset, amount, terms.leastDeposit);
        uint256 account = money.queue.requireRegistration(msg.sender);
        Queue.Asked memory asked =
            Queue.Asked(EntryKinds.REGISTER, account, msg.sender, amount, asset, words);
        return enqueue(money, asked, amount, terms.time);
    }

    /// Queue a deposit into an assigned account, the sender's or another's.
    function credit(
        Money storage money,
        Schedule.Store storage schedule,
        Terms memory terms,
        uint256 account,
        uint256 amount,
        uint256 asset
    ) internal returns (uint256) {
        Assets.requireDeposit(schedule, asset, amount, terms.leastDeposit);
        money.queue.requireCredit(account);
        Queue.Asked memory asked = Queue.Asked(
            EntryKinds.CREDIT, account, msg.sender, amount, asset, new bytes(4 * WORDS)
        );
        return enqueue(money, asked, amount, terms.time);
    }

    /// Queue another key for an assigned account, with a deposit into it.
    function rotate(
        Money storage money,
        Schedule.Store storage schedule,
        Terms memory terms,
        uint256 account,
        uint256[] calldata key,
        uint256[] calldata viewing,
        uint256 amount
    ) internal returns (uint256) {
        bytes memory words = packed(key, viewing);
        Assets.requireDeposit(schedule, Assets.USDC, amount, terms.leastDeposit);
        money.queue.requireRotation(msg.sender, account);
        Queue.Asked memory asked =
            Queue.Asked(EntryKinds.ROTATE, account, msg.sender, amount, Assets.USDC, words);
        return enqueue(money, asked, amount, terms.time);
    }

    /// Queue what an owner wants out of an account, whose stake is what a place in the queue costs.
    /// Whether the sender owns it is the batch's to find out.
    function exit(Money storage money, Terms memory terms, uint256 account, uint256 amount)
        internal
        returns (uint256)
    {
        Assets.requireWanted(amount);
        money.queue.requireExit(msg.sender, account);
        Queue.Asked memory asked = Queue.Asked(
            EntryKinds.EXIT, account, msg.sender, amount, Assets.USDC, new bytes(4 * WORDS)
        );
        return enqueue(money, asked, terms.leastDeposit, terms.time);
    }

    /// The entry first, then the money that comes with it, `brought` in quanta or lots: where that
    /// does not come, nothing has happened.
    function enqueue(
        Money storage money,
        Queue.Asked memory asked,
        uint256 brought,
        uint256 time
    ) private returns (uint256 index) {
        Vault.Ledger storage ledger = money.vault.ledgers[asked.asset];
        if (!ledger.hasRoom(asked.asset, brought)) revert Reverted(Reverts.CUSTODY_FULL);
        ledger.queued += uint64(brought);
        bytes memory entry;
        (index, entry) = money.queue.append(asked, time);
        emit IRollupEvents.DepositQueued(index, time, entry);
        ledger.take(asked.owner, brought);
    }

    /// A key and a viewing commitment as the 88 bytes of their words. Reverts unless they are 14
    /// and 8, of 32 bits each.
    function packed(uint256[] calldata key, uint256[] calldata viewing)
        private
        pure
        returns (bytes memory)
    {
        if (key.length != KEY_WORDS || viewing.length != Numbers.DIGEST_LENGTH) {
            revert Reverted(Reverts.BAD_WORDS);
        }
        uint256[3] memory groups;
        for (uint256 place = 0; place < WORDS; place++) {
            uint256 word = place < KEY_WORDS ? key[place] : viewing[place - KEY_WORDS];
            if (word >> 32 != 0) revert Reverted(Reverts.BAD_WORDS);
            groups[place / 8] = groups[place / 8] << 32 | word;
        }
        return abi.encodePacked(groups[0], groups[1], uint192(groups[2]));
    }
}
