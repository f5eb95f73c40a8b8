// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Leaf, LeafCodec, Position} from "venue/LeafCodec.sol";
import {Numbers} from "venue/Numbers.sol";
import {TypeCodes} from "venue/Reasons.sol";
import {Malformed} from "venue/Types.sol";

/// The state root that has an account: blocks of leaf and header as rollup.protocol.encoding has
/// them, hashed by Poseidon16 up the path (rollup.l1.escape). A digest or block is 32 bytes, eight
/// elements as little-endian words of 4. Malformed for elements that are not canonical.
library LeafRoot {
    uint256 private constant HEADER_BLOCKS = 4;
    /// Header, slots and cash come before the positions.
    uint256 private constant OWN_BLOCKS = 3;
    /// Digests that are compressed in behind the path: markets, and triggers with globals.
    uint256 private constant BESIDE = 2;
    uint256 private constant EVEN_BYTES =
        0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
    uint256 private constant EVEN_PAIRS =
        0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
    uint256 private constant PAIR_MASK = (1 << (2 * Numbers.LIMB_BITS)) - 1;

    /// The root, of a leaf that was read from these bytes.
    function root(address poseidon, bytes calldata data, Leaf memory leaf)
        internal
        view
        returns (bytes32)
    {
        uint256 count = leaf.positions.length;
        uint256 pathAt = LeafCodec.pathAt(count);
        bytes32[] memory words =
            new bytes32[](2 + OWN_BLOCKS + count + Numbers.ACCOUNT_BITS + BESIDE);
        words[0] = elements(
            uint256(TypeCodes.ACCOUNT) << 224 | Numbers.ACCOUNT_LEAF_VERSION << 160
        );
        words[1] = bytes32(leaf.index << (OWN_BLOCKS + count));
        words[2] = header(poseidon, data, leaf.owner);
        words[3] = word(data, LeafCodec.SLOTS_AT);
        words[4] = cashBlock(data, leaf);
        for (uint256 k = 0; k < count; ++k) {
            words[2 + OWN_BLOCKS + k] = positionBlock(leaf.positions[k]);
        }
        uint256 place = 2 + OWN_BLOCKS + count;
        // The path and the digests behind it lie in the data as they are hashed.
        uint256 size = LeafCodec.PATH_BYTES + LeafCodec.BESIDE_BYTES;
        assembly ("memory-safe") {
            calldatacopy(add(add(words, 32), shl(5, place)), add(data.offset, pathAt), size)
        }
        return hashed(poseidon, words);
    }

    /// What the account leaves behind when it escapes: NULLIFIER over index, salt 4, zeros 3.
    function nullifier(address poseidon, bytes calldata data, uint256 index)
        internal
        view
        returns (bytes32)
    {
        bytes32[] memory words = new bytes32[](3);
        words[0] = elements(
            uint256(TypeCodes.NULLIFIER) << 224 | 1 << 192 | Numbers.HASH_VERSION << 160
        );
        bytes32 salt = bytes32(bytes16(word(data, LeafCodec.SALT_AT)));
        words[2] = elements(index << 224) | salt >> 32;
        return hashed(poseidon, words);
    }

    /// Digest of the account's header: owner 6, key 14, scheme 1, viewing 8, zeros 3.
    function header(address poseidon, bytes calldata data, address owner)
        private
        view
        returns (bytes32)
    {
        bytes32[] memory words = new bytes32[](2 + HEADER_BLOCKS);
        words[0] = elements(
            uint256(TypeCodes.HEADER) << 224 | HEADER_BLOCKS << 192 | Numbers.HASH_VERSION << 160
        );
        words[2] = elements(ownerLimbs(owner) << 64) | word(data, LeafCodec.KEY_AT) >> 192;
        words[3] = word(data, LeafCodec.KEY_AT + 8);
        bytes32 scheme = elements(Numbers.SIGNATURE_SCHEME << 96);
        bytes32 viewing = word(data, LeafCodec.VIEWING_AT);
        bytes32 key = word(data, LeafCodec.KEY_AT + 40);
        words[4] = bytes32(bytes16(key)) | scheme | viewing >> 160;
        words[5] = bytes32(bytes20(viewing << 96));
        return hashed(poseidon, words);
    }

    /// Six limbs of 27 bits, the lowest first, 32 bits each.
    function ownerLimbs(address owner) private pure returns (uint256 limbs) {
        uint256 value = uint160(owner);
        for (uint256 k = 0; k < 6; ++k) {
            limbs = limbs << 32 | (value & ((1 << Numbers.OWNER_LIMB_BITS) - 1));
            value >>= Numbers.OWNER_LIMB_BITS;
        }
    }

    /// Cash 3 (biased by 2^63), flags 1, salt 4.
    function cashBlock(bytes calldata data, Leaf memory leaf) private pure returns (bytes32) {
        uint256 cash = uint256(leaf.cash + int256(1 << (Numbers.CASH_BITS - 1)));
        uint256 middle = cash >> (2 * Numbers.LIMB_BITS) & PAIR_MASK;
        uint256 own = (cash & PAIR_MASK) << 96 | middle << 64
            | cash >> (4 * Numbers.LIMB_BITS) << 32 | (leaf.below ? 1 : 0);
        return elements(own << 128) | word(data, LeafCodec.SALT_AT) >> 128;
    }

    /// Market, size 2 (biased by 2^40), trigger, zeros 4.
    function positionBlock(Position memory held) private pure returns (bytes32) {
        uint256 size = uint256(held.size + int256(1 << Numbers.SIZE_BITS));
        uint256 own = held.market << 96 | (size & PAIR_MASK) << 64
            | size >> (2 * Numbers.LIMB_BITS) << 32 | held.trigger;
        return elements(own << 128);
    }

    /// Eight numbers of 32 bits, the first highest, as little-endian words.
    function elements(uint256 value) private pure returns (bytes32) {
        value = (value & EVEN_BYTES) << 8 | (value >> 8 & EVEN_BYTES);
        return bytes32((value & EVEN_PAIRS) << 16 | (value >> 16 & EVEN_PAIRS));
    }

    function word(bytes calldata data, uint256 offset) private pure returns (bytes32 value) {
        assembly ("memory-safe") {
            value := calldataload(add(data.offset, offset))
        }
    }

    /// What Poseidon16 makes of a digest, bits, and digests.
    function hashed(address poseidon, bytes32[] memory words) private view returns (bytes32 digest) {
        bool isHashed;
        assembly ("memory-safe") {
            isHashed := staticcall(gas(), poseidon, add(words, 32), shl(5, mload(words)), 0, 32)
            isHashed := and(isHashed, eq(returndatasize(), 32))
            digest := mload(0)
        }
        if (!isHashed) revert Malformed();
    }
}
