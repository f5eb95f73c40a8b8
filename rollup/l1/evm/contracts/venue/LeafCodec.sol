// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Numbers, Tags} from "venue/Numbers.sol";
import {Malformed} from "venue/Types.sol";

/// A position in an account's leaf: lots of either sign, and its trigger.
struct Position {
    uint256 market;
    int256 size;
    uint256 trigger;
}

/// Of an opened account what is computed with; all else is hashed as it came.
struct Leaf {
    uint256 index;
    address owner;
    int256 cash;
    bool below;
    Position[] positions;
}

/// The canonical bytes of rollup.l1.escape.LeafOpening. Numbers are 8 bytes, big-endian, in two's
/// complement; field elements little-endian words of 4, which are asked for their bounds where they
/// are hashed (venue/LeafRoot.sol):
///
///     tag (16) || index || owner (20) || key (56) || viewing (32) || slots (32) || cash || below
///     || salt (16) || count || (market || size || trigger) ... || path (30 x 32)
///     || markets (32) || triggers and globals (32)
library LeafCodec {
    uint256 internal constant INDEX_AT = 16;
    uint256 internal constant OWNER_AT = INDEX_AT + 8;
    uint256 internal constant KEY_AT = OWNER_AT + Numbers.OWNER_BYTES;
    uint256 internal constant VIEWING_AT = KEY_AT + 8 * Numbers.SEPTIC_LENGTH;
    uint256 internal constant SLOTS_AT = VIEWING_AT + 32;
    uint256 internal constant CASH_AT = SLOTS_AT + 32;
    uint256 internal constant BELOW_AT = CASH_AT + 8;
    uint256 internal constant SALT_AT = BELOW_AT + 8;
    uint256 internal constant COUNT_AT = SALT_AT + 4 * Numbers.SALT_LENGTH;
    uint256 internal constant POSITIONS_AT = COUNT_AT + 8;
    uint256 internal constant POSITION_BYTES = 24;
    uint256 internal constant PATH_BYTES = 32 * Numbers.ACCOUNT_BITS;
    uint256 internal constant BESIDE_BYTES = 2 * 32;

    /// The account in these bytes. Malformed for any that are not canonical: another length or tag,
    /// an index of more than 30 bits, positions that do not rise or hold nothing, numbers that no
    /// account has.
    function read(bytes calldata data) internal pure returns (Leaf memory leaf) {
        if (data.length < POSITIONS_AT || bytes16(data[:INDEX_AT]) != Tags.LEAF) revert Malformed();
        uint256 count = number(data, COUNT_AT);
        if (count > Numbers.MARKETS_MAX || data.length != pathAt(count) + PATH_BYTES + BESIDE_BYTES)
        {
            revert Malformed();
        }
        leaf.index = number(data, INDEX_AT);
        leaf.owner = address(bytes20(data[OWNER_AT:KEY_AT]));
        leaf.cash = signed(data, CASH_AT);
        uint256 below = number(data, BELOW_AT);
        if (leaf.index >> Numbers.ACCOUNT_BITS != 0 || below > 1) revert Malformed();
        leaf.below = below == 1;
        leaf.positions = new Position[](count);
        uint256 least = 0;
        for (uint256 k = 0; k < count; ++k) {
            Position memory held = leaf.positions[k];
            readPosition(data, POSITIONS_AT + k * POSITION_BYTES, least, held);
            least = held.market + 1;
        }
    }

    /// Where the path of a leaf of so many positions begins.
    function pathAt(uint256 count) internal pure returns (uint256) {
        return POSITIONS_AT + count * POSITION_BYTES;
    }

    /// 8 bytes of the data, which has them.
    function number(bytes calldata data, uint256 offset) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(192, calldataload(add(data.offset, offset)))
        }
    }

    /// The same, of either sign.
    function signed(bytes calldata data, uint256 offset) internal pure returns (int256 value) {
        assembly ("memory-safe") {
            value := sar(192, calldataload(add(data.offset, offset)))
        }
    }

    function readPosition(bytes calldata data, uint256 offset, uint256 least, Position memory held)
        private
        pure
    {
        held.market = number(data, offset);
        held.size = signed(data, offset + 8);
        held.trigger = number(data, offset + 16);
        int256 limit = int256(1 << Numbers.SIZE_BITS);
        bool isHeld = held.market >= least && held.market >> Numbers.MARKET_BITS == 0
            && held.trigger >> Numbers.BUCKET_NUMBER_BITS == 0 && held.size != 0
            && held.size >= -limit && held.size < limit;
        if (!isHeld) revert Malformed();
    }
}
