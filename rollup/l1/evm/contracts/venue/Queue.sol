// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Numbers} from "venue/Numbers.sol";
import {DepositOutcomes, EntryKinds, Reverted, Reverts} from "venue/Reasons.sol";
import {Deposit, Entry, Malformed} from "venue/Types.sol";

/// The deposit queue: who may enter it, and the hash chain that names what is in it
/// (rollup.l1.queue). Of an entry the chain is all that is stored: whoever says what it was brings
/// its bytes, which the two heads beside it prove.
library Queue {
    /// The account of a sender (0: none), and which of its entries are open.
    struct Sender {
        uint64 account;
        bool registered;
        bool rotating;
        bool exiting;
    }

    /// `accountsEnd` is the first account index that is never assigned, `entriesEnd` how many
    /// entries there can ever be, `paceMs` how long the venue has for each (rollup.l1.freeze).
    /// `times` are four of 52 bits a word, the first lowest; above them is by how much the turn of
    /// the first is later than its time.
    struct Store {
        uint32 accountsEnd;
        uint32 entriesEnd;
        uint32 count;
        uint32 nextAccount;
        uint64 paceMs;
        mapping(uint256 count => bytes32) heads;
        mapping(uint256 word => uint256) times;
        mapping(address => Sender) senders;
    }

    /// An entry that was asked for and is not queued: all but its index, which is the next.
    struct Asked {
        uint256 kind;
        uint256 account;
        address owner;
        uint256 amount;
        uint256 asset;
        bytes words;
    }

    uint256 private constant TIMES = 4;
    uint256 private constant LATE_AT = TIMES * Numbers.TIME_BITS;

    /// An empty queue of a venue that closes a batch every so many ms and takes at least so many
    /// entries then, where so many wait.
    function open(
        Store storage queue,
        uint256 accounts,
        uint256 entries,
        uint256 intervalMs,
        uint256 entriesLeast
    ) internal {
        queue.accountsEnd = uint32(accounts);
        queue.entriesEnd = uint32(entries);
        queue.nextAccount = uint32(Numbers.FIRST_ACCOUNT);
        queue.paceMs = uint64((intervalMs + entriesLeast - 1) / entriesLeast);
    }

    /// The account that a registration of the sender asks for.
    function requireRegistration(Store storage queue, address owner)
        internal
        view
        returns (uint256 account)
    {
        Sender storage known = queue.senders[owner];
        if (known.registered) revert Reverted(Reverts.REGISTERED);
        account = known.account == 0 ? queue.nextAccount : known.account;
        if (account >= queue.accountsEnd) revert Reverted(Reverts.ACCOUNTS_FULL);
        requireIndex(queue);
    }

    /// The sender may ask for another key: a batch takes no second rotation of an account.
    function requireRotation(Store storage queue, address owner, uint256 account) internal view {
        if (queue.senders[owner].rotating) revert Reverted(Reverts.ROTATING);
        requireAssigned(queue, account);
        requireIndex(queue);
    }

    /// The sender may ask for USDC out of an account: one exit at a time, as of rotations.
    function requireExit(Store storage queue, address owner, uint256 account) internal view {
        if (queue.senders[owner].exiting) revert Reverted(Reverts.EXITING);
        requireAssigned(queue, account);
        requireIndex(queue);
    }

    /// The account was assigned, or is the backstop's, and there is an index for the entry.
    function requireCredit(Store storage queue, uint256 account) internal view {
        requireAssigned(queue, account);
        requireIndex(queue);
    }

    /// Whether an account was assigned, or is the backstop's.
    function isAssigned(Store storage queue, uint256 account) internal view returns (bool) {
        return account < queue.nextAccount || account == Numbers.BACKSTOP_ACCOUNT;
    }

    /// Whether one more entry can be queued.
    function hasRoom(Store storage queue) internal view returns (bool) {
        return queue.count < queue.entriesEnd;
    }

    /// Queue an entry that one of the above let in; its index and its bytes.
    function append(Store storage queue, Asked memory asked, uint256 time)
        internal
        returns (uint256 index, bytes memory entry)
    {
        index = queue.count;
        entry = encode(index, asked);
        queue.heads[index + 1] = keccak256(abi.encodePacked(queue.heads[index], entry));
        keepTime(queue, index, time);
        queue.count = uint32(index + 1);
        if (asked.kind == EntryKinds.REGISTER) {
            Sender memory known = queue.senders[asked.owner];
            (known.account, known.registered) = (uint64(asked.account), true);
            queue.senders[asked.owner] = known;
            if (asked.account == queue.nextAccount) queue.nextAccount = uint32(asked.account + 1);
        } else if (asked.kind == EntryKinds.ROTATE) {
            queue.senders[asked.owner].rotating = true;
        } else if (asked.kind == EntryKinds.EXIT) {
            queue.senders[asked.owner].exiting = true;
        }
    }

    /// The bytes of rollup.protocol.deposit.QueueEntry.
    function encode(uint256 index, Asked memory asked) internal pure returns (bytes memory) {
        return abi.encodePacked(
            uint64(index),
            uint64(asked.kind),
            uint64(asked.account),
            uint64(asked.asset),
            uint64(asked.amount),
            asked.owner,
            asked.words
        );
    }

    /// The chain after one more entry.
    function extended(bytes32 before, Entry memory entry) internal pure returns (bytes32) {
        uint256[3] memory groups;
        for (uint256 place = 0; place < entry.words.length; ++place) {
            groups[place / 8] = groups[place / 8] << 32 | entry.words[place];
        }
        bytes memory words = abi.encodePacked(groups[0], groups[1], uint192(groups[2]));
        Asked memory asked = Asked(
            entry.kind, entry.account, entry.owner, entry.amount, entry.asset, words
        );
        return keccak256(abi.encodePacked(before, encode(entry.index, asked)));
    }

    /// The chain after `count` entries. Malformed where the queue is shorter.
    function head(Store storage queue, uint256 count) internal view returns (bytes32) {
        if (count > queue.count) revert Malformed();
        return queue.heads[count];
    }

    /// Since which L1 time the oldest entry waits that is not among the first `count`, and whether
    /// there is one.
    function waitsSince(Store storage queue, uint256 count)
        internal
        view
        returns (bool waits, uint256 time)
    {
        if (count >= queue.count) return (false, 0);
        return (true, timeIn(queue.times[count / TIMES], count % TIMES));
    }

    /// The L1 time from which an entry that is queued waits for nothing but the venue: when it was
    /// queued, or `paceMs` after the turn of the entry before it, whichever is later.
    function turnOf(Store storage queue, uint256 index) internal view returns (uint256 turn) {
        uint256 times = queue.times[index / TIMES];
        turn = timeIn(times, 0) + (times >> LATE_AT);
        for (uint256 place = 1; place <= index % TIMES; ++place) {
            turn = later(timeIn(times, place), turn + queue.paceMs);
        }
    }

    /// Times are of an L1's clock, so within their bits; what is late is cut at the most that fits,
    /// which no venue comes to.
    function keepTime(Store storage queue, uint256 index, uint256 time) private {
        uint256 place = index % TIMES;
        uint256 kept = time << (place * Numbers.TIME_BITS);
        if (place == 0 && index != 0) {
            uint256 late = later(time, turnOf(queue, index - 1) + queue.paceMs) - time;
            uint256 most = type(uint256).max >> LATE_AT;
            kept |= (late < most ? late : most) << LATE_AT;
        }
        queue.times[index / TIMES] |= kept;
    }

    function timeIn(uint256 times, uint256 place) private pure returns (uint256) {
        return times >> (place * Numbers.TIME_BITS) & ((1 << Numbers.TIME_BITS) - 1);
    }

    function later(uint256 one, uint256 other) private pure returns (uint256) {
        return one > other ? one : other;
    }

    /// A batch that consumed an entry is proved: a refused registration may be tried again, and a
    /// next rotation or exit sent.
    function settle(Store storage queue, Deposit memory deposit) internal {
        if (deposit.entry.kind == EntryKinds.ROTATE) {
            queue.senders[deposit.entry.owner].rotating = false;
        } else if (deposit.entry.kind == EntryKinds.EXIT) {
            queue.senders[deposit.entry.owner].exiting = false;
        } else if (
            deposit.entry.kind == EntryKinds.REGISTER
                && deposit.outcome != DepositOutcomes.CREDITED
        ) {
            queue.senders[deposit.entry.owner].registered = false;
        }
    }

    function requireAssigned(Store storage queue, uint256 account) private view {
        if (!isAssigned(queue, account)) revert Reverted(Reverts.UNKNOWN_ACCOUNT);
    }

    function requireIndex(Store storage queue) private view {
        if (!hasRoom(queue)) revert Reverted(Reverts.QUEUE_FULL);
    }
}
