// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {GovernanceBounds} from "venue/GovernanceBounds.sol";
import {GovernanceReader} from "venue/GovernanceReader.sol";
import {Reverted, Reverts} from "venue/Reasons.sol";
import {Governance, Market} from "venue/Types.sol";

/// Parameters out of their canonical bytes, held to every bound, and whether a state can go on
/// under them (rollup.protocol.governance_codec, rollup.protocol.continuing).
library GovernanceCodec {
    /// The parameters in these bytes. GOVERNANCE_UNSAFE unless they are canonical and keep every
    /// bound: what `governance_from_bytes` refuses, for whatever reason.
    function decode(bytes calldata data) external pure returns (Governance memory found) {
        return safe(data);
    }

    function safe(bytes memory data) internal pure returns (Governance memory found) {
        bool fits;
        (fits, found) = GovernanceReader.read(data);
        if (!fits || !GovernanceBounds.areKept(found)) {
            revert Reverted(Reverts.GOVERNANCE_UNSAFE);
        }
    }

    /// GOVERNANCE_CHANGED unless a state under `before` can go on under `next`: what of a market
    /// may change is said in rollup.protocol.continuing.
    function requireContinues(Governance memory before, Governance memory next) internal pure {
        bool goesOn = next.feeAccount == before.feeAccount
            && next.backstopAccount == before.backstopAccount
            && next.markets.length >= before.markets.length;
        for (uint256 i = 0; goesOn && i < before.markets.length; ++i) {
            (uint256 old, uint256 step) = (before.oracle.feeds[i].step, next.oracle.feeds[i].step);
            goesOn = _marketGoesOn(before.markets[i], next.markets[i], old < step ? old : step);
        }
        if (!goesOn) revert Reverted(Reverts.GOVERNANCE_CHANGED);
    }

    /// Its name, kind, scale and bucket stay, and that it is delisted; its maintenance moves by the
    /// narrower step of both at most, and so do both haircuts of an asset.
    function _marketGoesOn(Market memory before, Market memory next, uint256 step)
        private
        pure
        returns (bool)
    {
        bool isSame = before.symbol == next.symbol && before.kind == next.kind
            && before.priceDecimals == next.priceDecimals
            && before.sizeDecimals == next.sizeDecimals && before.bucket == next.bucket;
        if (!isSame || (before.delisted && !next.delisted)) return false;
        if (_distance(before.maintenanceFraction, next.maintenanceFraction) > step) return false;
        return !GovernanceBounds.isAsset(before)
            || _distance(before.initialFraction, next.initialFraction) <= step;
    }

    function _distance(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? b - a : a - b;
    }
}
