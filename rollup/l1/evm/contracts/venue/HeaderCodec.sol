// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Numbers, Tags} from "venue/Numbers.sol";
import {Header, Malformed} from "venue/Types.sol";

/// rollup.protocol.header.BatchHeader and its canonical bytes: tag (16), seven numbers of 8 bytes,
/// big-endian, six digests of 32.
library HeaderCodec {
    uint256 internal constant HEADER_BYTES = 16 + 7 * 8 + 6 * 32;

    /// Places of the numbers, in 8 bytes each, behind the tag.
    uint256 private constant NUMBER = 0;
    uint256 private constant TIME = 1;
    uint256 private constant REDO = 2;
    uint256 private constant BEGINS_OPEN = 3;
    uint256 private constant MISSING = 4;
    uint256 private constant DEPOSITS_BEFORE = 5;
    uint256 private constant DEPOSITS = 6;
    uint256 private constant COUNT = 7;

    /// The header in these bytes. Malformed unless they are those of one that Python can have.
    function decode(bytes calldata data) internal pure returns (Header memory header) {
        if (data.length != HEADER_BYTES || bytes16(data[:16]) != Tags.HEADER) revert Malformed();
        header.digest = keccak256(data);
        header.number = _number(data, NUMBER);
        header.time = _number(data, TIME);
        header.redo = _flag(data, REDO);
        header.beginsOpen = _flag(data, BEGINS_OPEN);
        header.missing = _number(data, MISSING);
        header.depositsBefore = _number(data, DEPOSITS_BEFORE);
        header.deposits = _number(data, DEPOSITS);
        header.governance = _digest(data, 0);
        header.oldRoot = _digest(data, 1);
        header.newRoot = _digest(data, 2);
        header.receipts = _digest(data, 3);
        header.queueHead = _digest(data, 4);
        header.publicDigest = _digest(data, 5);
        if (!_boundsAreKept(header)) revert Malformed();
    }

    /// The canonical bytes of a header. Its `digest` is not asked for.
    function encode(Header memory header) internal pure returns (bytes memory) {
        bytes memory numbers = abi.encodePacked(
            Tags.HEADER,
            uint64(header.number),
            uint64(header.time),
            uint64(header.redo ? 1 : 0),
            uint64(header.beginsOpen ? 1 : 0),
            uint64(header.missing),
            uint64(header.depositsBefore),
            uint64(header.deposits)
        );
        return bytes.concat(
            numbers,
            header.governance,
            header.oldRoot,
            header.newRoot,
            header.receipts,
            header.queueHead,
            header.publicDigest
        );
    }

    /// Whether the 32 bytes are eight field elements, little-endian words of 4 bytes.
    function isRoot(bytes32 root) internal pure returns (bool) {
        for (uint256 i = 0; i < Numbers.DIGEST_LENGTH; ++i) {
            uint256 word = 0;
            for (uint256 k = 0; k < 4; ++k) word |= uint256(uint8(root[4 * i + k])) << 8 * k;
            if (word >= Numbers.FIELD_ORDER) return false;
        }
        return true;
    }

    function _boundsAreKept(Header memory header) private pure returns (bool) {
        return 1 <= header.number && header.number < 1 << Numbers.NUMBER_BITS
            && header.time < 1 << Numbers.TIME_BITS && header.deposits <= Numbers.DEPOSITS_MAX
            && header.depositsBefore + header.deposits < 1 << Numbers.QUEUE_BITS
            && isRoot(header.oldRoot) && isRoot(header.newRoot);
    }

    function _number(bytes calldata data, uint256 place) private pure returns (uint256) {
        return uint64(bytes8(data[16 + 8 * place:24 + 8 * place]));
    }

    function _flag(bytes calldata data, uint256 place) private pure returns (bool) {
        uint256 number = _number(data, place);
        if (number > 1) revert Malformed();
        return number == 1;
    }

    function _digest(bytes calldata data, uint256 place) private pure returns (bytes32) {
        uint256 start = 16 + 8 * COUNT + 32 * place;
        return bytes32(data[start:start + 32]);
    }
}
