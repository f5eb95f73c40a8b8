// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Elements} from "venue/Elements.sol";
import {Layout} from "venue/Layout.sol";
import {Messages} from "venue/Messages.sol";
import {Numbers} from "venue/Numbers.sol";
import {Totals} from "venue/Totals.sol";
import {Book, Governance, PublicInput} from "venue/Types.sol";

/// What a proof of a batch is about, in the bytes that a verifier absorbs: circuits.evm.facts.
/// Elements are 8 bytes, little-endian:
///
///     digest of the public input (32) || count || public value ... || count || message ...
library Statement {
    using Elements for uint256;

    uint256 private constant DIGEST_BYTES = 32;

    /// The statement of a batch that PublicCodec has read, whose own book is `book`: that with its
    /// prices and funding, before it is asked what else it leaves (Books.bookOf).
    function encode(PublicInput memory batch, Book memory book)
        internal
        pure
        returns (bytes memory data)
    {
        uint256 count = batch.deposits.length + book.markets.length + batch.withdrawals.length;
        uint256 elements = 1 + Layout.PUBLICS_WIDTH + 1 + Messages.length(batch);
        uint256 size = DIGEST_BYTES + elements * Elements.BYTES;
        data = new bytes(size + Elements.SLACK);
        uint256 offset;
        bytes32 digest = batch.digest;
        assembly ("memory-safe") {
            mstore(data, size)
            mstore(add(data, 32), digest)
            offset := add(data, 64)
        }
        offset = _putValues(offset.put(Layout.PUBLICS_WIDTH), batch);
        Messages.put(offset.put(count), batch, book);
    }

    /// The fact that a proof of a statement shows with the circuit of this digest, the parameters
    /// of this Keccak-256, and fixed columns of this root, which has zeros after it.
    function fact(
        bytes32 circuit,
        bytes32 parameters,
        bytes32 fixedRoot,
        bytes memory statement
    ) internal pure returns (bytes32) {
        return keccak256(
            bytes.concat(Layout.FACT_TAG, circuit, parameters, fixedRoot, keccak256(statement))
        );
    }

    /// The public vector, in the order of circuits.statement.inputs.
    function _putValues(uint256 offset, PublicInput memory batch)
        private
        pure
        returns (uint256)
    {
        Governance memory governance = batch.governance;
        offset = offset.put(batch.chain).put(batch.venue).put(batch.number);
        offset = offset.putLimbs(batch.time, Numbers.TIME_BITS);
        offset = offset.putDigest(batch.oldRoot).putDigest(batch.newRoot);
        offset = offset.putDigest(batch.dataCommitment);
        offset = offset.put(governance.feeAccount).put(governance.backstopAccount);
        offset = offset.put(governance.refreshFee).putFlag(batch.redo);
        offset = offset.putLimbs(uint256(Totals.before(batch)), Numbers.CASH_BITS);
        offset = offset.putLimbs(batch.total, Numbers.CASH_BITS);
        offset = offset.put(batch.depositsBefore).put(batch.deposits.length);
        offset = offset.putFlag(batch.bookBefore.openSince != 0);
        return offset.putFlag(batch.closed).putFlag(batch.progress);
    }
}
