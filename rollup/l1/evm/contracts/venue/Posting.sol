// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Venue} from "venue/Venue.sol";

library Posting {
    struct Rules {
        uint256 chain;
        uint256 venue;
        uint256 time;
    }

    function post(
        Venue storage venue,
        Rules calldata rules,
        bytes calldata publicInput,
        bytes calldata governance,
        bytes calldata book,
        bytes calldata reports
    ) external {
    }
}
