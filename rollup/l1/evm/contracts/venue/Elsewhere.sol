// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Links} from "outpost/Links.sol";
import {Assets} from "venue/Assets.sol";
import {Committees} from "venue/Committees.sol";
import {GovernanceReader} from "venue/GovernanceReader.sol";
import {IRollupEvents} from "venue/IRollup.sol";
import {Money} from "venue/Money.sol";
import {Numbers, Tags} from "venue/Numbers.sol";
import {Queue} from "venue/Queue.sol";
import {EntryKinds, Reverted, Reverts} from "venue/Reasons.sol";
import {Schedule} from "venue/Schedule.sol";
import {Malformed} from "venue/Types.sol";
import {Vault} from "venue/Vault.sol";

/// Home's side of its outposts on other chains (rollup.l1.elsewhere, rollup.l1.outposts): their
/// deposits taken in, what is let out through them, and how much of what the books count is there.
library Elsewhere {
    using Queue for Queue.Store;
    using Schedule for Schedule.Store;
    using Vault for Vault.Ledger;

    /// The books of one outpost; nobody's address where there is none. Of the inbox the chain after
    /// what was taken, of the outbox that after every entry.
    struct Book {
        address outpost;
        uint64 validFrom;
        uint32 taken;
        bytes32 inboxHead;
        uint256 sent;
        mapping(uint256 count => bytes32) outboxHeads;
        mapping(uint256 mark => uint256) caps;
        mapping(uint256 mark => uint256) there;
    }

    /// An entry of the queue whose money came to an outpost: its index, and how much came so with
    /// all such entries of the asset up to it.
    struct Far {
        uint64 index;
        uint128 sum;
    }

    /// By asset: all that is at outposts, entries of the queue that came to one, by rising index,
    /// and how much of them was reclaimed.
    struct Store {
        mapping(uint256 chain => Book) books;
        mapping(uint256 mark => uint256) total;
        mapping(uint256 mark => Far[]) far;
        mapping(uint256 mark => uint256) reclaimed;
    }

    /// Of home: its chain, the venue, the least deposit, L1's time, the governance delay.
    struct Home {
        uint256 chain;
        uint256 venue;
        uint256 leastDeposit;
        uint256 time;
        uint256 delay;
    }

    /// An entry of an inbox.
    struct Came {
        address owner;
        uint256 account;
        uint256 asset;
        uint256 amount;
    }

    uint256 private constant ACCOUNT_AT = 28;
    uint256 private constant ASSET_AT = 36;
    uint256 private constant AMOUNT_AT = 44;
    uint256 private constant WORDS_BYTES = 4 * (2 * Numbers.SEPTIC_LENGTH + Numbers.DIGEST_LENGTH);

    /// Let an outpost be heard once the governance delay is over. The caller has asked who sends.
    function announce(
        Store storage store,
        Schedule.Store storage schedule,
        Home calldata home,
        uint256 chain,
        address outpost,
        uint256[] calldata marks,
        uint256[] calldata caps
    ) external returns (uint256 validFrom) {
        Book storage book = store.books[chain];
        bool isNew = book.validFrom == 0 && chain != home.chain
            && chain >> Numbers.CHAIN_BITS == 0;
        if (!isNew) revert Reverted(Reverts.BAD_OUTPOST);
        requireCaps(marks, caps);
        for (uint256 k = 0; k < marks.length; ++k) {
            Assets.requireKnown(schedule, marks[k]);
            book.caps[marks[k]] = caps[k];
        }
        validFrom = home.time + home.delay;
        bytes memory link = Links.encode(home.chain, home.venue, chain, outpost);
        (book.outpost, book.validFrom) = (outpost, uint64(validFrom));
        (book.inboxHead, book.outboxHeads[0]) = (Links.inboxStart(link), Links.outboxStart(link));
        emit IRollupEvents.OutpostAnnounced(chain, outpost, marks, caps, validFrom);
    }

    /// Take the next deposits of an outpost: the bytes of rollup.protocol.checkpoint.InboxEntry one
    /// behind the other, as the committee attests to them. None is refused, or it would stop all
    /// behind it.
    function takeIn(
        Store storage store,
        Money storage money,
        Schedule.Store storage schedule,
        Home calldata home,
        uint256 chain,
        bytes calldata entries,
        bytes calldata attestation
    ) external returns (uint256 taken) {
        Book storage book = required(store, chain, home.time);
        (bytes32 head, uint256 brought) =
            Links.follow(book.inboxHead, book.taken, entries, Links.INBOX_BYTES);
        if (brought == 0) revert Reverted(Reverts.ENTRIES_DIFFER);
        taken = book.taken + brought;
        count(store, book, entries);
        Committees.requireSaid(
            schedule.current().data,
            bytes.concat(
                Tags.INBOX,
                Links.encode(home.chain, home.venue, chain, book.outpost),
                bytes8(uint64(taken)),
                head
            ),
            attestation
        );
        (book.taken, book.inboxHead) = (uint32(taken), head);
        for (uint256 place = 0; place < entries.length; place += Links.INBOX_BYTES) {
            bytes calldata entry = entries[place:place + Links.INBOX_BYTES];
            takeOne(store, money, schedule, home, chain, entry);
        }
    }

    /// Let so much of the sender's pending balance out through an outpost that has it.
    function send(
        Store storage store,
        Money storage money,
        Schedule.Store storage schedule,
        uint256 time,
        uint256 chain,
        uint256 asset,
        uint256 amount
    ) external returns (uint256 index) {
        Assets.requireKnown(schedule, asset);
        Assets.requireAmount(asset, amount);
        Book storage book = required(store, chain, time);
        Vault.Ledger storage ledger = money.vault.ledgers[asset];
        if (amount > ledger.pending[msg.sender]) revert Reverted(Reverts.BALANCE_TOO_SMALL);
        if (amount > book.there[asset]) revert Reverted(Reverts.NOT_ELSEWHERE);
        index = book.sent;
        if (index + 1 >= Numbers.ENTRY_END) revert Reverted(Reverts.QUEUE_FULL);
        ledger.pending[msg.sender] -= amount;
        book.there[asset] -= amount;
        store.total[asset] -= amount;
        bytes memory entry =
            abi.encodePacked(uint64(index), msg.sender, uint64(asset), uint64(amount));
        book.outboxHeads[index + 1] = Links.extended(book.outboxHeads[index], entry);
        book.sent = index + 1;
        emit IRollupEvents.SentOut(chain, entry);
    }

    /// What of an asset is not at home, where a proved batch consumed `consumed` entries.
    function notHere(Store storage store, uint256 asset, uint256 consumed)
        internal
        view
        returns (Vault.Away memory away)
    {
        away.total = store.total[asset];
        Far[] storage far = store.far[asset];
        uint256 length = far.length;
        if (length == 0) return away;
        uint256 place = placeOf(far, consumed);
        uint256 before = place == 0 ? 0 : far[place - 1].sum;
        away.queued = far[length - 1].sum - before - store.reclaimed[asset];
    }

    /// Whether an entry of the queue came to an outpost; it is counted as reclaimed then.
    function reclaim(Store storage store, uint256 asset, uint256 index, uint256 amount)
        internal
        returns (bool isFar)
    {
        Far[] storage far = store.far[asset];
        uint256 place = placeOf(far, index);
        isFar = place < far.length && far[place].index == index;
        if (isFar) store.reclaimed[asset] += amount;
    }

    /// The first place whose index is not below `index`.
    function placeOf(Far[] storage far, uint256 index) private view returns (uint256 low) {
        uint256 high = far.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (far[middle].index < index) low = middle + 1;
            else high = middle;
        }
    }

    /// The books of the outpost on a chain, which are in force.
    function required(Store storage store, uint256 chain, uint256 time)
        private
        view
        returns (Book storage book)
    {
        book = store.books[chain];
        if (book.validFrom == 0 || time < book.validFrom) {
            revert Reverted(Reverts.UNKNOWN_CHAIN);
        }
    }

    /// Marks rise, and each cap is an amount.
    function requireCaps(uint256[] calldata marks, uint256[] calldata caps) private pure {
        bool isBounded = marks.length != 0 && marks.length == caps.length
            && marks.length <= Numbers.MARKETS_MAX + 1;
        for (uint256 k = 0; isBounded && k < marks.length; ++k) {
            uint256 bits = marks[k] == Assets.USDC ? Numbers.AMOUNT_BITS : Numbers.SIZE_BITS;
            isBounded = caps[k] != 0 && caps[k] >> bits == 0 && (k == 0 || marks[k - 1] < marks[k]);
        }
        if (!isBounded) revert Malformed();
    }

    /// Count what these entries bring as being there. CAP_PASSED where that would be too much.
    function count(Store storage store, Book storage book, bytes calldata entries) private {
        for (uint256 place = 0; place < entries.length; place += Links.INBOX_BYTES) {
            Came memory came = read(entries[place:place + Links.INBOX_BYTES]);
            uint256 there = book.there[came.asset] + came.amount;
            if (there > book.caps[came.asset]) revert Reverted(Reverts.CAP_PASSED);
            book.there[came.asset] = there;
            store.total[came.asset] += came.amount;
        }
    }

    /// Queue an entry as a credit, or owe it to whoever deposited it.
    function takeOne(
        Store storage store,
        Money storage money,
        Schedule.Store storage schedule,
        Home calldata home,
        uint256 chain,
        bytes calldata entry
    ) private {
        Came memory came = read(entry);
        Vault.Ledger storage ledger = money.vault.ledgers[came.asset];
        bool isQueued = isWorth(schedule, came.asset, came.amount, home.leastDeposit)
            && money.queue.isAssigned(came.account) && money.queue.hasRoom()
            && ledger.hasRoom(came.asset, came.amount);
        ledger.wasAway = true;
        emit IRollupEvents.InboxTaken(chain, entry, isQueued);
        if (!isQueued) {
            ledger.pending[came.owner] += came.amount;
            return;
        }
        ledger.queued += uint64(came.amount);
        bytes memory words = new bytes(WORDS_BYTES);
        (uint256 index, bytes memory queued) = money.queue.append(
            Queue.Asked(
                EntryKinds.CREDIT, came.account, came.owner, came.amount, came.asset, words
            ),
            home.time
        );
        Far[] storage far = store.far[came.asset];
        uint256 sum = far.length == 0 ? 0 : far[far.length - 1].sum;
        far.push(Far(uint64(index), uint128(sum + came.amount)));
        emit IRollupEvents.DepositQueued(index, home.time, queued);
    }

    /// Whether an asset is taken, and so much of it is worth `least` quanta.
    function isWorth(
        Schedule.Store storage schedule,
        uint256 asset,
        uint256 amount,
        uint256 least
    ) private view returns (bool) {
        if (asset == Assets.USDC) return amount >= least;
        (bool isListed, bool isDelisted, uint256 price) =
            GovernanceReader.loadAsset(schedule.current().data, asset);
        return isListed && !isDelisted && amount >= (least + price - 1) / price;
    }

    /// An entry of an inbox in its bytes. Malformed for numbers that no outpost has.
    function read(bytes calldata entry) private pure returns (Came memory came) {
        came.owner = Links.owner(entry);
        came.account = Links.number(entry, ACCOUNT_AT);
        came.asset = Links.number(entry, ASSET_AT);
        came.amount = Links.number(entry, AMOUNT_AT);
        uint256 bits = came.asset == Assets.USDC ? Numbers.AMOUNT_BITS : Numbers.SIZE_BITS;
        bool isBounded = came.account >> Numbers.ACCOUNT_BITS == 0
            && came.asset >> Numbers.MARKET_BITS == 0 && came.amount != 0
            && came.amount >> bits == 0;
        if (!isBounded) revert Malformed();
    }
}
