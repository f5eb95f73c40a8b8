// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Numbers, Packages, Tags} from "venue/Numbers.sol";
import {Malformed} from "venue/Types.sol";

/// rollup.protocol.receipt.Receipt, beside its digest.
struct Receipt {
    bytes32 digest;
    uint256 chain;
    uint256 venue;
    uint256 sequence;
    bytes32 envelope;
    bytes32 previous;
    uint256 time;
    uint256 batch;
}

/// Receipts from their canonical bytes: tag (17), chain, venue and sequence (8 each), two digests,
/// time and batch (8 each); and who signed one.
library Receipts {
    uint256 internal constant SIZE = 121;
    uint256 private constant CHAIN_AT = 17;
    uint256 private constant VENUE_AT = 25;
    uint256 private constant SEQUENCE_AT = 33;
    uint256 private constant ENVELOPE_AT = 41;
    uint256 private constant PREVIOUS_AT = 73;
    uint256 private constant TIME_AT = 105;
    uint256 private constant BATCH_AT = 113;

    /// The receipt in these bytes. Malformed unless they are those of one that Python can have.
    function decode(bytes calldata data) internal pure returns (Receipt memory receipt) {
        if (data.length != SIZE || bytes17(data[:CHAIN_AT]) != Tags.RECEIPT) revert Malformed();
        receipt.digest = keccak256(data);
        receipt.chain = number(data, CHAIN_AT);
        receipt.venue = number(data, VENUE_AT);
        receipt.sequence = number(data, SEQUENCE_AT);
        receipt.envelope = bytes32(data[ENVELOPE_AT:PREVIOUS_AT]);
        receipt.previous = bytes32(data[PREVIOUS_AT:TIME_AT]);
        receipt.time = number(data, TIME_AT);
        receipt.batch = number(data, BATCH_AT);
        bool isFirst = receipt.sequence == 1;
        bool isBounded = receipt.chain >> Numbers.CHAIN_BITS == 0
            && receipt.venue >> Numbers.CHAIN_BITS == 0 && receipt.sequence != 0
            && receipt.sequence >> Numbers.SEQUENCE_BITS == 0
            && receipt.time >> Numbers.TIME_BITS == 0 && receipt.batch != 0
            && receipt.batch >> Numbers.NUMBER_BITS == 0;
        if (!isBounded || isFirst != (receipt.previous == 0)) revert Malformed();
    }

    /// The receipts in these bytes, one behind the other.
    function decodeAll(bytes calldata data) internal pure returns (Receipt[] memory receipts) {
        if (data.length % SIZE != 0) revert Malformed();
        receipts = new Receipt[](data.length / SIZE);
        for (uint256 k = 0; k < receipts.length; ++k) {
            receipts[k] = decode(data[k * SIZE:(k + 1) * SIZE]);
        }
    }

    /// Whose key signed a digest, in the one form that a signature has; nobody's is address 0.
    function signerOf(bytes32 digest, bytes calldata signature) internal pure returns (address) {
        if (signature.length != Packages.SIGNATURE_BYTES) revert Malformed();
        uint256 s = uint256(bytes32(signature[32:64]));
        // Lie: the twin of a signature, which anybody makes of it.
        if (s > Packages.ORDER / 2) return address(0);
        return ecrecover(digest, uint8(signature[64]), bytes32(signature[:32]), bytes32(s));
    }

    function number(bytes calldata data, uint256 place) private pure returns (uint256) {
        return uint64(bytes8(data[place:place + 8]));
    }
}
