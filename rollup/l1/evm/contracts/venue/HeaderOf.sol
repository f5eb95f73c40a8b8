// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Tags} from "venue/Numbers.sol";
import {Reports, Said} from "venue/Reports.sol";
import {BookEntry, PublicInput} from "venue/Types.sol";

/// The header that belongs to a batch: header_of of rollup.protocol.header.
library HeaderOf {
    /// Its digest; `queueHead` is the queue's chain after the entries that the batch consumed.
    function digest(PublicInput memory batch, bytes32 queueHead) internal pure returns (bytes32) {
        bytes memory numbers = abi.encodePacked(
            Tags.HEADER,
            uint64(batch.number),
            uint64(batch.time),
            uint64(batch.redo ? 1 : 0),
            uint64(batch.bookBefore.openSince == 0 ? 0 : 1),
            uint64(missing(batch)),
            uint64(batch.depositsBefore),
            uint64(batch.deposits.length)
        );
        return keccak256(
            bytes.concat(
                numbers,
                batch.governance.digest,
                batch.oldRoot,
                batch.newRoot,
                batch.receipts,
                queueHead,
                batch.digest
            )
        );
    }

    /// The markets that a batch has no reports of, a bit each, market 0 the lowest. None where it
    /// goes on with an open step, and none that has ended.
    function missing(PublicInput memory batch) internal pure returns (uint256 bits) {
        if (batch.bookBefore.openSince != 0) return 0;
        BookEntry[] memory before = batch.bookBefore.markets;
        Said[] memory said = Reports.said(batch.governance.oracle, batch.reports);
        for (uint256 market = 0; market < said.length; ++market) {
            bool isEnded = market < before.length && before[market].ended;
            if (said[market].count == 0 && !isEnded) bits |= 1 << market;
        }
    }
}
