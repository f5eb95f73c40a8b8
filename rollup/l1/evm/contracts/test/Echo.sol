// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// Says back what it is told, and reverts with a number: what the machines are tested with.
contract Echo {
    error Refused(uint8 reason);
    event Heard(bytes32 indexed word, uint256 time);

    function say(bytes32 word) external returns (bytes32) {
        emit Heard(word, block.timestamp);
        return word;
    }

    function refuse(uint8 reason) external pure {
        revert Refused(reason);
    }
}
