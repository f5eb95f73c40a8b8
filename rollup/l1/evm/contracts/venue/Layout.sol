// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// Written by circuits/evm/layout.py; `make contracts` writes it anew.

/// How the statement of a batch is laid out: buses and widths of messages, limbs and digits.
library Layout {
    uint256 internal constant PUBLICS_WIDTH = 50;
    uint256 internal constant LIMB_BITS = 13;
    uint256 internal constant OWNER_LIMB_BITS = 27;
    uint256 internal constant DIGITS = 3;
    uint256 internal constant BUCKET_DIGITS = 2;
    uint256 internal constant RATE_DIGITS = 2;
    uint256 internal constant EXIT_PUBLICS_WIDTH = 22;
    uint256 internal constant EXIT_AMOUNT_BITS = 78;
    uint256 internal constant DEPOSIT_BUS = 14;
    uint256 internal constant DEPOSIT_WIDTH = 39;
    uint256 internal constant MARKET_BUS = 17;
    uint256 internal constant MARKET_WIDTH = 76;
    uint256 internal constant PAYOUT_BUS = 28;
    uint256 internal constant PAYOUT_WIDTH = 10;
    uint256 internal constant PRICE_BUS = 64;
    uint256 internal constant PRICE_WIDTH = 4;
    bytes14 internal constant FACT_TAG = "crypsis-fact-1";
}
