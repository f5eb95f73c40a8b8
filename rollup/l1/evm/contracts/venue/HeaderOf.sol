// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {HeaderCodec} from "venue/HeaderCodec.sol";
import {Reports} from "venue/Reports.sol";
import {BookEntry, Header, PublicInput} from "venue/Types.sol";

/// The header that belongs to a batch: header_of of rollup.protocol.header.
library HeaderOf {
    /// Its digest; `queueHead` is the queue's chain after the entries that the batch consumed.
    function digest(PublicInput memory batch, bytes32 queueHead) internal pure returns (bytes32) {
        Header memory header = Header({
            digest: 0,
            number: batch.number,
            time: batch.time,
            redo: batch.redo,
            beginsOpen: batch.bookBefore.openSince != 0,
            missing: missing(batch),
            depositsBefore: batch.depositsBefore,
            deposits: batch.deposits.length,
            governance: batch.governance.digest,
            oldRoot: batch.oldRoot,
            newRoot: batch.newRoot,
            receipts: batch.receipts,
            queueHead: queueHead,
            publicDigest: batch.digest
        });
        return keccak256(HeaderCodec.encode(header));
    }

    /// The markets that a batch has no reports of, a bit each, market 0 the lowest. None where it
    /// goes on with an open step, and none that has ended.
    function missing(PublicInput memory batch) internal pure returns (uint256 bits) {
        if (batch.bookBefore.openSince != 0) return 0;
        BookEntry[] memory before = batch.bookBefore.markets;
        uint256[] memory reported = Reports.marketsOf(batch.governance.oracle, batch.reports);
        uint256 heard = 0;
        for (uint256 place = 0; place < reported.length; ++place) heard |= 1 << reported[place];
        for (uint256 market = 0; market < batch.governance.oracle.feeds.length; ++market) {
            bool isEnded = market < before.length && before[market].ended;
            if (heard >> market & 1 == 0 && !isEnded) bits |= 1 << market;
        }
    }
}
