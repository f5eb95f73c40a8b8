// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Misconducts, Reverted, Reverts} from "venue/Reasons.sol";
import {Receipt} from "venue/Receipts.sol";
import {Header} from "venue/Types.sol";

/// What an operator's own receipts prove against it (rollup.protocol.misconduct): the place of it in
/// Misconduct, or NO_MISCONDUCT; EVIDENCE_DIFFERS where nothing follows from what came beside.
library Misconduct {
    /// What two receipts prove by themselves.
    function ofPair(Receipt memory one, Receipt memory other) internal pure returns (uint8) {
        (Receipt memory first, Receipt memory second) =
            other.sequence < one.sequence ? (other, one) : (one, other);
        if (first.digest == second.digest) revert Reverted(Reverts.NO_MISCONDUCT);
        if (first.sequence == second.sequence) return Misconducts.FORK;
        bool isNext = second.sequence == first.sequence + 1;
        if (isNext && second.previous != first.digest) return Misconducts.FORK;
        if (isOutOfTime(first, second)) return Misconducts.BACKDATED;
        revert Reverted(Reverts.NO_MISCONDUCT);
    }

    /// What a receipt proves beside the header of the batch that it promised.
    function ofWindow(Receipt memory receipt, Header memory header) internal pure returns (uint8) {
        if (header.number != receipt.batch) revert Reverted(Reverts.EVIDENCE_DIFFERS);
        if (receipt.time == header.time) revert Reverted(Reverts.NO_MISCONDUCT);
        return Misconducts.BACKDATED;
    }

    /// What becomes of a receipt in the chain whose head a header has.
    function ofPlace(Receipt memory receipt, Header memory header, Receipt[] memory list)
        internal
        pure
        returns (uint8)
    {
        requireReaches(list, header.receipts);
        bool isPassed = list.length != 0 && list[list.length - 1].sequence >= receipt.sequence;
        if (header.number < receipt.batch && !isPassed) {
            revert Reverted(Reverts.EVIDENCE_DIFFERS);
        }
        if (isOtherWindow(receipt, header)) return Misconducts.BACKDATED;
        if (isBroken(receipt, header, list)) return Misconducts.BROKEN_CHAIN;
        return inItsPlace(receipt, list);
    }

    /// Each follows the one before by its digest, up to the head.
    function requireReaches(Receipt[] memory list, bytes32 head) private pure {
        bytes32 last = 0;
        for (uint256 k = 0; k < list.length; ++k) {
            if (k != 0 && list[k].previous != last) revert Reverted(Reverts.EVIDENCE_DIFFERS);
            last = list[k].digest;
        }
        if (last != head) revert Reverted(Reverts.EVIDENCE_DIFFERS);
    }

    /// A later sequence has no earlier batch or window, and a batch has one window.
    function isOutOfTime(Receipt memory first, Receipt memory second) private pure returns (bool) {
        bool isLater = second.batch > first.batch && second.time > first.time;
        return !isLater && (second.batch != first.batch || second.time != first.time);
    }

    function isOtherWindow(Receipt memory receipt, Header memory header)
        private
        pure
        returns (bool)
    {
        return receipt.batch == header.number && receipt.time != header.time;
    }

    /// What no honest chain has: the head commits to it all the same. `ours` says whose.
    function isBroken(Receipt memory ours, Header memory header, Receipt[] memory list)
        private
        pure
        returns (bool)
    {
        for (uint256 k = 0; k < list.length; ++k) {
            Receipt memory each = list[k];
            if (each.chain != ours.chain || each.venue != ours.venue) return true;
            if (each.batch > header.number || isOtherWindow(each, header)) return true;
            if (k == 0) continue;
            if (each.sequence != list[k - 1].sequence + 1) return true;
            if (isOutOfTime(list[k - 1], each)) return true;
        }
        return false;
    }

    /// Where a chain without a fault has the receipt's envelope, if not where it was said.
    function inItsPlace(Receipt memory receipt, Receipt[] memory list)
        private
        pure
        returns (uint8)
    {
        if (list.length != 0) {
            uint256 first = list[0].sequence;
            if (receipt.sequence < first) revert Reverted(Reverts.EVIDENCE_DIFFERS);
            uint256 place = receipt.sequence - first;
            if (place < list.length) {
                Receipt memory held = list[place];
                if (held.digest == receipt.digest) revert Reverted(Reverts.NO_MISCONDUCT);
                bool isMoved = held.batch != receipt.batch || held.time != receipt.time;
                if (held.envelope == receipt.envelope && isMoved) return Misconducts.BACKDATED;
            }
        }
        for (uint256 k = 0; k < list.length; ++k) {
            if (list[k].envelope == receipt.envelope) return Misconducts.REORDERED;
        }
        return Misconducts.DROPPED;
    }
}
