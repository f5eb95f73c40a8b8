// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Links} from "outpost/Links.sol";
import {Numbers, Tags} from "venue/Numbers.sol";
import {Malformed} from "venue/Types.sol";

/// What a committee says to an outpost (rollup.protocol.checkpoint), read from its bytes.
library Said {
    /// rollup.protocol.checkpoint.Checkpoint, without whose it is.
    struct Checkpoint {
        uint256 number;
        bytes32 root;
        uint256 sent;
        bytes32 head;
        uint256 taken;
        bool closed;
    }

    uint256 private constant TAG_BYTES = 20;
    uint256 private constant LINK_AT = TAG_BYTES;
    uint256 private constant NUMBER_AT = LINK_AT + Links.LINK_BYTES;
    uint256 private constant ROOT_AT = NUMBER_AT + 8;
    uint256 private constant SENT_AT = ROOT_AT + 32;
    uint256 private constant HEAD_AT = SENT_AT + 8;
    uint256 private constant TAKEN_AT = HEAD_AT + 32;
    uint256 private constant CLOSED_AT = TAKEN_AT + 8;
    uint256 private constant BYTES = CLOSED_AT + 8;

    /// The checkpoint in these bytes, and whether it is said to `link`. Malformed for other bytes.
    function checkpoint(bytes calldata data, bytes memory link)
        internal
        pure
        returns (bool isOurs, Checkpoint memory said)
    {
        if (data.length != BYTES || bytes20(data[:TAG_BYTES]) != Tags.CHECKPOINT) {
            revert Malformed();
        }
        isOurs = keccak256(data[LINK_AT:NUMBER_AT]) == keccak256(link);
        said.number = Links.number(data, NUMBER_AT);
        said.root = bytes32(data[ROOT_AT:SENT_AT]);
        said.sent = Links.number(data, SENT_AT);
        said.head = bytes32(data[HEAD_AT:TAKEN_AT]);
        said.taken = Links.number(data, TAKEN_AT);
        uint256 closed = Links.number(data, CLOSED_AT);
        said.closed = closed == 1;
        bool isCounted = said.number >> Numbers.NUMBER_BITS == 0
            && said.sent < Numbers.ENTRY_END && said.taken < Numbers.ENTRY_END && closed < 2;
        if (!isCounted) revert Malformed();
    }
}
