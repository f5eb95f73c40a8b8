// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DepositOutcomes, EntryKinds, MarketKinds} from "venue/Reasons.sol";
import {Deposit, EstateTaken, Governance, PublicInput, Withdrawal} from "venue/Types.sol";

/// What a batch moves of USDC and of each asset: the sums of rollup.protocol.public.PublicInput. A
/// mark of 0 is USDC, one of n + 1 the asset of market n (rollup.protocol.assets).
library Totals {
    uint256 internal constant USDC = 0;

    /// Whether the venue keeps what a mark is of: USDC, or an asset that is listed.
    function isKnown(Governance memory governance, uint256 mark) internal pure returns (bool) {
        return mark == USDC || isAsset(governance, mark);
    }

    /// Whether it is the mark of a listed asset.
    function isAsset(Governance memory governance, uint256 mark) internal pure returns (bool) {
        return 0 < mark && mark <= governance.markets.length
            && governance.markets[mark - 1].kind == MarketKinds.ASSET;
    }

    /// What was credited of USDC or of an asset. An exit brings nothing.
    function creditedOf(PublicInput memory batch, uint256 mark)
        internal
        pure
        returns (uint256 sum)
    {
        for (uint256 i = 0; i < batch.deposits.length; ++i) {
            Deposit memory each = batch.deposits[i];
            bool isCredited =
                each.outcome == DepositOutcomes.CREDITED && each.entry.kind != EntryKinds.EXIT;
            if (isCredited && each.entry.asset == mark) sum += each.entry.amount;
        }
    }

    /// What was withdrawn of USDC or of an asset, and paid to exits.
    function withdrawnOf(PublicInput memory batch, uint256 mark)
        internal
        pure
        returns (uint256 sum)
    {
        for (uint256 i = 0; i < batch.withdrawals.length; ++i) {
            Withdrawal memory each = batch.withdrawals[i];
            if (each.asset == mark) sum += each.amount;
        }
        for (uint256 i = 0; mark == USDC && i < batch.deposits.length; ++i) {
            if (isPaidExit(batch.deposits[i])) sum += batch.deposits[i].entry.amount;
        }
    }

    /// Whether an entry is an exit that the batch pays: of USDC always.
    function isPaidExit(Deposit memory deposit) internal pure returns (bool) {
        return deposit.entry.kind == EntryKinds.EXIT && deposit.outcome == DepositOutcomes.CREDITED;
    }

    /// Lots of an asset that the estate takes.
    function takenOf(PublicInput memory batch, uint256 mark) internal pure returns (uint256 sum) {
        for (uint256 i = 0; i < batch.estate.length; ++i) {
            EstateTaken memory each = batch.estate[i];
            if (each.asset == mark) sum += each.lots;
        }
    }

    /// The same of every market, in their order.
    function taken(PublicInput memory batch) internal pure returns (uint256[] memory lots) {
        lots = new uint256[](batch.governance.markets.length);
        for (uint256 i = 0; i < batch.estate.length; ++i) {
            lots[batch.estate[i].asset - 1] = batch.estate[i].lots;
        }
    }

    /// What it credits for all of them, in quanta: the price of each.
    function estatePaid(PublicInput memory batch) internal pure returns (uint256 sum) {
        for (uint256 i = 0; i < batch.estate.length; ++i) {
            sum += batch.estate[i].lots * batch.prices[batch.estate[i].asset - 1];
        }
    }

    /// USDC under custody before the batch, in quanta: from 0 to 2^64 - 1 of a batch that
    /// PublicCodec has read.
    function before(PublicInput memory batch) internal pure returns (int256) {
        return int256(batch.total + withdrawnOf(batch, USDC))
            - int256(creditedOf(batch, USDC) + estatePaid(batch));
    }

    /// By how many lots the custody of each market's asset grows; 0 of a perpetual.
    function custodyChanges(PublicInput memory batch)
        internal
        pure
        returns (int256[] memory changes)
    {
        changes = new int256[](batch.governance.markets.length);
        for (uint256 i = 0; i < batch.deposits.length; ++i) {
            Deposit memory each = batch.deposits[i];
            if (each.outcome == DepositOutcomes.CREDITED) {
                _add(changes, batch.governance, each.entry.asset, int256(each.entry.amount));
            }
        }
        for (uint256 i = 0; i < batch.withdrawals.length; ++i) {
            Withdrawal memory each = batch.withdrawals[i];
            _add(changes, batch.governance, each.asset, -int256(each.amount));
        }
        for (uint256 i = 0; i < batch.estate.length; ++i) {
            EstateTaken memory each = batch.estate[i];
            _add(changes, batch.governance, each.asset, -int256(each.lots));
        }
    }

    function _add(
        int256[] memory changes,
        Governance memory governance,
        uint256 mark,
        int256 lots
    ) private pure {
        if (isAsset(governance, mark)) changes[mark - 1] += lots;
    }
}
