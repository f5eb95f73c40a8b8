// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PriceKind} from "venue/Pricing.sol";
import {Pricing} from "venue/Pricing.sol";
import {Reports} from "venue/Reports.sol";
import {Said} from "venue/Reports.sol";
import {Governance} from "venue/Types.sol";
import {Oracle} from "venue/Types.sol";
import {PublicInput} from "venue/Types.sol";
import {Report} from "venue/Types.sol";

/// Reports and Pricing as tests call them.
contract PricingProbe {
    function read(bytes calldata data) external pure returns (Report[] memory, bool) {
        return Reports.read(data);
    }

    function judged(Governance memory governance, int256 slot, bytes calldata data)
        external
        pure
        returns (uint256[] memory, address[] memory)
    {
        (Report[] memory reports,) = Reports.read(data);
        return Reports.judgedTogether(governance, slot, reports);
    }

    function said(Oracle memory oracle, bytes calldata data)
        external
        pure
        returns (Said[] memory)
    {
        (Report[] memory reports,) = Reports.read(data);
        return Reports.said(oracle, reports);
    }

    function slotOf(Oracle memory oracle, uint256 time) external pure returns (int256) {
        return Reports.slotOf(oracle, time);
    }

    function lowerMedian(uint256[] memory values) external pure returns (uint256) {
        return Reports.lowerMedian(values);
    }

    function stepRange(uint256 before, uint256 step) external pure returns (uint256, uint256) {
        return Pricing.stepRange(before, step);
    }

    function ticks(uint256 value, uint256 feedDecimals, uint256 priceDecimals)
        external
        pure
        returns (uint256)
    {
        return Pricing.ticks(value, feedDecimals, priceDecimals);
    }

    /// Prices and kinds of all listed markets after the reports of a batch.
    function priced(PublicInput memory batch)
        external
        pure
        returns (uint256[] memory prices, PriceKind[] memory kinds)
    {
        Said[] memory found = Pricing.reported(batch);
        prices = new uint256[](found.length);
        kinds = new PriceKind[](found.length);
        for (uint256 market = 0; market < found.length; ++market) {
            (prices[market], kinds[market]) = Pricing.priceIn(
                batch.governance, batch.bookBefore, market, found[market]
            );
        }
    }

    function requirePriced(PublicInput memory batch) external pure {
        Pricing.requirePriced(batch);
    }
}
