// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Given} from "venue/Given.sol";
import {HeaderCodec} from "venue/HeaderCodec.sol";
import {IRollupEvents} from "venue/IRollup.sol";
import {Refusals, Reverted, Reverts} from "venue/Reasons.sol";
import {Schedule} from "venue/Schedule.sol";
import {Header} from "venue/Types.sol";

/// The headers: a proved head, an unproved tail after it, and the refusals that open a redo
/// (rollup.l1.headers, and `commit_header` of rollup.l1.mock). Times are in ms.
library Headers {
    /// What is kept of a header that was taken; `deposits` is how many queue entries are consumed
    /// up to it, `takenAt` the L1 time at which it came. Genesis is number 0 and has no digest.
    struct Held {
        bytes32 digest;
        bytes32 root;
        uint64 time;
        uint64 deposits;
        uint128 takenAt;
    }

    /// The refusal on record that waits for its redo, if any.
    struct Waiting {
        bool waits;
        uint8 reason;
        uint64 number;
        uint64 time;
        bytes32 digest;
    }

    /// `held` are the headers by number up to `head`, of which those up to `proved` are proved.
    /// `refused` is 1 + the reason of every header that was ever refused, by its digest.
    struct Store {
        uint64 proved;
        uint64 head;
        uint128 redoUntil;
        mapping(uint256 number => Held) held;
        mapping(bytes32 digest => uint8) refused;
        Waiting refusal;
    }

    /// What the deployment says of headers: when the grid starts, how far its places are apart, how
    /// long a header may wait for its proof, and an entry for a batch that takes fewer than
    /// `entriesLeast`.
    struct Rules {
        uint256 start;
        uint256 intervalMs;
        uint256 proofDeadlineMs;
        uint256 entryWaitMs;
        uint256 entriesLeast;
    }

    /// Of the queue after the entries that a header consumes: whether it has as many, the chain's
    /// head there, whether another entry waits behind them, and since when.
    struct Queued {
        bool reaches;
        bytes32 head;
        bool waits;
        uint256 since;
    }

    /// What `commit` answers for a header that is held.
    uint8 internal constant HELD = 255;

    /// Begin after genesis.
    function open(Store storage store, uint256 time, bytes32 root) internal {
        store.held[0] = Held({
            digest: 0, root: root, time: uint64(time), deposits: 0, takenAt: 0
        });
    }

    /// The header in its canonical bytes, or Malformed.
    function decode(bytes calldata data) external pure returns (Header memory) {
        return HeaderCodec.decode(data);
    }

    /// Hold a closed batch to its content, or put on record why it cannot be held: HELD, or the
    /// place in Refusal. Reverts in the order of docs/spec/09-l1.md; the caller has asked who
    /// sends. Says HeaderTaken, HeaderRefused and GovernanceEnacted.
    function commit(
        Store storage store,
        Schedule.Store storage schedule,
        Given.Store storage given,
        Rules memory rules,
        Header memory header,
        Queued memory queued,
        uint256 now_
    ) external returns (uint8) {
        if (_holds(store, header)) return HELD;
        _requireNext(store, header);
        if ((header.time - rules.start) % rules.intervalMs != 0) {
            revert Reverted(Reverts.OFF_GRID);
        }
        uint256 place = Schedule.placeOf(schedule, header);
        Schedule.Scheduled storage terms = schedule.entries[place];
        if (header.time > now_ + terms.clockAheadMs) revert Reverted(Reverts.CLOCK_AHEAD);
        uint8 recorded = store.refused[header.digest];
        if (recorded != 0 && !header.redo) return recorded - 1;
        bool isLate = header.time + terms.clockBehindMs < now_;
        bool isCalled = _requireRedo(store, header, isLate);
        _requireProofs(store, rules.proofDeadlineMs, now_);
        uint8 reason = _judge(given, terms, rules, header, queued, isLate, now_);
        if (reason != HELD) {
            if (recorded == 0) _refuse(store, header, reason, now_);
            return recorded == 0 ? reason : recorded - 1;
        }
        if (header.redo && !isCalled) _refuse(store, header, Refusals.CLOCK_BEHIND, now_);
        _take(store, header, now_);
        if (Schedule.use(schedule, place)) {
            emit IRollupEvents.GovernanceEnacted(header.governance, header.number);
        }
        Given.forget(given, Given.wanted(schedule, nextTime(store), now_));
        return HELD;
    }

    /// The oldest header of the tail is proved.
    function prove(Store storage store) internal {
        ++store.proved;
    }

    /// The oldest header that waits for its proof: false where there is none.
    function oldest(Store storage store) internal view returns (bool waits, Held storage held) {
        waits = store.head > store.proved;
        held = store.held[uint256(store.proved) + 1];
    }

    /// The least time that the next header can have.
    function nextTime(Store storage store) internal view returns (uint256) {
        Waiting storage waiting = store.refusal;
        return waiting.waits ? waiting.time : uint256(store.held[store.head].time) + 1;
    }

    /// Whether a batch must be made anew: its header was refused, or it was closed before anybody
    /// could know of the last refusal.
    function wantsRedo(Store storage store, uint256 number, uint256 time)
        internal
        view
        returns (bool)
    {
        Waiting storage waiting = store.refusal;
        return time <= store.redoUntil || (waiting.waits && waiting.number == number);
    }

    /// Whether exactly this header is held. HEADER_EXISTS where another one has its number.
    function _holds(Store storage store, Header memory header) private view returns (bool) {
        bytes32 held = store.held[header.number].digest;
        if (held != 0 && held != header.digest) revert Reverted(Reverts.HEADER_EXISTS);
        return held != 0;
    }

    /// The header follows the head: in number, root, time and deposits.
    function _requireNext(Store storage store, Header memory header) private view {
        Held storage head = store.held[store.head];
        if (header.number != uint256(store.head) + 1) revert Reverted(Reverts.WRONG_NUMBER);
        if (header.oldRoot != head.root) revert Reverted(Reverts.OLD_ROOT);
        if (header.time <= head.time) revert Reverted(Reverts.CLOCK_NOT_ADVANCED);
        if (header.depositsBefore != head.deposits) revert Reverted(Reverts.DEPOSITS_SKIPPED);
    }

    /// Whether a redo is called for: it is one exactly then; one that is late may be one uncalled,
    /// since a reorganisation can have taken back the refusal that it answers.
    function _requireRedo(Store storage store, Header memory header, bool isLate)
        private
        view
        returns (bool isCalled)
    {
        Waiting storage waiting = store.refusal;
        if (waiting.waits && header.time != waiting.time) revert Reverted(Reverts.REDO_TIME);
        isCalled = wantsRedo(store, header.number, header.time);
        if (isCalled && !header.redo) revert Reverted(Reverts.REDO_WANTED);
        if (header.redo && !isCalled && !isLate) revert Reverted(Reverts.REDO_UNCALLED);
    }

    /// No header of the tail has waited too long for its proof.
    function _requireProofs(Store storage store, uint256 deadlineMs, uint256 now_) private view {
        (bool waits, Held storage held) = oldest(store);
        if (waits && now_ > held.takenAt + deadlineMs) revert Reverted(Reverts.PROOF_OVERDUE);
    }

    /// Why an honest operator, too, could find its closed batch impossible to hold, or HELD.
    function _judge(
        Given.Store storage given,
        Schedule.Scheduled storage terms,
        Rules memory rules,
        Header memory header,
        Queued memory queued,
        bool isLate,
        uint256 now_
    ) private view returns (uint8) {
        if (header.governance != terms.digest) return Refusals.GOVERNANCE;
        if (!queued.reaches || header.queueHead != queued.head) {
            return Refusals.DEPOSIT_NOT_QUEUED;
        }
        if (isLate && !header.redo) return Refusals.CLOCK_BEHIND;
        if (Given.withheld(given, terms, header, now_)) return Refusals.REPORT_WITHHELD;
        bool isFew = queued.waits && header.deposits < rules.entriesLeast;
        bool isHeldBack = isFew && header.time > queued.since + rules.entryWaitMs;
        return isHeldBack ? Refusals.QUEUE_HELD_BACK : HELD;
    }

    function _take(Store storage store, Header memory header, uint256 now_) private {
        store.held[header.number] = Held({
            digest: header.digest,
            root: header.newRoot,
            time: uint64(header.time),
            deposits: uint64(header.depositsBefore + header.deposits),
            takenAt: uint128(now_)
        });
        store.head = uint64(header.number);
        if (store.refusal.waits) delete store.refusal;
        emit IRollupEvents.HeaderTaken(
            header.number, header.time, header.digest, now_, HeaderCodec.encode(header)
        );
    }

    /// Put a refusal on record: all that is closed by now was closed without knowing of it.
    function _refuse(Store storage store, Header memory header, uint8 reason, uint256 now_)
        private
    {
        store.refused[header.digest] = reason + 1;
        store.refusal = Waiting({
            waits: true,
            reason: reason,
            number: uint64(header.number),
            time: uint64(header.time),
            digest: header.digest
        });
        if (now_ > store.redoUntil) store.redoUntil = uint128(now_);
        emit IRollupEvents.HeaderRefused(header.number, header.time, header.digest, reason);
    }
}
