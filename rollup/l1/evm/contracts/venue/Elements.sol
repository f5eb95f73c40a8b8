// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Layout} from "venue/Layout.sol";

/// Field elements in memory as a transcript absorbs them: 8 bytes each, little-endian. Numbers are
/// below 2^32. Each function writes from `offset` on and returns where the next element goes; what
/// it writes with the last one are 24 zeros behind it, which must be free.
library Elements {
    uint256 internal constant BYTES = 8;
    uint256 internal constant SLACK = 32 - BYTES;

    uint256 private constant LIMB_END = 1 << Layout.LIMB_BITS;
    uint256 private constant PAIR_BITS = 2 * Layout.LIMB_BITS;
    uint256 private constant PAIR_END = 1 << PAIR_BITS;
    uint256 private constant OWNER_BITS = 160;
    uint256 private constant WORDS = 8;

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

    /// A number of either sign, of less than the modulus in size, as its residue.
    function putSigned(uint256 offset, int256 number) internal pure returns (uint256) {
        return put(offset, uint256(number < 0 ? number + int256(Layout.MODULUS) : number));
    }

    /// So many limbs of a number, low first.
    function putLimbs(uint256 offset, uint256 number, uint256 bits)
        internal
        pure
        returns (uint256)
    {
        for (uint256 place = 0; place < bits; place += Layout.LIMB_BITS) {
            offset = put(offset, (number >> place) % LIMB_END);
        }
        return offset;
    }

    /// Pairs of limbs of a number, low first; an odd last limb alone.
    function putPacked(uint256 offset, uint256 number, uint256 bits)
        internal
        pure
        returns (uint256)
    {
        for (uint256 place = 0; place < bits; place += PAIR_BITS) {
            offset = put(offset, (number >> place) % PAIR_END);
        }
        return offset;
    }

    /// So many digits around zero of a number of either sign, low first; the last one has the rest.
    function putBalanced(uint256 offset, int256 number, uint256 digits)
        internal
        pure
        returns (uint256)
    {
        int256 half = int256(LIMB_END / 2);
        for (uint256 i = 1; i < digits; ++i) {
            int256 digit = int256(uint256(number + half) & (LIMB_END - 1)) - half;
            offset = putSigned(offset, digit);
            number = (number - digit) >> Layout.LIMB_BITS;
        }
        return putSigned(offset, number);
    }

    /// An L1 address: its limbs, low first.
    function putOwner(uint256 offset, address owner) internal pure returns (uint256) {
        uint256 number = uint160(owner);
        for (uint256 place = 0; place < OWNER_BITS; place += Layout.OWNER_LIMB_BITS) {
            offset = put(offset, (number >> place) % (1 << Layout.OWNER_LIMB_BITS));
        }
        return offset;
    }

    /// A digest of 8 elements, which travel as 4 bytes each, little-endian.
    function putDigest(uint256 offset, bytes32 digest) internal pure returns (uint256) {
        for (uint256 i = 0; i < WORDS; ++i) {
            bytes4 word = bytes4(digest << (32 * i));
            assembly ("memory-safe") {
                mstore(offset, word)
                offset := add(offset, 8)
            }
        }
        return offset;
    }

    /// Whether each of its 8 words is an element in its one form.
    function isDigest(bytes32 digest) internal pure returns (bool) {
        for (uint256 i = 0; i < WORDS; ++i) {
            uint256 word = uint32(bytes4(digest << (32 * i)));
            uint256 half = ((word & 0x00ff00ff) << 8) | ((word >> 8) & 0x00ff00ff);
            if ((((half & 0xffff) << 16) | (half >> 16)) >= Layout.MODULUS) return false;
        }
        return true;
    }
}
