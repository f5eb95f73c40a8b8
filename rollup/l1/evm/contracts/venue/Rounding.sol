// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// Quotients rounded as the rules round them. `divisor` is above 0.
library Rounding {
    /// Rounded down, also below zero, where the machine's own division rounds towards it.
    function down(int256 dividend, int256 divisor) internal pure returns (int256 quotient) {
        quotient = dividend / divisor;
        if (quotient * divisor > dividend) --quotient;
    }

    /// Rounded up.
    function up(uint256 dividend, uint256 divisor) internal pure returns (uint256) {
        return (dividend + divisor - 1) / divisor;
    }
}
