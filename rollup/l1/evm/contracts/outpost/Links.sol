// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Numbers, Tags} from "venue/Numbers.sol";
import {Reverted, Reverts} from "venue/Reasons.sol";
import {Malformed} from "venue/Types.sol";

/// What a home and its outpost both keep: who the two are, and the hash chains between them
/// (rollup.protocol.checkpoint). Numbers are 8 bytes, big-endian.
library Links {
    uint256 internal constant LINK_BYTES = 44;
    /// index, owner, account, asset, amount.
    uint256 internal constant INBOX_BYTES = 52;
    /// index, owner, asset, amount.
    uint256 internal constant OUTBOX_BYTES = 44;
    uint256 internal constant OWNER_AT = 8;

    /// The bytes of rollup.protocol.checkpoint.Link.
    function encode(uint256 home, uint256 venue, uint256 chain, address outpost)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodePacked(uint64(home), uint64(venue), uint64(chain), outpost);
    }

    function inboxStart(bytes memory link) internal pure returns (bytes32) {
        return keccak256(bytes.concat(Tags.INBOX, link));
    }

    function outboxStart(bytes memory link) internal pure returns (bytes32) {
        return keccak256(bytes.concat(Tags.OUTBOX, link));
    }

    /// The chain after one more entry.
    function extended(bytes32 head, bytes memory entry) internal pure returns (bytes32) {
        return keccak256(bytes.concat(head, entry));
    }

    /// The chain after these entries of `size` bytes each, which come on top of `count`, and how
    /// many they are. ENTRIES_DIFFER where one is out of its place or there are too many, Malformed
    /// for a part of one.
    function follow(bytes32 head, uint256 count, bytes calldata entries, uint256 size)
        internal
        pure
        returns (bytes32, uint256 brought)
    {
        if (entries.length % size != 0) revert Malformed();
        brought = entries.length / size;
        bool follows = brought <= Numbers.ENTRIES_MAX && count + brought < Numbers.ENTRY_END;
        for (uint256 k = 0; follows && k < brought; ++k) {
            bytes calldata entry = entries[k * size:(k + 1) * size];
            follows = number(entry, 0) == count + k;
            head = extended(head, entry);
        }
        if (!follows) revert Reverted(Reverts.ENTRIES_DIFFER);
        return (head, brought);
    }

    function number(bytes calldata data, uint256 place) internal pure returns (uint256) {
        return uint64(bytes8(data[place:place + 8]));
    }

    function owner(bytes calldata entry) internal pure returns (address) {
        return address(bytes20(entry[OWNER_AT:OWNER_AT + 20]));
    }
}
