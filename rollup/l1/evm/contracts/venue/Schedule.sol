// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DataContract} from "venue/DataContract.sol";
import {GovernanceCodec} from "venue/GovernanceCodec.sol";
import {GovernanceReader} from "venue/GovernanceReader.sol";
import {Reverted, Reverts} from "venue/Reasons.sol";
import {Governance, Header} from "venue/Types.sol";

/// Which parameters are in force for a batch: a function of its number and time; in an open step
/// those of its first batch (rollup.l1.schedule). Parameters are kept whole, as the code of a data
/// contract: some 13 kB at most, once an announcement, so that every call reads what it needs and
/// nobody brings bytes that were announced before. Times and delays are in ms.
library Schedule {
    /// Parameters, the least batch number and batch time that they are for, and of them what every
    /// header asks for. Three words of storage: a number that no batch can have is kept as the last
    /// of 32 bits, which none has either; a delay and a clock's time are of 52 bits each.
    struct Scheduled {
        address data;
        uint32 slotMs;
        uint32 lagMs;
        uint32 number;
        bytes32 digest;
        uint64 clockBehindMs;
        uint64 clockAheadMs;
        uint64 validFrom;
    }

    /// All parameters ever announced and not replaced, genesis first; `used` is the place of what
    /// the last header was under.
    struct Store {
        Scheduled[] entries;
        uint256 used;
    }

    /// Begin with the parameters of genesis. GOVERNANCE_UNSAFE as `announce` says; delay and
    /// interval are for the constructor to ask of, by `requireDelay` and `requireInterval`.
    function open(Store storage store, bytes calldata governance) external {
        _append(store, GovernanceCodec.safe(governance), governance, 0, 0);
    }

    /// Add parameters for batches from a number on, in place of the last ones if no closed batch
    /// can be under them yet; returns the least batch time that they are for. They follow all that
    /// a batch before them can be under. INTERVAL_TOO_LONG, GOVERNANCE_UNSAFE, DELAY_TOO_SHORT,
    /// GOVERNANCE_CHANGED, asked in this order. The caller has asked of sender and number.
    function announce(
        Store storage store,
        bytes calldata governance,
        uint256 number,
        uint256 now_,
        uint256 delayMs,
        uint256 intervalMs
    ) external returns (uint256 validFrom) {
        (bool isThere, uint256 behind, uint256 ahead) = GovernanceReader.clock(governance);
        if (isThere) requireInterval(behind, ahead, intervalMs);
        Governance memory found = GovernanceCodec.safe(governance);
        requireDelay(ahead, delayMs);
        uint256 kept = store.entries.length;
        if (_isReplaceable(store.entries[kept - 1], now_)) --kept;
        for (uint256 place = store.used; place < kept; ++place) {
            address data = store.entries[place].data;
            GovernanceCodec.requireContinues(GovernanceReader.load(data), found);
        }
        if (kept < store.entries.length) store.entries.pop();
        validFrom = now_ + delayMs;
        _append(store, found, governance, number, validFrom);
    }

    /// DELAY_TOO_SHORT unless the delay passes how far a batch's time may be ahead of L1's.
    function requireDelay(uint256 clockAheadMs, uint256 delayMs) internal pure {
        if (delayMs <= clockAheadMs) revert Reverted(Reverts.DELAY_TOO_SHORT);
    }

    /// INTERVAL_TOO_LONG unless at any moment some place of the grid is within the clock's bounds.
    function requireInterval(uint256 behindMs, uint256 aheadMs, uint256 intervalMs)
        internal
        pure
    {
        if (intervalMs > behindMs + aheadMs + 1) revert Reverted(Reverts.INTERVAL_TOO_LONG);
    }

    /// What the last header was under.
    function current(Store storage store) internal view returns (Scheduled storage) {
        return store.entries[store.used];
    }

    /// Where the parameters in force for a batch of this number and time stand: the last that fit.
    function placeFor(Store storage store, uint256 number, uint256 time)
        internal
        view
        returns (uint256 place)
    {
        for (place = store.entries.length - 1; place > 0; --place) {
            Scheduled storage entry = store.entries[place];
            if (entry.number <= number && entry.validFrom <= time) break;
        }
    }

    /// Where the parameters stand that a header must be under: while a step is open those of the
    /// header before it.
    function placeOf(Store storage store, Header memory header) internal view returns (uint256) {
        return header.beginsOpen ? store.used : placeFor(store, header.number, header.time);
    }

    /// Note that a header took the parameters at a place; whether it is the first under them.
    function use(Store storage store, uint256 place) internal returns (bool isFirst) {
        uint256 used = store.used;
        isFirst = place > used;
        if (place != used) store.used = place;
    }

    /// Whether a batch closed by now is too early to be under the last parameters.
    function _isReplaceable(Scheduled storage last, uint256 now_) private view returns (bool) {
        return now_ + last.clockAheadMs < last.validFrom;
    }

    function _append(
        Store storage store,
        Governance memory governance,
        bytes memory data,
        uint256 number,
        uint256 validFrom
    ) private {
        // Lie: a number of more bits than are kept, so that parameters for never are for now.
        uint256 never = type(uint32).max;
        store.entries.push(
            Scheduled({
                data: DataContract.write(data),
                slotMs: uint32(governance.oracle.slotMs),
                lagMs: uint32(governance.oracle.lagMs),
                number: uint32(number < never ? number : never),
                digest: governance.digest,
                clockBehindMs: uint64(governance.clockBehindMs),
                clockAheadMs: uint64(governance.clockAheadMs),
                validFrom: uint64(validFrom)
            })
        );
    }
}
