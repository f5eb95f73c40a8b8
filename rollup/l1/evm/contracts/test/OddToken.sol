// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Token} from "test/Token.sol";

/// How a token behaves that is not as others are.
enum Manner {
    HONEST,
    SAYS_NOTHING,
    SAYS_NO,
    SAYS_TWO,
    REVERTS,
    MOVES_NOTHING,
    KEEPS_A_PART,
    TAKES_MORE,
    CALLS_BACK
}

/// A token that lies, for tests of what takes and pays it; it asks for no allowance.
contract OddToken is Token {
    address private constant NOBODY = address(1);

    Manner public manner;
    address private target;
    bytes private told;

    /// What became of the last call back.
    bool public wasLet;
    bytes public answer;

    constructor(string memory symbol_, uint8 decimals_) Token(symbol_, decimals_) {}

    /// From now on it behaves so; a call back tells the target so.
    function behave(Manner manner_, address target_, bytes calldata told_) external {
        (manner, target, told) = (manner_, target_, told_);
    }

    function transfer(address to, uint256 amount) external override returns (bool) {
        return moved(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount)
        external
        override
        returns (bool)
    {
        return moved(from, to, amount);
    }

    function moved(address from, address to, uint256 amount) private returns (bool) {
        if (manner == Manner.REVERTS) revert TooLittle(from, amount);
        if (manner == Manner.MOVES_NOTHING) return true;
        if (manner == Manner.CALLS_BACK) (wasLet, answer) = target.call(told);
        if (manner == Manner.TAKES_MORE) move(from, NOBODY, 1);
        if (manner == Manner.KEEPS_A_PART) {
            move(from, NOBODY, 1);
            amount -= 1;
        }
        move(from, to, amount);
        if (manner == Manner.SAYS_NOTHING) say(0, 0);
        if (manner == Manner.SAYS_TWO) say(2, 32);
        return manner != Manner.SAYS_NO;
    }

    /// Return so many bytes of a word, whatever the ABI says.
    function say(uint256 word, uint256 size) private pure {
        assembly ("memory-safe") {
            mstore(0, word)
            return(0, size)
        }
    }
}
