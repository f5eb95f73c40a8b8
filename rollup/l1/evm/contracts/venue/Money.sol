// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Estate} from "venue/Estate.sol";
import {Queue} from "venue/Queue.sol";
import {Vault} from "venue/Vault.sol";

/// All that the contract stores of money: who wants to bring it, where it is, and what of it is for
/// sale.
struct Money {
    Queue.Store queue;
    Vault.Store vault;
    Estate.Store estate;
}
