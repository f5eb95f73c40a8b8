// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Layout} from "venue/Layout.sol";
import {Numbers} from "venue/Numbers.sol";

/// Field elements in memory as a transcript absorbs them: 8 bytes each, little-endian. Numbers are
/// below 2^32. Each function writes from `offset` on and returns where the next element goes; what
/// it writes with the last one are 24 zeros behind it, which must be free.
library Elements {
    uint256 internal constant BYTES = 8;
    uint256 internal constant SLACK = 32 - BYTES;
    uint256 internal constant WORDS = 22;

    uint256 private constant LIMB_END = 1 << Layout.LIMB_BITS;
    uint256 private constant OWNER_BITS = 8 * Numbers.OWNER_BYTES;

    /// One number.
    function put(uint256 offset, uint256 element) internal pure returns (uint256 next) {
        assembly ("memory-safe") {
            let half := or(shl(8, and(element, 0x00ff00ff)), and(shr(8, element), 0x00ff00ff))
            mstore(offset, shl(224, or(shl(16, half), shr(16, half))))
            next := add(offset, 8)
        }
    }

    function putFlag(uint256 offset, bool flag) internal pure returns (uint256) {
        return put(offset, flag ? 1 : 0);
    }

    /// A number of either sign, of less than p in size, as its residue.
    function putSigned(uint256 offset, int256 number) internal pure returns (uint256) {
        unchecked {
            return put(offset, uint256(number < 0 ? number + int256(Numbers.FIELD_ORDER) : number));
        }
    }

    /// So many limbs of a number, low first.
    function putLimbs(uint256 offset, uint256 number, uint256 bits)
        internal
        pure
        returns (uint256)
    {
        return _putParts(offset, number, bits, Layout.LIMB_BITS);
    }

    /// Pairs of limbs of a number, low first; an odd last limb alone.
    function putPacked(uint256 offset, uint256 number, uint256 bits)
        internal
        pure
        returns (uint256)
    {
        return _putParts(offset, number, bits, 2 * Layout.LIMB_BITS);
    }

    /// So many digits around zero of a number of either sign, low first; the last one has the rest.
    function putBalanced(uint256 offset, int256 number, uint256 digits)
        internal
        pure
        returns (uint256)
    {
        // Numbers are far from the ends of a word.
        unchecked {
            int256 half = int256(LIMB_END / 2);
            for (uint256 i = 1; i < digits; ++i) {
                int256 digit = int256(uint256(number + half) & (LIMB_END - 1)) - half;
                offset = putSigned(offset, digit);
                number = (number - digit) >> Layout.LIMB_BITS;
            }
            return putSigned(offset, number);
        }
    }

    /// An L1 address: its limbs, low first.
    function putOwner(uint256 offset, address owner) internal pure returns (uint256) {
        return _putParts(offset, uint160(owner), OWNER_BITS, Layout.OWNER_LIMB_BITS);
    }

    /// Words of 32 bits, reduced, and whether none had to be.
    function putWords(uint256 offset, uint32[WORDS] memory words)
        internal
        pure
        returns (uint256 next, bool areElements)
    {
        uint256 order = Numbers.FIELD_ORDER;
        uint256 count = WORDS;
        assembly ("memory-safe") {
            areElements := 1
            next := offset
            let end := add(words, shl(5, count))
            for {} lt(words, end) { words := add(words, 32) } {
                let element := mload(words)
                if iszero(lt(element, order)) {
                    element := mod(element, order)
                    areElements := 0
                }
                let half := or(shl(8, and(element, 0x00ff00ff)), and(shr(8, element), 0x00ff00ff))
                mstore(next, shl(224, or(shl(16, half), shr(16, half))))
                next := add(next, 8)
            }
        }
    }

    /// A digest of 8 elements, which travel as 4 bytes each, little-endian.
    function putDigest(uint256 offset, bytes32 digest) internal pure returns (uint256) {
        bytes32 first = bytes4(type(uint32).max);
        uint256 count = Numbers.DIGEST_LENGTH;
        assembly ("memory-safe") {
            let end := add(offset, shl(3, count))
            for {} lt(offset, end) { offset := add(offset, 8) } {
                mstore(offset, and(digest, first))
                digest := shl(32, digest)
            }
        }
        return offset;
    }

    /// Parts of `width` bits of a number of `bits` bits, low first; the last one has what is left.
    function _putParts(uint256 offset, uint256 number, uint256 bits, uint256 width)
        private
        pure
        returns (uint256)
    {
        unchecked {
            for (uint256 place = 0; place < bits; place += width) {
                offset = put(offset, (number >> place) & ((1 << width) - 1));
            }
        }
        return offset;
    }
}
