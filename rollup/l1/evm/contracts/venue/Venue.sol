// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Elsewhere} from "venue/Elsewhere.sol";
import {Exits} from "venue/Exits.sol";
import {Given} from "venue/Given.sol";
import {Headers} from "venue/Headers.sol";
import {Money} from "venue/Money.sol";
import {Schedule} from "venue/Schedule.sol";

/// What a batch of one shape class is proved by: the contract whose word is taken (0: none), what of
/// the pins a fact is made of, and `fault`, the place in Revert of why that contract is not for what
/// is pinned, or Pinned.NONE. A verifier's pins never change, so that they are compared once.
struct PinnedFacts {
    address facts;
    bool isPinned;
    uint8 fault;
    bytes32 circuit;
    bytes32 fixedRoot;
    bytes32 parameters;
}

/// All that the contract stores (rollup.l1.state.ContractState); `book` is the digest of the market
/// book that the last proved batch left.
struct Venue {
    Money money;
    Headers.Store headers;
    Schedule.Store schedule;
    Given.Store given;
    mapping(bytes8 shapeClass => PinnedFacts) classes;
    bytes32 book;
    Exits.Store exits;
    Elsewhere.Store elsewhere;
}
